/**
 * The one writer of a SQLite file:
 *
 *     callers ──enqueue──▶ queue ──(end of this turn of the event loop)──▶ BEGIN IMMEDIATE
 *                                      each job: guards, compare-and-swap, rows, effects
 *                                    COMMIT (one fsync for all) ──▶ answer each ──▶ subscribers, in seq order
 *
 * All that arrives in one turn shares one transaction and one flush to disk, which is what makes FULL affordable; the
 * whole batch runs synchronously, so no two callers ever interleave inside it. A job that fails takes back itself alone:
 * its batch is begun again, with a savepoint for each. An answer is given after the commit, never before. If the commit
 * itself fails, nobody is told that anything happened: every caller of the batch gets the error, and after an I/O error
 * the store refuses further writes until it is opened again, because a failed fsync must not be retried. A disk that is
 * full is none: SQLite says so of a write, before anything was to be flushed, and the next batch may fit.
 */
import type { CommitPoint } from '../commit-points.ts';
import type { StoredEvent } from '../port.ts';
import type { ChainHead } from '../programs/append.ts';
import { BatchGround } from '../programs/batch-ground.ts';
import { StoreBroken, StoreBusy, StoreDamaged } from '../store-errors.ts';
import { type Connection, sqliteCode } from './driver.ts';

/** What a job sees of the transaction that it runs in; it adds the events that it appends. */
export interface Turn {
  chain: ChainHead;
  ground: BatchGround;
  events: StoredEvent[];
  /** Called once all of it is committed, before anybody is answered. */
  afterCommit: (() => void)[];
}

/** `run` may be called again, when the batch is begun again; what it gives is called after the commit. */
interface Job {
  run: () => () => void;
  fail: (error: unknown) => void;
}

export interface GroupCommitOptions {
  connection: Connection;
  chain: ChainHead;
  schedule: (run: () => void) => void;
  onCommit: ((point: CommitPoint, events: readonly StoredEvent[]) => void) | undefined;
  publish: (events: readonly StoredEvent[]) => void;
  /** Some of what jobs have done is undone: whoever has kept it forgets it. */
  onTakenBack: () => void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #connection: Connection;
  readonly #turn: Turn;
  #queue: Job[] = [];
  #broken: unknown = null;
  #closed = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.#turn = { chain: options.chain, ground: new BatchGround(), events: [], afterCommit: [] };
  }

  /** What ended it; null while it takes writes. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Runs the work in the next batch; answers with what it returns once that is committed. */
  enqueue<T>(work: (turn: Turn) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken !== null || this.#closed) {
        reject(this.#broken === null ? new Error('the store is closed') : new StoreBroken(this.#broken));
        return;
      }
      this.#queue.push({
        run: () => {
          const value = work(this.#turn);
          return () => resolve(value);
        },
        fail: reject,
      });
      if (this.#queue.length === 1) this.#options.schedule(() => this.#flush());
    });
  }

  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    if (batch.length === 0 || !this.#begin(batch)) return;
    const { onCommit, publish } = this.#options;
    const before = { ...this.#turn.chain };
    const events: StoredEvent[] = [];
    this.#turn.events = events;
    this.#turn.afterCommit = [];
    let answers: (() => void)[] | null;
    try {
      onCommit?.('begun', events);
      answers = this.#run(batch);
      if (answers === null) return;
      onCommit?.('before-commit', events);
      this.#connection.exec('commit');
    } catch (error) {
      this.#takeBack(before, 0, 0);
      this.#rollBack();
      if (!isFull(error)) this.#broken = error;
      const told = isFull(error)
        ? new StoreBusy('the disk of the database is full; nothing was written', error)
        : new StoreBroken(error);
      for (const job of batch) job.fail(told);
      return;
    }
    onCommit?.('after-commit', events);
    for (const act of this.#turn.afterCommit) act();
    for (const answer of answers) answer();
    onCommit?.('answered', events);
    if (events.length > 0) publish(events);
    onCommit?.('published', events);
  }

  /** Begins the transaction of a batch; where that fails, everyone in it is told. */
  #begin(batch: readonly Job[]): boolean {
    try {
      this.#connection.exec('begin immediate');
      return true;
    } catch (error) {
      // A lock that another program takes for a while (a backup, a shell) must not end the store: no transaction began.
      if (!isBusy(error)) this.#broken = error;
      const told = isBusy(error)
        ? new StoreBusy('another process has locked the database; nothing was written', error)
        : new StoreBroken(error);
      for (const job of batch) job.fail(told);
      return false;
    }
  }

  /** @returns what to answer after the commit; null where there is nothing to commit */
  #run(batch: readonly Job[]): (() => void)[] | null {
    const before = { ...this.#turn.chain };
    const done = this.#runTogether(batch);
    if (Array.isArray(done)) return done;
    // Savepoints cost every job, and few fail: so the batch is begun again for those few.
    if (isOfAll(done.failure)) throw done.failure as Error;
    this.#connection.exec('rollback');
    this.#takeBack(before, 0, 0);
    if (batch.length > 1) return this.#begin(batch) ? this.#runApart(batch) : null;
    batch[0]?.fail(done.failure);
    return null;
  }

  /** All of the batch as one. @returns what to answer, or the failure that spoils the transaction for all */
  #runTogether(batch: readonly Job[]): (() => void)[] | { failure: unknown } {
    try {
      return batch.map((job) => {
        const answer = job.run();
        this.#options.onCommit?.('plan', this.#turn.events);
        return answer;
      });
    } catch (failure) {
      return { failure };
    }
  }

  /** Each in its savepoint: who fails takes back its own changes alone. */
  #runApart(batch: readonly Job[]): (() => void)[] {
    return batch.map((job) => {
      this.#connection.exec('savepoint plan');
      const saved = { ...this.#turn.chain };
      const events = this.#turn.events.length;
      const acts = this.#turn.afterCommit.length;
      try {
        const answer = job.run();
        this.#connection.exec('release plan');
        this.#options.onCommit?.('plan', this.#turn.events);
        return answer;
      } catch (error) {
        // It has taken the whole transaction back.
        if (isOfAll(error)) throw error;
        this.#connection.exec('rollback to plan; release plan');
        this.#takeBack(saved, events, acts);
        return () => job.fail(error);
      }
    });
  }

  #rollBack(): void {
    try {
      this.#connection.exec('rollback');
    } catch {
      // SQLite has done it by itself.
    }
  }

  /** @param events how many of the batch's stay, and `acts` of what comes after its commit */
  #takeBack(chain: ChainHead, events: number, acts: number): void {
    this.#turn.chain = chain;
    this.#turn.events.length = events;
    this.#turn.afterCommit.length = acts;
    this.#turn.ground.forget();
    this.#options.onTakenBack();
  }
}

/** BUSY. */
const isBusy = (error: unknown): boolean => sqliteCode(error) === 5;
/** FULL. */
const isFull = (error: unknown): boolean => sqliteCode(error) === 13;
/** The transaction is lost for all of its batch, not for the job alone that met it. */
const isOfAll = (error: unknown): boolean => isFull(error) || error instanceof StoreDamaged;
