/**
 * A connection on which the programs of one transaction run one after another: what one of them writes at last travels
 * with the first question of the next, so that a batch of changes waits for one journey each. Carried out it is in order.
 */
import type pg from 'pg';
import { type Executor, type Query, type QueryResult, type Write, checkWrites } from '../program.ts';
import { executorOn } from './driver.ts';

export class Lane implements Executor {
  readonly #connection: Executor;
  #unsent: Write[] = [];
  /** How often anything was asked or written here. */
  steps = 0;

  constructor(client: pg.ClientBase) {
    this.#connection = executorOn(client);
  }

  async execute(query: Query): Promise<QueryResult> {
    const [result] = await this.executeAll([query]);
    if (!result) throw new Error(`no answer to ${query.sql}`);
    return result;
  }

  /** @throws also what became of what was written before */
  async executeAll(queries: readonly Query[]): Promise<readonly QueryResult[]> {
    this.steps += 1;
    const writes = this.#unsent;
    this.#unsent = [];
    const results = await this.#connection.executeAll([...writes.map(({ query }) => query), ...queries]);
    checkWrites(writes, results);
    return results.slice(writes.length);
  }

  write(writes: readonly Write[]): Promise<void> {
    this.steps += 1;
    this.#unsent.push(...writes);
    return Promise.resolve();
  }

  /** Everything that was written has been carried out. */
  async settle(): Promise<void> {
    if (this.#unsent.length > 0) await this.executeAll([]);
  }
}
