/**
 * Moves between the databases, restores and upgrades that are ended by SIGKILL on their way. Of two places at most one is
 * ever open to servers; where none is, both say what to do; and the same command, given again, ends well.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refuseMoved } from '../../src/moved.ts';
import type { LoadTarget } from '../../src/store/load-target.ts';
import type { Store, TablePage } from '../../src/store/port.ts';
import { transferPrograms } from '../../src/store/programs/transfer.ts';
import { runSync } from '../../src/store/program.ts';
import { openPostgresStore, openPostgresTarget } from '../../src/store/postgres/postgres-store.ts';
import { schemaStatements } from '../../src/store/schema-steps.ts';
import { SCHEMA_VERSION, TABLES, type Tables } from '../../src/store/schema.ts';
import { SqliteConnection } from '../../src/store/sqlite/driver.ts';
import { openSqliteStore, openSqliteTarget, sqliteCompiler } from '../../src/store/sqlite/sqlite-store.ts';
import { mctl } from '../harness/mctl.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { PostgresServer, whyNoPostgres } from '../harness/postgres-server.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);
const SEED = Number(process.env['MC_SEED'] ?? 71);
/** How many lives each is ended in at a step of the seed's choice. */
const CHOSEN = Number(process.env['MC_KILLS'] ?? 4);
const LAST_STEPS = 2;
/** What is written when the mark goes with which no server opens a place that is filled. */
const FINISHES = 'delete from "settings"';

const killer = fileURLToPath(new URL('kill-at-step.mjs', import.meta.url));
const built = (name: string): string => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

let database: PostgresServer;
let mc: MissionControl;
/** Of the installation with which all begin. */
let head: string;
beforeAll(async () => {
  if (problem === null) database = await PostgresServer.start();
  // What is moved stands in files, wherever the suite's other servers have theirs.
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_DATABASE_URL: '' } });
  await mc.start();
  await mc.project();
  await mc.profile('worker', 'true');
  for (let n = 0; n < 20; n += 1) await mc.ticket('worker', { status: 'backlog' });
  const access = { MC_DATA_DIR: mc.dataDir, MC_ADMIN_TOKEN: mc.token };
  expect(await mctl(['backup', join(mc.dir, 'one.backup')], access)).toMatchObject({ code: 0 });
  await mc.endServer('SIGTERM');
  const store = openSqliteStore({ path: join(mc.dataDir, 'mission-control.db') });
  const { seq, hash } = await store.head();
  head = `${seq}:${hash}`;
  await store.close();
}, 120_000);
afterAll(async () => {
  await mc?.stop();
  await database?.dispose();
}, 60_000);

interface Ended {
  code: number | null;
  signal: string | null;
  err: string;
}

function run(program: string, args: string[], env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', killer, built(program), ...args], {
      env: { PATH: process.env['PATH'], HOME: mc.dir, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, err }));
  });
}

async function stepsOf(program: string, args: string[], env: Record<string, string>): Promise<number> {
  const told = join(mc.dir, 'steps');
  expect(await run(program, args, { ...env, MC_TEST_STEPS: told })).toMatchObject({ code: 0, err: '' });
  return Number(readFileSync(told, 'utf8'));
}

/** Park and Miller's numbers, the same for the same seed. */
function stepsToDieAt(steps: number, ...besides: string[]): (number | string)[] {
  let state = SEED;
  const chosen = Array.from({ length: CHOSEN }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 1 + (state % (steps - LAST_STEPS));
  });
  return [...besides, ...chosen, ...Array.from({ length: LAST_STEPS }, (_, n) => steps - n)];
}

function rowsOf(path: string, sql: string): Record<string, unknown>[] {
  const connection = new SqliteConnection(path);
  try {
    return connection.execute({ sql, params: [] }).rows;
  } finally {
    connection.close();
  }
}

interface Place {
  target: LoadTarget;
  /** Not even the mark of what was begun is there. */
  isBare: () => boolean;
  open: () => Promise<Store>;
}
const inFiles = (dataDir: string): Place => {
  const path = join(dataDir, 'mission-control.db');
  return {
    target: openSqliteTarget(path),
    isBare: () => rowsOf(path, `select name from sqlite_master`).length === 0,
    open: async () => {
      refuseMoved(dataDir);
      return Promise.resolve(openSqliteStore({ path }));
    },
  };
};
const inDatabase = (url: string): Place => ({
  target: openPostgresTarget(url),
  isBare: () => false,
  open: () => openPostgresStore({ url }),
});

const NOTHING = 'there is nothing';
/** Why no server starts there; null where one does. Who starts one on nothing begins a new installation, and means to. */
async function closedFor({ target, isBare, open }: Place): Promise<string | null> {
  const state = await target.state();
  if (state === 'empty' || (state === 'half' && isBare())) return NOTHING;
  try {
    await (await open()).close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A backend of the one that was killed may still be there for a moment, as the command says. */
async function again(args: string[], env: Record<string, string>): Promise<Ended> {
  for (;;) {
    const ended = await run('offline.js', args, env);
    if (!/still (runs on|dispatches on)/.test(ended.err)) return ended;
  }
}

async function moveKilledAt(
  step: number | string,
  args: string[],
  env: Record<string, string>,
  source: Place,
  target: Place,
): Promise<'before' | 'between' | 'after'> {
  const killed = await run('offline.js', args, { ...env, MC_TEST_KILL_AT: String(step) });
  const [here, there] = [await closedFor(source), await closedFor(target)];
  expect([here, there], `both are open after step ${step}`).not.toEqual([null, null]);
  if (killed.signal === 'SIGKILL' && there !== null) {
    const advice = /run (it|that|the same command) again|Run the same command again/;
    if (here !== null) for (const said of [here, there]) expect(said).toMatch(advice);
    const whole = await again(args, env);
    expect(whole, `step ${step}`).toMatchObject({ code: 0, err: '' });
  }
  expect(await closedFor(target)).toBeNull();
  expect(await closedFor(source)).toMatch(/was moved to/);
  if (there === null) return 'after';
  return here === null ? 'before' : 'between';
}

async function prove(env: Record<string, string>): Promise<void> {
  const server = new MissionControl({ env: { MC_RUNNER: 'none', ...env } });
  try {
    await server.start();
    expect(await server.api.get('/verify', { query: { head } })).toMatchObject({ ok: true });
    expect((await server.api.get<{ items: unknown[] }>('/tickets?limit=200')).items).toHaveLength(20);
  } finally {
    await server.stop();
  }
}

it.skipIf(problem !== null)(
  'a move to PostgreSQL or back that is killed leaves at most one place open, and ends well when it is run again',
  async () => {
    const to = (kind: string, dataDir: string): string[] => [
      'migrate',
      kind,
      '--data-dir',
      dataDir,
      '--at-once',
    ];
    const first = await database.schema();
    let url = first;
    let dataDir = mc.dataDir;
    const up = await stepsOf('offline.js', to('postgresql', dataDir), { MC_DATABASE_URL: url });
    dataDir = join(mc.dir, 'back');
    const down = await stepsOf('offline.js', to('sqlite', dataDir), { MC_DATABASE_URL: url });
    const found = new Set<string>();
    // Right before the one is left, and right before the other is open.
    const downs = stepsToDieAt(down, 'moved_to', FINISHES);
    for (const [n, step] of stepsToDieAt(up, 'moved.json', FINISHES).entries()) {
      const next = await database.schema();
      const env = { MC_DATABASE_URL: next };
      const args = to('postgresql', dataDir);
      found.add(`up ${await moveKilledAt(step, args, env, inFiles(dataDir), inDatabase(next))}`);
      const folder = join(mc.dir, `life ${n}`);
      const back = to('sqlite', folder);
      const files = inFiles(folder);
      found.add(`down ${await moveKilledAt(downs[n] ?? 1, back, env, inDatabase(next), files)}`);
      url = next;
      dataDir = folder;
    }
    expect([...found]).toEqual(
      expect.arrayContaining(['up before', 'up between', 'down before', 'down between']),
    );
    await prove({ MC_DATA_DIR: dataDir, MC_DATABASE_URL: '' });
  },
);

it.skipIf(problem !== null)(
  'a restore into PostgreSQL that is killed opens nothing half, and ends well when it is run again',
  async () => {
    const args = (dataDir: string): string[] => [
      'restore',
      join(mc.dir, 'one.backup'),
      '--data-dir',
      dataDir,
      '--at-once',
    ];
    const clean = { dataDir: join(mc.dir, 'restored'), env: { MC_DATABASE_URL: await database.schema() } };
    const steps = await stepsOf('offline.js', args(clean.dataDir), clean.env);
    let halves = 0;
    for (const [n, step] of stepsToDieAt(steps, FINISHES).entries()) {
      const dataDir = join(mc.dir, `restored ${n}`);
      const env = { MC_DATABASE_URL: await database.schema() };
      const place = inDatabase(env.MC_DATABASE_URL);
      const killed = await run('offline.js', args(dataDir), { ...env, MC_TEST_KILL_AT: String(step) });
      const closed = killed.signal === 'SIGKILL' ? await closedFor(place) : null;
      if (closed !== null) {
        expect(closed).toMatch(new RegExp(`${NOTHING}|Run the same command again`));
        if (closed !== NOTHING) halves += 1;
        expect(await again(args(dataDir), env), `step ${step}`).toMatchObject({ code: 0, err: '' });
      }
      expect(await closedFor(place)).toBeNull();
    }
    expect(halves).toBeGreaterThan(0);
    await prove({ MC_DATA_DIR: clean.dataDir, ...clean.env });
  },
);

it('an upgrade of the embedded database that is killed is done by the next start, and until then nothing of it', async () => {
  const OLD = 2;
  const store = openSqliteStore({ path: await copyOf(mc.dataDir, join(mc.dir, 'whole')) });
  const pages: TablePage[] = [];
  const dump = await store.dump();
  for await (const page of dump.pages())
    if ((TABLES[page.table as keyof Tables] ?? 0) <= OLD) pages.push(page);
  await dump.close();
  await store.close();
  const transfer = transferPrograms(sqliteCompiler());
  const older = (dataDir: string): void => {
    mkdirSync(dataDir, { mode: 0o700 });
    const connection = new SqliteConnection(join(dataDir, 'mission-control.db'));
    connection.exec('pragma journal_mode = wal; begin immediate');
    for (const { sql } of schemaStatements(sqliteCompiler(), undefined, { to: OLD })) connection.exec(sql);
    for (const page of pages) runSync(transfer.insert(page, OLD), (query) => connection.execute(query));
    connection.exec(`update settings set value = '${OLD}' where name = 'schema_version'; commit`);
    connection.close();
  };
  const versionIn = (dataDir: string): number => {
    const sql = `select value from settings where name = 'schema_version'`;
    return Number(rowsOf(join(dataDir, 'mission-control.db'), sql)[0]?.['value']);
  };
  const found = new Set<number>();
  for (let step = 2; step <= 62; step += 10) {
    const dataDir = join(mc.dir, `old ${step}`);
    older(dataDir);
    const env = { MC_DATA_DIR: dataDir, MC_PORT: '0', MC_RUNNER: 'none', MC_ADMIN_TOKEN: mc.token };
    const killed = await run('main.js', [], { ...env, MC_TEST_KILL_AT: String(step) });
    expect(killed, `step ${step}`).toMatchObject({ signal: 'SIGKILL' });
    found.add(versionIn(dataDir));
    await prove({ MC_DATA_DIR: dataDir, MC_DATABASE_URL: '' });
  }
  expect(found).toEqual(new Set([OLD, SCHEMA_VERSION]));
});

async function copyOf(dataDir: string, to: string): Promise<string> {
  await cp(dataDir, to, { recursive: true });
  return join(to, 'mission-control.db');
}
