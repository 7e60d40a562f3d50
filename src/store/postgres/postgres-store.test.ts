import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CuttingProxy } from '../../../test/harness/cutting-proxy.ts';
import { PostgresServer, whyNoPostgres } from '../../../test/harness/postgres-server.ts';
import { storeConformance } from '../conformance.test-suite.ts';
import type { StoreUnderTest } from '../testing/store-under-test.ts';
import { GENESIS, rollText } from '../../domain/log/chain.ts';
import type { CommitPlan, Store } from '../port.ts';
import { ticketPlan } from '../finding-tickets.test-suite.ts';
import { sha256 } from '../programs/append.ts';
import { postgresCompiler, postgresSchema } from './dialect.ts';
import { openPostgresStore, openPostgresTarget } from './postgres-store.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);
let server: PostgresServer;
beforeAll(async () => {
  if (problem !== null) return;
  server = await PostgresServer.start();
}, 120_000);
afterAll(() => server?.dispose(), 60_000);

async function open(): Promise<StoreUnderTest> {
  const url = await server.schema();
  let now = 1_700_000_000_000;
  const make = () => openPostgresStore({ url, clock: () => now });
  let store = await make();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await make();
      return store;
    },
    another: async () => {
      const place = await server.schema();
      return {
        target: openPostgresTarget(place),
        open: (unfinished = false) => openPostgresStore({ url: place, clock: () => now, unfinished }),
      };
    },
    execute: async (sql) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(sql);
      await client.end();
    },
    advance: (ms) => {
      now += ms;
    },
    dispose: () => store.close(),
  };
}

if (problem === null) storeConformance('PostgreSQL', open);

const plan = (stream: string, expected = 0): CommitPlan => ({
  appends: [
    {
      stream,
      expected,
      events: [{ type: 'x', actor: { kind: 'human', id: 'ada' }, at: 1, data: { stream } }],
    },
  ],
  rows: [],
});

async function streamsOf(store: Store): Promise<string[]> {
  const events = await store.eventsAfter(0, 10_000);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  let roll = GENESIS;
  for (const event of events) {
    roll = sha256(rollText(roll, event.seq, event.hash));
    expect(event.roll).toBe(roll);
  }
  return events.map((event) => event.stream);
}

describe.skipIf(problem !== null)('a batch on PostgreSQL', () => {
  let store: Store;
  /** How often a transaction was begun for it. */
  let begun: number;
  beforeEach(async () => {
    store = await openPostgresStore({
      url: await server.schema(),
      onCommit: (point) => (begun += point === 'begun' ? 1 : 0),
    });
    await store.commit(plan('lost'));
    begun = 0;
    return () => store.close();
  });

  it('goes on without a plan that lost, in the same transaction', async () => {
    const results = await Promise.all(
      ['a', 'lost', 'b', 'lost', 'c'].map((stream) => store.commit(plan(stream))),
    );
    expect(results.map(({ committed }) => committed)).toEqual([true, false, true, false, true]);
    expect(begun).toBe(1);
    expect(await streamsOf(store)).toEqual(['lost', 'a', 'b', 'c']);
  });

  it('is not kept waiting by reads that have every other connection', async () => {
    const url = await server.schema();
    const busy = await openPostgresStore({ url, connections: 2 });
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('begin; lock table skip_history in access exclusive mode');
    const reads = ['a', 'b', 'c', 'd'].map((ticket) => busy.skipHistory(ticket));
    // Behind the reads, in the order of asking.
    await new Promise((resolve) => setImmediate(resolve));
    expect(await busy.commit(plan('a'))).toEqual({ committed: true });
    await holder.query('rollback');
    await holder.end();
    expect(await Promise.all(reads)).toEqual([[], [], [], []]);
    await busy.close();
  }, 4000);

  it('loses only the plan whose ground cannot be read', async () => {
    const url = await server.schema();
    const other = await openPostgresStore({ url });
    const schema = new URL(url).searchParams.get('options')?.split('=')[1];
    await server.query(`alter table ${schema}.idempotency rename to elsewhere`);
    const answer = { status: 200, headers: {}, body: '' };
    const keyed: CommitPlan = {
      ...plan('keyed'),
      idempotency: { scope: 's', key: 'k', bodyHash: 'h', answer, at: 1 },
    };
    const results = await Promise.allSettled([plan('a'), keyed, plan('b')].map((each) => other.commit(each)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await streamsOf(other)).toEqual(['a', 'b']);
    await other.close();
  });

  it('is begun again, each apart, when something fails that was being written', async () => {
    const broken: CommitPlan = {
      ...plan('broken'),
      effects: [{ effect: 'work_finish', id: 'nowhere', fence: 1, state: 'done', reason: null }],
    };
    const results = await Promise.all(
      [plan('a'), broken, plan('lost'), plan('b')].map((each) => store.commit(each)),
    );
    expect(results.map(({ committed }) => committed)).toEqual([true, false, false, true]);
    expect(begun).toBe(2);
    expect(await streamsOf(store)).toEqual(['lost', 'a', 'b']);
  });
});

describe.skipIf(problem !== null)('two servers on one PostgreSQL', () => {
  let url: string;
  let one: Store;
  let two: Store;
  beforeEach(async () => {
    url = await server.schema();
    // Both find the schema empty: one makes it, the other waits for it.
    [one, two] = await Promise.all([openPostgresStore({ url }), openPostgresStore({ url })]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), two.close()]);
  });

  it('never both write the same version, and leave no gap in the log', async () => {
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all(
        [one, two, one, two].map((store, index) =>
          index < 2 ? store.commit(plan('shared', round)) : store.commit(plan(`own ${round} ${index}`)),
        ),
      );
      expect(results.slice(0, 2).filter((result) => result.committed)).toHaveLength(1);
      expect(results.slice(2).every((result) => result.committed)).toBe(true);
    }
    expect(await streamsOf(one)).toHaveLength(60);
    expect(await two.head()).toEqual(await one.head());
  });

  it('never both hold a lease, and the one that lost it can write nothing under it', async () => {
    const held = (store: Store, holder: string, epoch: number, stream: string) =>
      store.commit({
        ...plan(stream),
        guards: [{ guard: 'lease_held', name: 'dispatch', holder, epoch }],
      });
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = await Promise.all([
        one.acquireLease('dispatch', 'one', 60_000),
        two.acquireLease('dispatch', 'two', 60_000),
      ]);
      expect([a.acquired, b.acquired].filter(Boolean)).toHaveLength(1);
      const [winner, loser] = a.acquired ? [one, two] : [two, one];
      const [name, other] = a.acquired ? ['one', 'two'] : ['two', 'one'];
      const { epoch } = (a.acquired ? a : b).lease;
      expect(epoch).toBe(round + 1);
      expect(await held(loser, other, epoch, `no ${round}`)).toMatchObject({ committed: false });
      expect(await held(winner, name, epoch, `yes ${round}`)).toEqual({ committed: true });
      await winner.dropLease('dispatch', name);
      expect(await held(winner, name, epoch, `late ${round}`)).toMatchObject({ committed: false });
    }
  });

  it('are seen by whoever would copy it away, as long as one of them is there', async () => {
    const target = openPostgresTarget(url);
    expect(await target.isServed()).toBe(true);
    await one.close();
    expect(await target.isServed()).toBe(true);
    await two.close();
    expect(await target.isServed()).toBe(false);
    expect(await openPostgresTarget(await server.schema()).isServed()).toBe(false);
  });

  it('never both take the same work', async () => {
    for (let n = 0; n < 10; n += 1) {
      const work = {
        id: `w${n}`,
        kind: 'verify' as const,
        ticket: 'MC-1',
        attempt: `att${n}`,
        key: `verify:${n}`,
        createdAt: 1,
        wantsRunner: null,
      };
      await one.commit({ appends: [], rows: [], effects: [{ effect: 'work_add', work }] });
      const taken = await Promise.all([one.takeWork(work.id, 'r1', 1000), two.takeWork(work.id, 'r2', 1000)]);
      expect(taken.filter((result) => result !== null)).toHaveLength(1);
    }
  });

  it('share counters and secrets, and see at once what the other has configured', async () => {
    const numbers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? one : two).nextNumber('MC')),
    );
    expect(new Set(numbers).size).toBe(40);
    expect(await one.secret('s')).toBe(await two.secret('s'));
    for (let version = 1; version <= 3; version += 1) {
      const state = { version, createdAt: 0, updatedAt: 0, id: 'p' };
      await one.commit({
        ...plan('p', version - 1),
        rows: [{ row: 'document', kind: 'profile', id: 'p', state }],
      });
      expect(await two.document('profile', 'p')).toEqual(state);
    }
  });

  it('both see all events in order, each once', async () => {
    const seen: Record<string, number[]> = { one: [], two: [] };
    one.subscribe((events) => seen['one']?.push(...events.map((event) => event.seq)));
    two.subscribe((events) => seen['two']?.push(...events.map((event) => event.seq)));
    await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 ? one : two).commit(plan(`s${i}`))));
    const all = Array.from({ length: 200 }, (_, i) => i + 1);
    await vi.waitFor(() => expect(seen).toEqual({ one: all, two: all }), 10_000);
  });

  it('read the blobs that the other took in, large ones too, and keep each once', async () => {
    const content = Buffer.alloc(1_300_000, 'many bytes ');
    const name = await one.blobs?.put(content);
    expect(name).toBe(createHash('sha256').update(content).digest('hex'));
    expect(await two.blobs?.put(content)).toBe(name);
    expect(Buffer.from((await two.blobs?.read(name ?? '')) ?? []).equals(content)).toBe(true);
    expect(await two.blobs?.hashOf(name ?? '')).toBe(name);
    expect(await one.blobs?.list()).toEqual([name]);
    expect(await one.blobs?.read('0'.repeat(64))).toBeNull();
    const empty = (await one.blobs?.put(new Uint8Array())) ?? '';
    expect(await two.blobs?.read(empty)).toEqual(Buffer.alloc(0));
    await two.blobs?.remove(name ?? '');
    expect(await one.blobs?.list()).toEqual([empty]);
  });

  it('see the events of the other also when the connection that listens was lost', async () => {
    const seen: number[] = [];
    two.subscribe((events) => seen.push(...events.map((event) => event.seq)));
    await one.commit(plan('a'));
    await vi.waitFor(() => expect(seen).toEqual([1]), 10_000);
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`);
    await one.commit(plan('b'));
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), 10_000);
  });
});

describe.skipIf(problem !== null)('PostgreSQL', () => {
  it('refuses a database of a newer schema, and leaves it alone', async () => {
    const url = await server.schema();
    await (await openPostgresStore({ url })).close();
    const schema = new URL(url).searchParams.get('options')?.split('=')[1];
    await server.query(`update ${schema}.settings set value = '99' where name = 'schema_version'`);
    await expect(openPostgresStore({ url })).rejects.toThrow(/schema 99/);
  });

  it('takes no change and no copy of an older server that still runs on it', async () => {
    const url = await server.schema();
    const older = await openPostgresStore({ url });
    await older.commit(plan('a'));
    const schema = new URL(url).searchParams.get('options')?.split('=')[1];
    await server.query(`update ${schema}.settings set value = '99' where name = 'schema_version'`);
    const refused = { name: 'StoreBusy', message: expect.stringContaining('to schema 99') as string };
    await expect(older.commit(plan('b'))).rejects.toMatchObject(refused);
    await expect(older.acquireLease('dispatch', 'older', 1000)).rejects.toMatchObject(refused);
    await expect(older.ping()).rejects.toMatchObject(refused);
    await expect(older.dump()).rejects.toMatchObject(refused);
    expect(await streamsOf(older)).toEqual(['a']);
    await older.close();
  });

  it('is brought up to a new schema in the time that it takes, between two batches', async () => {
    const url = await server.schema();
    const schema = new URL(url).searchParams.get('options')?.split('=')[1] ?? '';
    await server.query(`
      set search_path = ${schema};
      ${postgresSchema(postgresCompiler(), 0, 1).join(';')};
      insert into settings (name, value) values ('schema_version', '1'), ('config_version', '0'), ('fence_floor', '0');
      create table limits (statement text, lane bigint);
      create function note() returns event_trigger language plpgsql as $$ begin
        if current_schema() = '${schema}' then
          insert into limits select current_setting('statement_timeout'), count(*) from pg_locks
            where locktype = 'advisory' and classid = 71001 and pid = pg_backend_pid();
        end if;
      end $$;
      create event trigger noting on ddl_command_start execute function ${schema}.note();`);
    await (await openPostgresStore({ url })).close();
    await server.query('drop event trigger noting');
    expect(await server.query(`select distinct * from ${schema}.limits`)).toEqual([
      { statement: '0', lane: '1' },
    ]);
  });

  it('lists tickets across states as of one moment, while they go back and forth between them', async () => {
    const schema = await server.schema();
    const store = await openPostgresStore({ url: schema });
    const keys = Array.from({ length: 20 }, (_, n) => `MC-${n + 1}`);
    for (const key of keys) await store.commit(ticketPlan(key).plan);
    const other = new pg.Client({ connectionString: schema });
    await other.connect();
    let moves = true;
    const moving = (async () => {
      while (moves)
        await other.query(
          `update tickets set status = case status when 'todo' then 'in_progress' else 'todo' end`,
        );
    })();
    for (let look = 0; look < 100; look += 1) {
      const { items } = await store.tickets({ sort: 'updated', limit: 50 });
      expect(items.map(({ key }) => key).sort()).toEqual([...keys].sort());
    }
    moves = false;
    await moving;
    await other.end();
    await store.close();
  });

  it('keeps money, fractions of milliseconds, the order of keys and empty lists as SQLite does', async () => {
    const store = await openPostgresStore({ url: await server.schema() });
    const cost = { usd: 0.1, inputTokens: 3_000_000_000, outputTokens: 1 };
    await store.recordUsage({ attempt: 'a', fence: 1, project: 'MC', cost }, 1);
    await store.recordUsage({ attempt: 'a', fence: 2, project: 'MC', cost }, 1);
    expect(await store.spentSince(0)).toEqual([
      { project: 'MC', usd: 0.2, inputTokens: 6_000_000_000, outputTokens: 2 },
    ]);
    const odd = { usd: 0, inputTokens: 1e300, outputTokens: 0.5 };
    await store.recordUsage({ attempt: 'odd', fence: 1, project: 'MC', cost: odd }, 0);
    expect(await store.acquireLease('l', 'one', 1000.4)).toMatchObject({ acquired: true });
    for (const stream of ['b', 'B', 'a_', 'a']) await store.commit(plan(stream));
    expect((await store.streams('', 10)).map((s) => s.stream)).toEqual(['B', 'a', 'a_', 'b']);
    expect(await store.tickets({ sort: 'dispatch', limit: 5, statuses: [] })).toEqual({
      items: [],
      nextCursor: null,
    });
    await store.appendOutput('a', [
      { seq: 0, at: 1, stream: 'stdout', text: 'nul \0 and half a pair \ud800' },
    ]);
    expect((await store.output('a', -1, 5))[0]?.text).toBe('nul \uFFFD and half a pair \uFFFD');
    await store.close();
  });

  it.each(['before', 'after'] as const)(
    'applies a change once when the connection is lost %s its COMMIT was done',
    async (when) => {
      const direct = await server.schema();
      const { proxy, url } = await CuttingProxy.to(direct);
      const store = await openPostgresStore({ url });
      const seen: string[] = [];
      store.subscribe((events) => seen.push(...events.map((event) => event.stream)));
      await store.commit(plan('first'));
      const numbers = [await store.nextNumber('MC')];
      for (let round = 0; round < 5; round += 1) {
        proxy.cutNextCommit(when);
        expect(await store.commit(plan(`cut ${round}`))).toEqual({ committed: true });
        proxy.cutNextCommit(when);
        numbers.push(await store.nextNumber('MC'));
      }
      expect(proxy.cuts).toBe(10);
      expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
      const streams = await streamsOf(store);
      expect(streams).toEqual(['first', 'cut 0', 'cut 1', 'cut 2', 'cut 3', 'cut 4']);
      await vi.waitFor(() => expect(seen).toEqual(streams), 10_000);
      await store.close();
      await proxy.close();
    },
  );

  it('lets another server go on when one stops within its commit, and refuses what that one was about to do', async () => {
    const direct = await server.schema();
    const { proxy, url } = await CuttingProxy.to(direct);
    const paused = await openPostgresStore({ url, patienceMs: 30_000 });
    const other = await openPostgresStore({ url: direct, patienceMs: 30_000 });
    const { lease } = await paused.acquireLease('dispatch', 'paused', 2000);
    const claim = (stream: string, holder: string, epoch: number): CommitPlan => ({
      ...plan(stream),
      guards: [{ guard: 'lease_held', name: 'dispatch', holder, epoch }],
    });
    proxy.cutNextCommit('stalled');
    const late = paused.commit(claim('late', 'paused', lease.epoch));
    await vi.waitFor(() => expect(proxy.cuts).toBe(1), 10_000);
    // The lane is free again once the database has given up on the one that stands still in it.
    expect(await other.acquireLease('dispatch', 'other', 60_000)).toMatchObject({
      acquired: true,
      lease: { epoch: 2 },
    });
    expect(await other.commit(claim('taken over', 'other', 2))).toEqual({ committed: true });
    expect(await late).toEqual({
      committed: false,
      conflict: { kind: 'guard', guard: 'lease_held' },
    });
    expect(await streamsOf(other)).toEqual(['taken over']);
    await Promise.all([paused.close(), other.close()]);
    await proxy.close();
  }, 60_000);

  it('applies each change once while backends are killed in the middle', async () => {
    const url = await server.schema();
    const stores = await Promise.all([openPostgresStore({ url }), openPostgresStore({ url })]);
    let writing = true;
    let kills = 0;
    const killer = (async () => {
      while (writing) {
        const killed = await server.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mission-control' and state <> 'idle'`,
        );
        kills += killed.length;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    const results: boolean[] = [];
    for (let round = 0; round < 25 || kills < 10; round += 1) {
      const batch = await Promise.all(
        stores.flatMap((store, s) => [0, 1, 2].map((i) => store.commit(plan(`${round} ${s} ${i}`)))),
      );
      results.push(...batch.map((result) => result.committed));
    }
    writing = false;
    await killer;
    // A change that was applied twice finds its own stream there already.
    expect(results.filter((committed) => !committed)).toEqual([]);
    const streams = await streamsOf(stores[0]);
    expect(streams).toHaveLength(results.length);
    await Promise.all(stores.map((store) => store.close()));
  }, 60_000);

  it('has every answered change after an immediate stop, and goes on by itself', async () => {
    const url = await server.schema();
    const store = await openPostgresStore({ url, patienceMs: 60_000 });
    const seen: string[] = [];
    store.subscribe((events) => seen.push(...events.map((event) => event.stream)));
    const answered: string[] = [];
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) {
        const result = await store.commit(plan(`s${n}`));
        expect(result).toEqual({ committed: true });
        answered.push(`s${n}`);
      }
    })();
    for (let stop = 0; stop < 2; stop += 1) {
      const before = answered.length;
      await vi.waitFor(() => expect(answered.length).toBeGreaterThan(before + 10), 20_000);
      await server.stopImmediately();
      const acknowledged = [...answered];
      await server.startAgain();
      const after = await streamsOf(store);
      expect(after.slice(0, acknowledged.length)).toEqual(acknowledged);
    }
    writing = false;
    await writer;
    expect(await streamsOf(store)).toEqual(answered);
    await vi.waitFor(() => expect(seen).toEqual(answered), 10_000);
    await store.close();
  }, 120_000);

  it('says that it cannot write while the database is away, and writes when it is back', async () => {
    const url = await server.schema();
    const store = await openPostgresStore({ url, patienceMs: 300 });
    await store.commit(plan('a'));
    await server.stopImmediately();
    await expect(store.commit(plan('b'))).rejects.toMatchObject({ name: 'StoreBusy' });
    await expect(store.ping()).rejects.toMatchObject({ name: 'StoreBusy' });
    await expect(store.head()).rejects.toMatchObject({ name: 'StoreBusy' });
    await server.startAgain();
    await vi.waitFor(() => store.ping(), 20_000);
    expect(await store.commit(plan('b'))).toEqual({ committed: true });
    expect(await streamsOf(store)).toEqual(['a', 'b']);
    await store.close();
  }, 60_000);
});
