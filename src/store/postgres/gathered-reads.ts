/**
 * Small reads of many callers on one journey: what is asked in one turn of the event loop travels together, and the same
 * question once. Only for what an index answers with a row or a few, as each waits for those before it.
 */
import type pg from 'pg';
import type { Executor, Query, QueryResult } from '../program.ts';
import { executorOn, isLost } from './driver.ts';

interface Asked {
  query: Query;
  resolve: (result: QueryResult) => void;
  reject: (error: unknown) => void;
  result: Promise<QueryResult>;
}

/** More than that delays the first of them for the sake of the last. */
const MOST = 200;

export class GatheredReads implements Executor {
  readonly #pool: Executor;
  #waiting = new Map<string, Asked>();

  constructor(pool: pg.Pool) {
    this.#pool = executorOn(pool);
  }

  execute(query: Query): Promise<QueryResult> {
    const question = JSON.stringify([query.sql, query.params]);
    const known = this.#waiting.get(question);
    if (known) return known.result;
    if (this.#waiting.size === 0) setImmediate(() => this.#ask());
    const asked = { query } as Asked;
    asked.result = new Promise((resolve, reject) => Object.assign(asked, { resolve, reject }));
    this.#waiting.set(question, asked);
    return asked.result;
  }

  executeAll(queries: readonly Query[]): Promise<readonly QueryResult[]> {
    return Promise.all(queries.map((query) => this.execute(query)));
  }

  write(): Promise<void> {
    return Promise.reject(new Error('what is gathered only reads'));
  }

  #ask(): void {
    const all = [...this.#waiting.values()];
    this.#waiting = new Map();
    for (let from = 0; from < all.length; from += MOST) void this.#askTogether(all.slice(from, from + MOST));
  }

  async #askTogether(asked: readonly Asked[]): Promise<void> {
    try {
      const results = await this.#pool.executeAll(asked.map(({ query }) => query));
      for (const [n, { resolve }] of asked.entries()) resolve(results[n] as QueryResult);
    } catch (error) {
      if (isLost(error) || asked.length === 1) for (const { reject } of asked) reject(error);
      // One of them has failed, and what came behind it was not carried out: each gets its own answer.
      else for (const each of asked) this.#pool.execute(each.query).then(each.resolve, each.reject);
    }
  }
}
