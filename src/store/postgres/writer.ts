/**
 * The one lane of all writers, on any number of servers:
 *
 *     callers ──enqueue──▶ queue ──▶ BEGIN, the lane's lock, the log's head
 *                                    what all its plans stand on
 *                                      each job: guards, compare-and-swap, rows, effects
 *                                    mark, NOTIFY, COMMIT ──▶ answer each ──▶ this server's subscribers
 *
 * The lock makes writing transactions run one after another, which is what `seq` without gaps and one rolling hash need
 * anyway; guards behind it are as good as locked reads of each row they name. While one batch is under way the next one
 * gathers, so many callers share a transaction and a flush to disk.
 *
 * A plan that lost is mostly refused for what is known of its ground, before anything is written. Any other job that fails
 * takes back itself alone: its batch is begun again, with savepoints, which would otherwise cost each job a round trip. What
 * did not commit is tried again with the same jobs: they are programs, and run anew against what is there then. When the
 * connection is lost around COMMIT, the mark says whether it did: see `dialect.ts`.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { CommitPoint } from '../commit-points.ts';
import type { CommitPlan, StoredEvent } from '../port.ts';
import { type Program, runAsync } from '../program.ts';
import type { ChainHead } from '../programs/append.ts';
import { BatchGround } from '../programs/batch-ground.ts';
import { GENESIS } from '../../domain/log/chain.ts';
import { StoreBusy } from '../store-errors.ts';
import { Lane } from './lane.ts';
import { OPEN_LANE, OPEN_LANE_FOR_MARK, PRUNE_MARKS, SELECT_MARK, closeLane } from './dialect.ts';
import { executeText, isLost, mayTryAgain, refusesWrites } from './driver.ts';
import { refuseOtherSchema } from './postgres-schema.ts';

/** What a job sees of the transaction it runs in; it adds the events that it appends. */
export interface Turn {
  now: number;
  chain: ChainHead;
  ground: BatchGround;
  events: StoredEvent[];
}

interface Job {
  /** What it applies; null where it is something else that it does. */
  plan: CommitPlan | null;
  make: (turn: Turn) => Program<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

interface Outcome {
  answers: (() => void)[];
  events: StoredEvent[];
}

interface WriterOptions {
  /** Of one connection: no two batches are under way at once. */
  pool: pg.Pool;
  channel: string;
  clock: (() => number) | undefined;
  /** What plans stand on, kept in the ground. */
  learn: (plans: readonly CommitPlan[], ground: BatchGround) => Program<void>;
  /** How long a change is tried again before its caller is told that the database cannot be reached. */
  patienceMs: number;
  onCommit: ((point: CommitPoint, events: readonly StoredEvent[]) => void) | undefined;
  publish: (events: readonly StoredEvent[]) => void;
}

const MOST_JOBS = 200;

/** The lane's connection was lost after COMMIT had been sent. */
class CommitUnknown extends Error {}

/** A job of several has failed, and with it the transaction that they shared. */
class Spoilt extends Error {}

export class Writer {
  readonly #options: WriterOptions;
  readonly #id = randomUUID();
  #batch = 0;
  #queue: Job[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Runs the program in the next batch; answers with what it returns once that is committed. */
  enqueue<T>(make: (turn: Turn) => Program<T>, plan: CommitPlan | null = null): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ plan, make, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  /** Forgets writers that have not written since. */
  async prune(before: number): Promise<void> {
    await this.#options.pool.query(PRUNE_MARKS, [before, this.#id]);
  }

  async #run(): Promise<void> {
    // All that arrives in this turn of the event loop shares the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MOST_JOBS);
      try {
        const outcome = await this.#commit(batch);
        this.#options.onCommit?.('after-commit', outcome.events);
        for (const answer of outcome.answers) answer();
        this.#options.onCommit?.('answered', outcome.events);
        this.#options.publish(outcome.events);
        this.#options.onCommit?.('published', outcome.events);
      } catch (error) {
        for (const job of batch) job.reject(told(error));
      }
    }
    this.#running = null;
  }

  async #commit(batch: readonly Job[]): Promise<Outcome> {
    const until = performance.now() + this.#options.patienceMs;
    let isApart = false;
    for (let tries = 1; ; tries += 1) {
      this.#batch += 1;
      const outcome: Outcome = { answers: [], events: [] };
      try {
        await this.#try(batch, outcome, isApart);
        return outcome;
      } catch (error) {
        if (error instanceof Spoilt) {
          isApart = true;
          continue;
        }
        if (error instanceof CommitUnknown) {
          if (await this.#hasCommitted(until, error.cause)) return outcome;
        } else if (!isLost(error) && !mayTryAgain(error)) throw error;
        if (performance.now() > until)
          throw new StoreBusy('the database did not take the change in time; nothing was written', error);
        await pause(tries);
      }
    }
  }

  async #try(batch: readonly Job[], outcome: Outcome, isApart: boolean): Promise<void> {
    const { pool, clock, onCommit, channel } = this.#options;
    const client = await pool.connect();
    let lost: unknown = null;
    try {
      const [opened] = (await executeText(client, OPEN_LANE)).at(-1) ?? [];
      refuseOtherSchema(opened);
      const turn: Turn = {
        now: clock?.() ?? Number(opened?.['now']),
        chain: { seq: Number(opened?.['seq'] ?? 0), roll: String(opened?.['roll'] ?? GENESIS) },
        ground: new BatchGround(),
        events: outcome.events,
      };
      onCommit?.('begun', turn.events);
      if (!(await this.#runJobs(client, batch, turn, outcome, isApart))) {
        await client.query('rollback');
        return;
      }
      onCommit?.('before-commit', turn.events);
      const seq = turn.events.at(-1)?.seq;
      const announce = seq === undefined ? null : { channel, seq };
      try {
        await executeText(client, closeLane(this.#id, this.#batch, announce));
      } catch (error) {
        throw isLost(error) ? new CommitUnknown('', { cause: error }) : error;
      }
    } catch (error) {
      lost = error;
      if (!(error instanceof CommitUnknown) && !isLost(error)) {
        lost = await client.query('rollback').then(
          () => null,
          (failed: unknown) => failed,
        );
      }
      throw error;
    } finally {
      client.release(lost !== null);
    }
  }

  /**
   * Apart, a job that fails takes back its own changes alone, and the batch goes on; one that is alone needs no savepoint.
   * @returns whether there is something to commit
   */
  async #runJobs(
    client: pg.ClientBase,
    batch: readonly Job[],
    turn: Turn,
    outcome: Outcome,
    isApart: boolean,
  ): Promise<boolean> {
    const shares = batch.length > 1 && !isApart;
    const saves = batch.length > 1 && isApart;
    const lane = new Lane(client);
    const plans = batch.flatMap(({ plan }) => plan ?? []);
    if (shares && plans.length > 1) {
      await runAsync(this.#options.learn(plans, turn.ground), lane).catch((error: unknown) => {
        throw spoilt(error);
      });
    }
    let succeeded = false;
    for (const [index, job] of batch.entries()) {
      // Apart, what one of them is thought to have written may be taken back.
      if (isApart) turn.ground.forget();
      else if (job.plan === null) turn.ground.forgetRows();
      if (saves) await client.query(index === 0 ? 'savepoint job' : 'release savepoint job; savepoint job');
      const before = { ...turn.chain };
      const count = turn.events.length;
      const { steps } = lane;
      try {
        const value = await runAsync(job.make(turn), lane);
        if (!shares) await lane.settle();
        outcome.answers.push(() => job.resolve(value as never));
        succeeded = true;
        this.#options.onCommit?.('plan', turn.events);
      } catch (error) {
        if (isLost(error) || mayTryAgain(error)) throw error;
        // What was refused for what the batch knows has done nothing that others would share.
        if (shares && lane.steps > steps) throw new Spoilt('', { cause: error });
        if (saves) await client.query('rollback to savepoint job');
        turn.chain = before;
        turn.events.length = count;
        outcome.answers.push(() => job.reject(told(error)));
      }
    }
    await lane.settle().catch((error: unknown) => {
      throw spoilt(error);
    });
    return succeeded;
  }

  async #hasCommitted(until: number, cause: unknown): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      let client: pg.PoolClient | null = null;
      try {
        client = await this.#options.pool.connect();
        await client.query(OPEN_LANE_FOR_MARK);
        const { rows } = await client.query<{ batch: number }>(SELECT_MARK, [this.#id]);
        await client.query('rollback');
        client.release();
        return rows[0]?.batch === this.#batch;
      } catch (error) {
        client?.release(true);
        if (performance.now() > until)
          throw new StoreBusy(
            'the database was lost while it committed, and does not answer: whether the change was written is not known',
            cause ?? error,
          );
        await pause(tries);
      }
    }
  }
}

/** What belongs to nobody in particular falls to one of them once each is apart. */
function spoilt(error: unknown): unknown {
  return isLost(error) || mayTryAgain(error) ? error : new Spoilt('', { cause: error });
}

function told(error: unknown): unknown {
  return refusesWrites(error)
    ? new StoreBusy('the database takes no changes now; nothing was written', error)
    : error;
}

function pause(tries: number): Promise<void> {
  const ms = Math.min(20 * 2 ** tries, 500) * (0.5 + Math.random());
  return new Promise((resolve) => setTimeout(resolve, ms));
}
