/** Which connections are given up: those that carry nothing any more, and never one whose query runs or waits. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TcpProxy } from '../../../test/fleet/support/tcp-proxy.ts';
import { PostgresServer, whyNoPostgres } from '../../../test/harness/postgres-server.ts';
import type { CommitPlan, Store } from '../port.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { connectionConfig, execute, isLost, openPool } from './driver.ts';
import { openPostgresStore } from './postgres-store.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

/** What a machine under load may need on top of the three seconds after which one is given up. */
const SOON_MS = 15_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const select = (sql: string): { sql: string; params: [] } => ({ sql, params: [] });

let server: PostgresServer;
let proxy: TcpProxy;
/** By way of the proxy. */
let url: string;
beforeAll(async () => {
  if (problem === null) server = await PostgresServer.start();
}, 120_000);
afterAll(() => server?.dispose(), 60_000);
beforeEach(async () => {
  if (problem !== null) return;
  const direct = await server.schema();
  proxy = await TcpProxy.open(() => direct.replace('postgres://', 'http://'));
  url = proxy.through(direct);
});
afterEach(() => proxy?.close());

describe.skipIf(problem !== null)('a connection', () => {
  let watch: ConnectionWatch;
  let pool: pg.Pool;
  beforeEach(() => {
    watch = new ConnectionWatch(connectionConfig(url));
    pool = openPool(url, 3, watch);
    return async () => {
      watch.close();
      await pool.end();
    };
  });
  /** As many connections as the pool has, at rest. */
  const warm = async (): Promise<number[]> => {
    const pids = await Promise.all(
      [0, 1, 2].map(() => execute(pool, select('select pg_backend_pid() as pid from pg_sleep(0.1)'))),
    );
    return pids.map(({ rows }) => Number(rows[0]?.['pid']));
  };
  const alive = async (pids: number[]): Promise<number> =>
    (await server.query(`select from pg_stat_activity where pid in (${pids.join()})`)).length;

  it.each(['forgotten', 'forgotten-answers'] as const)(
    'that is %s is lost within seconds, with all that are as old, and their backends are ended',
    async (weather) => {
      const pids = await warm();
      expect(new Set(pids).size).toBe(3);
      proxy.weather = weather;
      const asked = execute(pool, select('select 1'));
      await expect(asked.catch((error: unknown) => isLost(error))).resolves.toBe(true);
      // The next question meets none of the others that are of no use either.
      await vi.waitFor(() => expect(pool.idleCount).toBe(0), SOON_MS);
      expect((await execute(pool, select('select 1 as one'))).rows).toEqual([{ one: 1 }]);
      await vi.waitFor(async () => expect(await alive(pids)).toBe(0), SOON_MS);
    },
    SOON_MS,
  );

  it(
    'whose backend is gone, and nobody heard of it, is lost within seconds',
    async () => {
      const pids = await warm();
      proxy.weather = 'forgotten';
      await server.query(`select pg_terminate_backend(pid) from unnest(array[${pids.join()}]) as pid`);
      const asked = execute(pool, select('select 1'));
      await expect(asked.catch((error: unknown) => isLost(error))).resolves.toBe(true);
    },
    SOON_MS,
  );

  it(
    'is left alone while its query runs, waits for a lock, or rests between two',
    async () => {
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query('select pg_advisory_lock(1)');
      const runs = execute(pool, select('select 1 as one from pg_sleep(6)'));
      const waits = execute(pool, select('select 1 as one from pg_advisory_lock(1)'));
      const rests = await pool.connect();
      await rests.query('begin');
      await wait(4500);
      await rests.query('commit');
      rests.release();
      expect((await runs).rows).toEqual([{ one: 1 }]);
      await holder.query('select pg_advisory_unlock(1)');
      expect((await waits).rows).toEqual([{ one: 1 }]);
      await holder.end();
    },
    2 * SOON_MS,
  );

  it(
    'is left alone while the database answers nobody: its time limits hold',
    async () => {
      await warm();
      let failed = false;
      proxy.weather = 'half-open';
      const asked = execute(pool, select('select 1')).catch((error: unknown) => {
        failed = true;
        return error;
      });
      await wait(6000);
      expect(failed).toBe(false);
      proxy.weather = 'open';
      expect(isLost(await asked)).toBe(true);
    },
    2 * SOON_MS,
  );

  it(
    'whose backend is not the one that it was told of, as behind a pooler, is left alone',
    async () => {
      const client = new pg.Client(connectionConfig(url));
      client.on('error', () => undefined);
      await client.connect();
      Object.assign(client, { processID: 2 ** 30 });
      await watch.add(client);
      proxy.weather = 'forgotten';
      let failed = false;
      const asked = client.query('select 1').catch(() => {
        failed = true;
      });
      await wait(6000);
      expect(failed).toBe(false);
      proxy.weather = 'open';
      await asked;
    },
    2 * SOON_MS,
  );

  it(
    'that takes a large change slowly is left alone',
    async () => {
      await warm();
      proxy.weather = 'slow';
      const long = 'x'.repeat(120_000);
      const { rows } = await execute(pool, { sql: 'select length($1::text) as n', params: [long] });
      expect(rows).toEqual([{ n: 120_000 }]);
      proxy.weather = 'open';
    },
    3 * SOON_MS,
  );
});

describe.skipIf(problem !== null)('a store whose connections are forgotten', () => {
  const plan = (stream: string): CommitPlan => ({
    appends: [
      {
        stream,
        expected: 0,
        events: [{ type: 'x', actor: { kind: 'human', id: 'ada' }, at: 1, data: { stream } }],
      },
    ],
    rows: [],
  });
  let store: Store;
  beforeEach(async () => {
    store = await openPostgresStore({ url, pollMs: 3_600_000 });
    await store.commit(plan('before'));
    return () => store.close();
  });

  it.each(['forgotten', 'forgotten-answers'] as const)(
    'takes each change once when they are %s, whatever was under way',
    async (weather) => {
      for (let round = 0; round < 3; round += 1) {
        const all = Array.from({ length: 20 }, (_, n) => n);
        const changes = all.map(async (n) => {
          await wait(5 * n);
          return store.commit(plan(`${round} ${n}`));
        });
        const reads = all.map(async (n) => {
          await wait(5 * n);
          return store.streams('', 1);
        });
        await wait(50);
        proxy.weather = weather;
        for (const result of await Promise.all(changes)) expect(result).toEqual({ committed: true });
        for (const [first] of await Promise.all(reads)) expect(first).toBeDefined();
      }
      const streams = (await store.eventsAfter(0, 1000)).map(({ stream }) => stream);
      expect(streams).toHaveLength(61);
      expect(new Set(streams).size).toBe(61);
    },
    6 * SOON_MS,
  );

  it(
    'hears of what others write within seconds, though it only listens',
    async () => {
      const seen: string[] = [];
      store.subscribe((events) => seen.push(...events.map(({ stream }) => stream)));
      proxy.weather = 'forgotten';
      const other = await openPostgresStore({ url });
      await other.commit(plan('others'));
      await vi.waitFor(() => expect(seen).toEqual(['others']), SOON_MS);
      await other.close();
    },
    2 * SOON_MS,
  );

  it(
    'closes, though nobody answers its goodbye',
    async () => {
      proxy.weather = 'forgotten';
      await store.close();
    },
    SOON_MS,
  );
});
