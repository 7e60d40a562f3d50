import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storeConformance } from '../conformance.test-suite.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import { ticketPlan } from '../finding-tickets.test-suite.ts';
import type { CommitPlan } from '../port.ts';
import { type StoreUnderTest, append, event } from '../testing/store-under-test.ts';
import { SqliteConnection } from './driver.ts';
import { SCHEMA_VERSION, TABLES } from '../schema.ts';
import { schemaStatements } from '../schema-steps.ts';
import { openSqliteStore, openSqliteTarget, sqliteCompiler } from './sqlite-store.ts';

async function open(): Promise<StoreUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'mc-store-'));
  const path = join(folder, 'mission-control.db');
  let now = 1_700_000_000_000;
  let others = 0;
  const make = () => openSqliteStore({ path, clock: () => now });
  let store = make();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = make();
      return store;
    },
    another: () => {
      const place = join(folder, `other-${(others += 1)}.db`);
      return Promise.resolve({
        target: openSqliteTarget(place),
        open: async (unfinished = false) => openSqliteStore({ path: place, clock: () => now, unfinished }),
      });
    },
    execute: (sql) => {
      const connection = new SqliteConnection(path);
      connection.exec(sql);
      connection.close();
      return Promise.resolve();
    },
    advance: (ms) => {
      now += ms;
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

storeConformance('SQLite', open);

/** The change of a row that is not there: a failure in the middle of what is written. */
const missingTicket = (ticket: Ticket) =>
  ({
    row: 'ticket',
    state: { ...ticket, key: 'MC-9', title: 'x' },
    before: { ...ticket, key: 'MC-9' },
    toVerify: false,
  }) as const;

describe('SQLite', () => {
  it('answers nobody when the commit itself fails, and takes no further writes', async () => {
    let fail = false;
    const store = openSqliteStore({
      path: ':memory:',
      onCommit: (point) => {
        if (fail && point === 'before-commit') throw new Error('disk I/O error');
      },
    });
    const write = (stream: string) =>
      store.commit({
        appends: [
          {
            stream,
            expected: 0,
            events: [{ type: 'x', actor: { kind: 'human', id: 'a' }, at: 1, data: {} }],
          },
        ],
        rows: [],
      });
    await write('a');
    fail = true;
    const both = await Promise.allSettled([write('b'), write('c')]);
    expect(both.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    fail = false;
    await expect(write('d')).rejects.toThrow(/stopped accepting writes/);
    await expect(store.ping()).rejects.toThrow(/disk I\/O error/);
    expect((await store.eventsAfter(0, 10)).map((e) => e.stream)).toEqual(['a']);
  });

  it('decides the next change of a ticket on what was committed, not on what a failed commit would have written', async () => {
    let fail = false;
    const store = openSqliteStore({
      path: ':memory:',
      onCommit: (point) => {
        if (fail && point === 'before-commit')
          throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      },
    });
    const { plan, ticket } = ticketPlan('MC-1');
    const change = (title: string, streamVersion: number): CommitPlan => ({
      ...append('ticket:MC-1', streamVersion - 1, event('ticket.updated')),
      rows: [{ row: 'ticket', state: { ...ticket, title }, before: ticket, streamVersion, toVerify: false }],
    });
    const basis = async () => (await store.ticketBasis('MC-1')).record;
    await store.commit(plan);
    await store.commit(change('kept', 2));
    expect(await basis()).toMatchObject({ streamVersion: 2, state: { title: 'kept' } });
    fail = true;
    await expect(store.commit(change('lost', 3))).rejects.toThrow(/nothing was written/);
    expect(await basis()).toMatchObject({ streamVersion: 2, state: { title: 'kept' } });
    fail = false;
    // Shares its batch with one that is refused, so both are run again.
    const [took, refused] = await Promise.all([
      store.commit(change('kept too', 3)),
      store
        .commit({ ...change('late', 4), rows: [{ ...missingTicket(ticket), streamVersion: 4 }] })
        .catch(String),
    ]);
    expect(took).toEqual({ committed: true });
    expect(refused).toMatch(/is missing/);
    expect(await basis()).toEqual(await store.ticket('MC-1'));
    expect(await basis()).toMatchObject({ streamVersion: 3, state: { title: 'kept too' } });
    await store.close();
  });

  it('takes nothing while its disk is full, answers every caller so, and goes on as soon as there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mc-store-'));
    const connection = new SqliteConnection(join(folder, 'mission-control.db'));
    const store = openSqliteStore({ path: connection });
    const write = (stream: string, size = 10) =>
      store.commit({
        appends: [
          {
            stream,
            expected: 0,
            events: [
              { type: 'x', actor: { kind: 'human', id: 'a' }, at: 1, data: { text: 'x'.repeat(size) } },
            ],
          },
        ],
        rows: [],
      });
    await write('a');
    const pages = connection.execute({ sql: 'pragma page_count', params: [] }).rows[0]?.['page_count'];
    connection.exec(`pragma max_page_count = ${String(pages)}`);
    for (const batch of [[100_000], [10, 100_000], [100_000, 100_000]]) {
      const answers = await Promise.allSettled(
        batch.map((size, n) => write(`full ${batch.length} ${n}`, size)),
      );
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'StoreBusy' } });
    }
    await expect(write('b', 100_000)).rejects.toThrow(
      /the disk of the database is full; nothing was written/,
    );
    expect((await store.eventsAfter(0, 10)).map(({ stream }) => stream)).toEqual(['a']);
    connection.exec('pragma max_page_count = 1000000');
    expect(await write('b', 100_000)).toEqual({ committed: true });
    const events = await store.eventsAfter(0, 10);
    expect(events.map(({ seq, stream }) => [seq, stream])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(await store.head()).toMatchObject({ seq: 2, hash: events[1]?.roll });
    await store.close();
    connection.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves all that it has in one file when it is closed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mc-store-'));
    const path = join(folder, 'mission-control.db');
    const store = openSqliteStore({ path });
    await store.nextNumber('n');
    await store.close();
    const left = readdirSync(folder).filter((name) => statSync(join(folder, name)).size > 0);
    expect(left.filter((name) => !name.endsWith('-shm'))).toEqual(['mission-control.db']);
    copyFileSync(path, join(folder, 'copy.db'));
    const copy = openSqliteStore({ path: join(folder, 'copy.db') });
    expect(await copy.nextNumber('n')).toBe(2);
    await copy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('brings every earlier schema to the tables and indexes of a new database', async () => {
    const made = (connection: SqliteConnection): unknown[] =>
      connection
        .execute({
          sql: `select name, sql from sqlite_master where type = 'index' order by name`,
          params: [],
        })
        .rows.concat(
          Object.keys(TABLES).flatMap(
            (table) =>
              connection.execute({ sql: `select name from pragma_table_info('${table}')`, params: [] }).rows,
          ),
        );
    const folder = mkdtempSync(join(tmpdir(), 'mc-store-'));
    await openSqliteStore({ path: join(folder, 'new.db') }).close();
    const fresh = new SqliteConnection(join(folder, 'new.db'));
    for (let schema = 1; schema < SCHEMA_VERSION; schema += 1) {
      const path = join(folder, `${schema}.db`);
      const old = new SqliteConnection(path);
      for (const { sql } of schemaStatements(sqliteCompiler(), undefined, { to: schema })) old.exec(sql);
      old.exec(`insert into settings (name, value) values ('schema_version', '${schema}')`);
      await openSqliteStore({ path: old }).close();
      expect(made(old), `from ${schema}`).toEqual(made(fresh));
      old.close();
    }
    fresh.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says of a file whose pages are damaged what it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mc-store-'));
    const path = join(folder, 'mission-control.db');
    const store = openSqliteStore({ path });
    for (let n = 0; n < 200; n += 1) await store.nextNumber(`counter ${n} ${'x'.repeat(200)}`);
    await store.close();
    const whole = readFileSync(path);
    const PAGE = 4096;
    let refused = 0;
    for (let page = 1; page < whole.length / PAGE; page += 1) {
      const damaged = Buffer.from(whole);
      damaged.fill(0xff, page * PAGE, page * PAGE + 64);
      writeFileSync(path, damaged);
      try {
        await openSqliteStore({ path }).close();
      } catch (error) {
        expect(error).toMatchObject({ name: 'StoreDamaged' });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(10);
    writeFileSync(path, 'no database at all'.repeat(1000));
    expect(() => openSqliteStore({ path })).toThrow(/restore the last backup/);
    rmSync(folder, { recursive: true, force: true });
  });
});
