import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storeConformance } from '../conformance.test-suite.ts';
import type { StoreUnderTest } from '../testing/store-under-test.ts';
import { SqliteConnection } from './driver.ts';
import { openSqliteStore, openSqliteTarget } from './sqlite-store.ts';

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
});
