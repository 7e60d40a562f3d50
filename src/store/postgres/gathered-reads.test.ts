/** Small reads of one turn of the event loop travel together, and each has its own answer. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresServer, whyNoPostgres } from '../../../test/harness/postgres-server.ts';
import type { Query } from '../program.ts';
import { openPool } from './driver.ts';
import { GatheredReads } from './gathered-reads.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

describe.skipIf(problem !== null)('small reads of one turn', () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  let reads: GatheredReads;
  /** How often a connection was taken for one or for several of them. */
  let journeys: number;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);
  afterAll(() => server?.dispose(), 60_000);
  beforeEach(async () => {
    pool = openPool(await server.schema(), 3);
    await pool.query('create table t (a text primary key, n bigint)');
    await pool.query(`insert into t values ('x', 1), ('y', 2), ('z', 3)`);
    journeys = 0;
    pool.on('acquire', () => (journeys += 1));
    reads = new GatheredReads(pool);
    return () => pool.end();
  });

  const one = (a: string): Query => ({ sql: 'select n from t where a = $1', params: [a] });
  const number = async (a: string): Promise<unknown> => (await reads.execute(one(a))).rows[0]?.['n'];

  it('travel together, and what several ask is asked once', async () => {
    const [x, y, again, pair] = await Promise.all([
      number('x'),
      number('y'),
      number('x'),
      reads.executeAll([one('z'), one('none')]),
    ]);
    expect([x, y, again]).toEqual([1, 2, 1]);
    expect(pair.map(({ rows }) => rows)).toEqual([[{ n: 3 }], []]);
    expect(journeys).toBe(1);
  });

  it('see what was written before they were asked, in the same turn as others or not', async () => {
    const before = number('x');
    await pool.query(`update t set n = 7 where a = 'x'`);
    expect([1, 7]).toContain(await before);
    expect(await Promise.all([number('x'), number('x')])).toEqual([7, 7]);
  });

  it('fail alone', async () => {
    const wrong: Query = { sql: 'select n from nowhere where a = $1', params: ['x'] };
    const unfit = { sql: 'select n from t where n = $1', params: [{}] } as unknown as Query;
    const [x, failed, y, misfit] = await Promise.allSettled([
      number('x'),
      reads.execute(wrong),
      number('y'),
      reads.execute(unfit),
    ]);
    expect([x, y]).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 2 },
    ]);
    expect([failed, misfit].map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect(await number('z')).toBe(3);
  });

  it('are all told when the database is lost', async () => {
    await number('x');
    const lost = await Promise.allSettled([
      reads.execute({ sql: 'select pg_terminate_backend(pg_backend_pid())', params: [] }),
      number('y'),
    ]);
    expect(lost.map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect(await number('y')).toBe(2);
  });
});
