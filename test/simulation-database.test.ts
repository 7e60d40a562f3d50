/** The simulation's database is a store like any other, and its worlds are SQLite's worlds. */
import { storeConformance } from '../src/store/conformance.test-suite.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { expect, it } from 'vitest';
import { MemoryDatabase } from './simulation/memory/memory-database.ts';
import { SMALL, runSchedule } from './simulation/schedule.ts';

storeConformance(
  'The database of the simulation',
  async () => {
    const database = new MemoryDatabase();
    let now = 1_700_000_000_000;
    const make = () => openSqliteStore({ path: database, clock: () => now });
    let store = make();
    return {
      store,
      reopen: async () => {
        await store.close();
        store = make();
        return store;
      },
      another: () => Promise.reject(new Error('nothing is moved from here')),
      execute: (sql) => Promise.resolve(database.exec(sql)),
      advance: (ms) => {
        now += ms;
      },
      dispose: () => store.close(),
    };
  },
  false,
);

it('gives every world that SQLite gives, to the last hash of its log', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const inMemory = await runSchedule(seed, SMALL, 'memory');
    const onSqlite = await runSchedule(seed, SMALL, 'sqlite');
    expect([seed, inMemory.events, inMemory.head]).toEqual([seed, onSqlite.events, onSqlite.head]);
    expect(inMemory.events).toBeGreaterThan(20);
  }
}, 60_000);

it('refuses what it cannot read, rather than to understand it by half', () => {
  const database = new MemoryDatabase();
  database.exec('create table "t" ("a" text not null primary key, "b" bigint)');
  const run = (sql: string, params: unknown[] = []) => database.execute({ sql, params });
  expect(() => run('select "a" from "t" where not "a" = ?', ['x'])).toThrow(/cannot read this/);
  expect(() => run('select "a" from "t" order by "a" nulls first')).toThrow(/cannot read this/);
  expect(() => run('select "c" from "t"')).toThrow(/no such column: c/);
  expect(() => run('insert into "t" ("a", "b") values (?, ?)', ['x', undefined])).toThrow(/cannot be bound/);
  expect(() => run('insert into "t" ("a", "b") values (?, ?)', [null, 1])).toThrow(/NOT NULL/);
  run('insert into "t" ("a", "b") values (?, ?)', ['x', 1]);
  expect(() => run('insert into "t" ("a", "b") values (?, ?)', ['x', 2])).toThrow(
    /UNIQUE constraint failed: t.a/,
  );
});

it('joins with what is there, and with what is not', () => {
  const database = new MemoryDatabase();
  database.exec('create table "t" ("a" text not null primary key, "b" text)');
  database.exec('create table "u" ("b" text not null primary key, "c" bigint)');
  const run = (sql: string, params: unknown[] = []) => database.execute({ sql, params }).rows;
  for (const [a, b] of [
    ['x', 'one'],
    ['y', 'two'],
    ['z', null],
  ])
    run('insert into "t" ("a", "b") values (?, ?)', [a, b]);
  run('insert into "u" ("b", "c") values (?, ?)', ['one', 1]);
  const joined = (how: string) =>
    run(
      `select "t"."a", "u"."c" from "t" ${how} join "u" on "u"."b" = "t"."b" where "t"."a" in (?, ?) order by "t"."a"`,
      ['x', 'z'],
    );
  expect(joined('left')).toEqual([
    { a: 'x', c: 1 },
    { a: 'z', c: null },
  ]);
  expect(joined('inner')).toEqual([{ a: 'x', c: 1 }]);
  expect(run('select "t".* from "t" inner join "u" on "u"."b" = "t"."b"')).toEqual([{ a: 'x', b: 'one' }]);
});
