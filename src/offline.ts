#!/usr/bin/env node
/**
 * What is done to an installation while no server runs on it: `check FILE`, `restore FILE`, `migrate postgresql|sqlite`.
 * `mctl` starts it. Exit codes: 0 done, 2 usage, 3 refused with the reason on standard error.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { artifactFiles } from './artifact-files.ts';
import { checkBackup, linesOf } from './backup-file.ts';
import { DataDirLocked, lockDataDir, prepareDataDir } from './data-dir.ts';
import { OfflineProblem, type Filled, type Place, fillStore, placeOf, violationsOf } from './fill-store.ts';
import { MOVED, refuseMoved } from './moved.ts';
import { findRunningRunner } from './runner/instance-lock.ts';
import { readBootId } from './runner/processes/system-processes.ts';
import { createDeps } from './server.ts';
import { type BackupHeader, BackupProblem, backupLines } from './services/backup.ts';
import { DISPATCH_LEASE } from './services/dispatching.ts';
import { verifyState } from './services/verify.ts';
import { type Settings, SettingsError, readSettings } from './settings.ts';
import { RESTORED, type Store } from './store/port.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface How {
  unverified: boolean;
  atOnce: boolean;
  json: boolean;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      unverified: { type: 'boolean' },
      'at-once': { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const [command, subject = ''] = positionals;
  const how: How = {
    unverified: values.unverified ?? false,
    atOnce: values['at-once'] ?? false,
    json: values.json ?? false,
  };
  if (command === 'check') return check(subject, how.json);
  const flags = values['data-dir'] === undefined ? [] : ['--data-dir', values['data-dir']];
  const settings = readSettings(flags, process.env, process.cwd());
  process.umask(0o077);
  delete process.env['MC_DATABASE_URL'];
  if (command === 'restore') return alone(settings, () => restore(settings, subject, how));
  if (command === 'migrate') return alone(settings, () => migrate(settings, subject, how));
  throw new OfflineProblem('check FILE, restore FILE or migrate postgresql|sqlite');
}

/** Takes the data directory, so that no server starts on it meanwhile. */
async function alone(settings: Settings, work: () => Promise<void>): Promise<void> {
  prepareDataDir(settings.dataDir);
  const unlock = lockDataDir(settings.dataDir);
  try {
    const runner = findRunningRunner(settings.dataDir, readBootId());
    if (runner)
      throw new OfflineProblem(
        `A runner (pid ${runner.pid}) is still at work on ${settings.dataDir}. Without its server it leaves by itself; or end it with: kill ${runner.pid}`,
      );
    await work();
  } finally {
    unlock();
  }
}

async function check(file: string, json: boolean): Promise<void> {
  const { header, end } = await checkBackup(file);
  if (json) return say(JSON.stringify({ ...header, rows: end.rows, blobs: end.blobs }));
  say(
    `${file} is whole: ${count(end.rows['events'] ?? 0, 'event')} up to ${headOf(header.head)}, ${count(end.rows['tickets'] ?? 0, 'ticket')}, ${count(end.blobs, 'file')}, of ${new Date(header.at).toISOString()}.`,
  );
}

async function restore(settings: Settings, file: string, how: How): Promise<void> {
  // Read once for what is wrong with it, before anything is changed.
  await checkBackup(file);
  const place = await placeOf(settings);
  const beforeFinish = async (): Promise<void> => {
    // What is restored into a data directory is what it is about from now on, wherever it had moved.
    if (settings.databaseUrl === null) await place.stay();
  };
  const lines = linesOf(file);
  const filled = await fillStore({
    place,
    settings,
    how: 'restored',
    move: null,
    beforeFinish,
    lines,
    ...how,
  });
  report(`${file} is restored into ${place.name}`, filled, how.json);
  if (!how.json)
    say(
      [
        'What was so since the backup is not known any more:',
        '  tokens revoked since then are valid again: look at `mctl token list`, and revoke them again;',
        '  a request that is repeated with an Idempotency-Key of since then has its effect again;',
        '  ticket numbers given since then are given again.',
        'Everyone signs in again. A remote runner that ran meanwhile leaves as superseded: start it again.',
      ].join('\n'),
    );
}

async function migrate(settings: Settings, to: string, how: How): Promise<void> {
  if (to !== 'postgresql' && to !== 'sqlite') throw new OfflineProblem('Say where to: postgresql or sqlite.');
  if (settings.databaseUrl === null)
    throw new OfflineProblem(
      'Give the address of the PostgreSQL database in MC_DATABASE_URL: postgres://user:password@host:5432/database',
    );
  const embedded = { ...settings, databaseUrl: null };
  const [from, into] = to === 'postgresql' ? [embedded, settings] : [settings, embedded];
  const [source, place] = [await placeOf(from), await placeOf(into)];
  const state = await source.target.state();
  if (state !== 'full') throw new OfflineProblem(`There is no finished installation in ${source.name}.`);
  await goOn(source, place);
  if (from.databaseUrl === null) refuseMoved(from.dataDir);
  if (await source.target.isServed())
    throw new OfflineProblem(
      `A server still runs on ${source.name}. Stop every server on it, and try again.`,
    );
  const store = await source.open({ unfinished: false }).catch((error: unknown) => {
    throw new OfflineProblem(
      `${source.name} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  });
  const lines = withoutLineEnds(async () =>
    backupLines(await store.dump(), store.blobs ?? artifactFiles(from.dataDir), version),
  );
  try {
    await refuseServed(store);
    const before = await verifyState(await createDeps(store, from), undefined, { leases: false });
    if (!before.ok && !how.unverified)
      throw new OfflineProblem(
        `${source.name} does not verify, so it is not moved:\n${violationsOf(before)}\nTo move it all the same, say --unverified.`,
      );
    const move = randomUUID();
    const beforeFinish = async ({ head }: BackupHeader): Promise<void> => {
      if ((await store.head()).hash !== head.hash)
        throw new OfflineProblem(
          `Something was written to ${source.name} meanwhile. Stop every server on it, and run this again.`,
        );
      // First this: of two places at most one is ever open to servers, wherever this breaks off.
      await source.leave({ to: place.name, move });
      if (to === 'sqlite') await place.stay();
    };
    const filled = await fillStore({
      place,
      settings: into,
      how: 'moved',
      move,
      beforeFinish,
      lines,
      ...how,
    });
    report(
      `${source.name} is moved to ${place.name}; the log head ${headOf(filled.header.head)} is the same in both`,
      filled,
      how.json,
    );
    if (!how.json)
      say(
        to === 'postgresql'
          ? `Start the server with MC_DATABASE_URL from now on. The old database stays where it is, and no server starts on it: ${join(settings.dataDir, MOVED)} says why.`
          : 'Start the server without MC_DATABASE_URL from now on. The old database stays where it is, and no server starts on it.',
      );
  } finally {
    // What was not read to its end holds a connection, and with it this process.
    await lines.return(undefined);
    await store.close();
  }
}

/** Where the same move broke off between leaving the one and finishing the other, it begins anew. */
async function goOn(source: Place, place: Place): Promise<void> {
  const move = await source.leftBy();
  if (move !== null && move === (await place.target.halfOf())) await source.stay();
}

/** A data directory is locked by its server; a database that several share is not, but one of them dispatches. */
async function refuseServed(store: Store): Promise<void> {
  const lease = await store.readLease(DISPATCH_LEASE);
  const left = (lease?.expiresAt ?? 0) - (await store.now());
  if (store.blobs !== null && left > 0 && lease?.holder !== RESTORED)
    throw new OfflineProblem(
      `A server still dispatches on this database. Stop every server on it, and try again in ${Math.ceil(left / 1000)} s.`,
    );
}

async function* withoutLineEnds(open: () => Promise<AsyncIterable<string>>): AsyncGenerator<string> {
  for await (const line of await open()) yield line.slice(0, -1);
}

function report(what: string, { header, fenced, blobs, verified, holdMs }: Filled, json: boolean): void {
  if (json) {
    say(JSON.stringify({ from: header.head, copiedAt: header.at, fenced, blobs, verified, holdMs }));
    return;
  }
  say(`${what}: ${count(verified.events, 'event')} and ${count(blobs, 'file')}.`);
  say(
    `Fenced: ${count(fenced.attempts, 'attempt')} stopped without a retry spent, ${count(fenced.deliveries, 'delivery', 'deliveries')} returned, ${count(fenced.runners, 'runner name')} free to be registered again.`,
  );
  if (holdMs > 0)
    say(
      `Dispatch begins ${holdMs / 1000} s from now: by then every worker of before has stopped by itself. (--at-once: none of them can still run.)`,
    );
  say(
    verified.ok
      ? `Verified: every invariant holds, and the log leads through ${headOf(header.head)} of the copy; its head is ${headOf(verified.head)} now.`
      : `NOT verified, as you wished:\n${violationsOf(verified)}`,
  );
}

const headOf = (head: { seq: number; hash: string }): string => `${head.seq}:${head.hash.slice(0, 16)}`;
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

const EXIT_USAGE = 2;
const EXIT_REFUSED = 3;

main().catch((error: unknown) => {
  const told =
    error instanceof OfflineProblem ||
    error instanceof BackupProblem ||
    error instanceof DataDirLocked ||
    error instanceof SettingsError;
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(process.argv[3] ?? '');
  process.stderr.write(
    told || missing
      ? `${(error as Error).message}\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = error instanceof SettingsError ? EXIT_USAGE : EXIT_REFUSED;
});
