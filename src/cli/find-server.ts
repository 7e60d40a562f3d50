/**
 * Finds the server and the right to speak to it. Flags win over the environment, the environment over what the local
 * server left in its data directory: `server.json` with its address, `admin.token` with the administrator's token.
 * That token is only ever sent to the server whose data directory it lies in.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { NotConnected, UsageError } from './failures.ts';

export interface ConnectionFlags {
  dataDir?: string;
  server?: string;
  token?: string;
}
type Env = Record<string, string | undefined>;

export interface ServerRecord {
  url: string;
  pid: number;
  startedAt: string;
}

export interface Connection {
  dataDir: string;
  url: string;
  /** Undefined where none is known; the server then refuses what needs one. */
  token: string | undefined;
  /** What `server.json` says, if there is one. */
  local: ServerRecord | null;
}

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

export function dataDirectory(flags: ConnectionFlags, env: Env): string {
  const named = given(flags.dataDir) ?? given(env['MC_DATA_DIR']);
  if (named !== undefined) return resolve(named);
  const base = given(env['XDG_DATA_HOME']) ?? join(given(env['HOME']) ?? homedir(), '.local/share');
  return join(base, 'mission-control');
}

/** Reads a file that may be absent; null then. Anything else that goes wrong is told, never taken for absence. */
function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new NotConnected(
      `Cannot read ${file}: ${code ?? String(error)}.`,
      'run mctl as the user that runs the server, or give --server and --token.',
    );
  }
}

export function readServerRecord(dataDir: string): ServerRecord | null {
  const text = readIfThere(join(dataDir, 'server.json'));
  if (text === null) return null;
  try {
    const record = JSON.parse(text) as ServerRecord;
    if (typeof record.url === 'string' && URL.canParse(record.url)) return record;
  } catch {
    // Falls through: half-written or foreign, which is the same to the reader.
  }
  throw new NotConnected(
    `${join(dataDir, 'server.json')} does not name a server.`,
    'restart the server, which writes it anew, or give --server.',
  );
}

export function findServer(flags: ConnectionFlags, env: Env): Connection {
  const dataDir = dataDirectory(flags, env);
  const named = given(flags.server) ?? given(env['MC_URL']);
  if (named !== undefined && !/^https?:$/.test(URL.canParse(named) ? new URL(named).protocol : '')) {
    throw new UsageError(`"${named}" is not the address of a server.`, 'write it like http://127.0.0.1:4831');
  }
  const local = named === undefined ? readServerRecord(dataDir) : quietly(() => readServerRecord(dataDir));
  const url = named ?? local?.url;
  if (url === undefined) {
    throw new NotConnected(
      `No Mission Control is known: ${join(dataDir, 'server.json')} does not exist.`,
      'start it with `npm start`, or name its data directory with --data-dir, or its address with --server.',
    );
  }
  const token = given(flags.token) ?? given(env['MC_ADMIN_TOKEN']) ?? tokenFromFile(env);
  if (token !== undefined) return { dataDir, url, token, local };
  const isLocal = local !== null && new URL(local.url).origin === new URL(url).origin;
  const kept = isLocal ? readIfThere(join(dataDir, 'admin.token'))?.trim() : undefined;
  return { dataDir, url, token: given(kept), local };
}

function tokenFromFile(env: Env): string | undefined {
  const file = given(env['MC_ADMIN_TOKEN_FILE']);
  if (file === undefined) return undefined;
  const token = readIfThere(file);
  if (token === null) {
    throw new UsageError(`MC_ADMIN_TOKEN_FILE names ${file}, which does not exist.`);
  }
  return given(token.trim());
}

function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
