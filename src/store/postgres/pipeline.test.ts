/** Several statements on one journey: in order, and a connection that goes on after one of them has failed. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresServer, whyNoPostgres } from '../../../test/harness/postgres-server.ts';
import type { Query } from '../program.ts';
import { connectionConfig, executorOn } from './driver.ts';
import { Lane } from './lane.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

describe.skipIf(problem !== null)('several statements on one journey', () => {
  let server: PostgresServer;
  let client: pg.Client;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);
  afterAll(() => server?.dispose(), 60_000);
  beforeEach(async () => {
    client = new pg.Client(connectionConfig(await server.schema()));
    await client.connect();
    await client.query('create table t (a text primary key, n bigint)');
    return () => client.end();
  });

  const add = (a: string, n: number | null): Query => ({
    sql: 'insert into t (a, n) values ($1, $2)',
    params: [a, n],
  });
  const all: Query = { sql: 'select a, n from t order by a', params: [] };
  const move = (a: string, n: number): Query => ({ sql: 'update t set n = $2 where a = $1', params: [a, n] });

  it('are carried out in order, and each says what it gave', async () => {
    const results = await executorOn(client).executeAll([
      add('x', 1),
      add('y', null),
      move('z', 3),
      move('x', 2),
      all,
    ]);
    expect(results.map(({ changes }) => changes)).toEqual([1, 1, 0, 1, 0]);
    expect(results.at(-1)?.rows).toEqual([
      { a: 'x', n: 2 },
      { a: 'y', n: null },
    ]);
  });

  it('end at the first that fails, and nothing of them stays', async () => {
    const on = executorOn(client);
    await expect(on.executeAll([add('x', 1), add('x', 2), add('y', 3)])).rejects.toThrow(/duplicate key/);
    expect((await on.execute(all)).rows).toEqual([]);
  });

  it('may be said again after a failure, whatever the connection had parsed by then', async () => {
    const on = executorOn(client);
    const other = (n: number): Query => ({
      sql: 'insert into t (a, n) values ($1, $2 / 1)',
      params: [`o${n}`, n],
    });
    // From its second time on a text has a name: one of them is parsed behind the failure, so never.
    for (let n = 0; n < 4; n += 1)
      await expect(on.executeAll([add('x', n), add('x', n), other(n)])).rejects.toThrow(/duplicate key/);
    for (let n = 0; n < 3; n += 1) await on.executeAll([other(n), move('o0', 7), all]);
    expect((await on.execute(all)).rows.map(({ a }) => a)).toEqual(['o0', 'o1', 'o2']);
  });

  it('give their rows again and again, though a connection describes them once', async () => {
    const on = executorOn(client);
    const one: Query = { sql: 'select n as number, a from t where a = $1', params: ['x'] };
    await on.execute(add('x', 1));
    for (let n = 2; n < 6; n += 1) {
      const results = await on.executeAll([all, one, move('x', n), one, all, one]);
      expect(results.map(({ rows }) => rows)).toEqual([
        [{ a: 'x', n: n - 1 }],
        [{ number: n - 1, a: 'x' }],
        [],
        [{ number: n, a: 'x' }],
        [{ a: 'x', n }],
        [{ number: n, a: 'x' }],
      ]);
    }
  });

  it('refuse what no column holds before anything is sent', async () => {
    const on = executorOn(client);
    await expect(on.executeAll([add('x', 1), { ...add('y', 2), params: [{}, 2] }])).rejects.toThrow(
      /cannot be stored/,
    );
    expect((await on.execute(all)).rows).toEqual([]);
  });

  it('wait in a lane for the next question, and are done when it is settled', async () => {
    const lane = new Lane(client);
    await lane.write([{ query: add('x', 1) }]);
    expect((await executorOn(client).execute(all)).rows).toEqual([]);
    expect((await lane.execute(all)).rows).toEqual([{ a: 'x', n: 1 }]);
    await lane.write([{ query: move('nobody', 1), otherwise: () => new Error('nobody is missing') }]);
    await expect(lane.settle()).rejects.toThrow('nobody is missing');
    await lane.settle();
  });
});
