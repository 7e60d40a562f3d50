#!/usr/bin/env node
/**
 * The server's process: settings, data directory, store, signals, and the local runner beside it. The first line on
 * standard output is one JSON object with the address; all else goes to standard error.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import pino from 'pino';
import { DataDirLocked, lockDataDir, prepareDataDir, secretFile, writeFileAtomically } from './data-dir.ts';
import { isRefusal } from './domain/refusal.ts';
import { type Failpoint, readFailpoint } from './failpoint.ts';
import { keepLocalRunner } from './local-runner.ts';
import { refuseMoved } from './moved.ts';
import { startServer } from './server.ts';
import { createSignInCode, createToken, makeSecret } from './services/access.ts';
import { type Caller, type Deps } from './services/deps.ts';
import { DISPATCH_LEASE } from './services/dispatching.ts';
import { type Settings, SettingsError, readSettings } from './settings.ts';
import { RESTORED, type Store } from './store/port.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import { StoreDamaged } from './store/store-errors.ts';
import type { Role } from './domain/words.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

const wantedLevel = process.env['MC_LOG_LEVEL'] ?? 'info';
const isLevel = wantedLevel === 'silent' || wantedLevel in pino.levels.values;
const logger = pino(
  { level: isLevel ? wantedLevel : 'info', redact: ['*.token', '*.authorization', '*.cookie'] },
  pino.destination({ fd: 2, sync: true }),
);
const log = (level: 'info' | 'error', message: string, facts: object = {}): void =>
  logger[level](facts, message);

/**
 * Of what ten thousand tickets leave in memory nearly all is garbage that nobody has looked at: left alone, the heap may grow
 * to four times of what lives in it before that happens. A fifth is enough, and costs less than can be measured.
 */
const HEAP_MAY_GROW_PERCENT = 20;

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_MAY_GROW_PERCENT}`);
  if (!isLevel) {
    const levels = ['silent', ...Object.keys(pino.levels.values)].join(', ');
    throw new SettingsError(`MC_LOG_LEVEL: ${JSON.stringify(wantedLevel)} should be one of ${levels}`);
  }
  const settings = readSettings(process.argv.slice(2), process.env, process.cwd());
  // Whatever this process writes is for its user alone.
  process.umask(0o077);
  // A child must not inherit the administrator's token.
  delete process.env['MC_ADMIN_TOKEN'];
  // Nor the database's password.
  delete process.env['MC_DATABASE_URL'];
  prepareDataDir(settings.dataDir);
  const unlock = lockDataDir(settings.dataDir);
  try {
    await serve(settings, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function serve(settings: Settings, unlock: () => void): Promise<void> {
  const { dataDir } = settings;
  const serverFile = join(dataDir, 'server.json');
  settings.port = settings.port === 0 ? await previousPort(serverFile, settings.host) : settings.port;
  const store = await openStore(settings);
  const id = `srv_${randomUUID().replaceAll('-', '')}`;
  await dropLeftLease(store, settings, id);
  const server = await startServer({
    id,
    store,
    settings,
    version,
    root,
    webRoot: join(root, 'dist', 'web'),
    log,
  });
  const { deps, url } = server;

  const adminSecret =
    settings.adminToken ??
    (settings.adminTokenFile === null
      ? secretFile(join(dataDir, 'admin.token'), () => makeSecret('admin'))
      : readFileSync(settings.adminTokenFile, 'utf8').trim());
  await ensureToken(deps, adminSecret, 'admin', 'admin');
  await ensureToken(
    deps,
    secretFile(join(dataDir, 'runner.token'), () => makeSecret('runner')),
    'runner',
    'local-runner',
  );

  writeFileAtomically(
    serverFile,
    `${JSON.stringify({ url, pid: process.pid, startedAt: new Date().toISOString() })}\n`,
  );
  process.stdout.write(`${JSON.stringify({ event: 'listening', url, pid: process.pid })}\n`);
  const { code } = await createSignInCode(deps, { id: 'tok_installation', role: 'admin', name: 'admin' });
  process.stderr.write(
    `\n  Mission Control is at ${url}\n  Sign in (once, within 15 minutes): ${url}/sign-in#${code}\n  A new link at any time: npx mctl sign-in\n\n`,
  );

  const runner = settings.runner === 'local' ? keepLocalRunner({ root, settings, log }) : null;
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log('info', `${signal}: no new claims; open requests finish`);
    const DRAIN_MS = 9000;
    const forced = setTimeout(() => {
      log('error', 'draining took too long; the server ends now');
      unlock();
      process.exit(0);
    }, DRAIN_MS);
    runner?.stop();
    server
      .stop()
      .catch((error: unknown) => log('error', 'the server did not stop cleanly', { error: String(error) }))
      .finally(() => {
        clearTimeout(forced);
        unlock();
        process.exit(0);
      });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

async function openStore({ dataDir, databaseUrl }: Settings): Promise<Store> {
  if (databaseUrl !== null) {
    // Loaded only here: an installation on SQLite carries no driver for PostgreSQL in memory.
    const { openPostgresStore } = await import('./store/postgres/postgres-store.ts');
    return openPostgresStore({ url: databaseUrl, onCommit: failpoint() }).catch((error: unknown) => {
      throw new SettingsError(
        `MC_DATABASE_URL: the database cannot be used: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
  }
  refuseMoved(dataDir);
  return openSqliteStore({ path: join(dataDir, 'mission-control.db'), onCommit: failpoint() });
}

/**
 * The lock on the data directory proves that the server that ran on it before is gone, and holds no lease any more. A
 * database that is shared may have been left to another server since; the embedded one may not.
 */
async function dropLeftLease(store: Store, settings: Settings, id: string): Promise<void> {
  const file = join(settings.dataDir, 'server.id');
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  const left = await store.readLease(DISPATCH_LEASE);
  if (left && left.holder !== RESTORED && (settings.databaseUrl === null || left.holder === before))
    await store.dropLease(DISPATCH_LEASE, left.holder);
  writeFileAtomically(file, `${id}\n`);
}

/** Only for tests that ask for it; what this process starts does not inherit it. */
function failpoint(): Failpoint | undefined {
  const setting = process.env['MC_FAILPOINT'];
  if (setting === undefined) return undefined;
  delete process.env['MC_FAILPOINT'];
  log('error', 'MC_FAILPOINT is set: this server will end itself, as tests want it', { setting });
  try {
    return readFailpoint(setting);
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function ensureToken(deps: Deps, secret: string, role: Role, name: string): Promise<void> {
  if (await deps.store.credential(deps.sha256(secret))) return;
  const caller: Caller = { actor: { kind: 'control_plane', id: 'installation' } };
  const issued = await createToken(deps, caller, { role, name, expiresAt: null, secret });
  if (isRefusal(issued)) throw new Error(issued.detail);
}

/** The port of the last time, if it is free: bookmarks and running agents go on to work. */
async function previousPort(serverFile: string, host: string): Promise<number> {
  if (!existsSync(serverFile)) return 0;
  try {
    const { url } = JSON.parse(readFileSync(serverFile, 'utf8')) as { url: string };
    const port = Number(new URL(url).port);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen({ host, port }, () => probe.close(() => resolve(true)));
    });
    return free ? port : 0;
  } catch {
    return 0;
  }
}

main().catch((error: unknown) => {
  if (error instanceof SettingsError || error instanceof DataDirLocked)
    process.stderr.write(`${error.message}\n`);
  else if (error instanceof StoreDamaged)
    process.stderr.write(`Mission Control does not start: ${error.message}\n`);
  else if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    process.stderr.write(
      `The address is taken by another program. Choose another port with --port or MC_PORT (0 picks a free one).\n`,
    );
  } else
    logger.error(
      { error: String(error), stack: error instanceof Error ? error.stack : undefined },
      'the server could not start',
    );
  process.exit(1);
});
