/**
 * The embedded store: SQLite with WAL and `synchronous=FULL`, one connection, one writer.
 *
 *     callers ──commit(plan)──▶ queue ──(end of this turn of the event loop)──▶ BEGIN IMMEDIATE
 *                                          each plan: guards, compare-and-swap, rows, effects
 *                                        COMMIT (one fsync for all) ──▶ answer each ──▶ subscribers, in seq order
 *
 * All plans that arrive in one turn share one transaction and one flush to disk, which is what makes FULL affordable;
 * the whole batch runs synchronously, so no two callers ever interleave inside it. A plan that fails takes back itself
 * alone: its batch is begun again, with a savepoint for each. An answer is given after the commit, never before. If the
 * commit itself fails, nobody is told that anything happened: every caller of the batch gets the error, and after an I/O
 * error the store refuses further writes until it is opened again, because a failed fsync must not be retried.
 */
import { randomBytes } from 'node:crypto';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { CommitPoint } from '../commit-points.ts';
import type { CommitPlan, CommitResult, DocumentKind, Lease, Store, StoredEvent, Work } from '../port.ts';
import { type Program, runSync } from '../program.ts';
import { type ChainHead, commitPrograms } from '../programs/commit.ts';
import { PlanRejected } from '../programs/plan-rejected.ts';
import { StreamHeads } from '../programs/stream-heads.ts';
import { dispatchPrograms } from '../programs/dispatch.ts';
import { readPrograms } from '../programs/read.ts';
import { sidePrograms } from '../programs/side.ts';
import { bundlePrograms } from '../programs/bundles.ts';
import { UNFINISHED, refuseUnfinished, transferPrograms } from '../programs/transfer.ts';
import {
  FIRST_SETTINGS,
  SCHEMA_VERSION,
  type Tables,
  refuseNewerSchema,
  schemaStatements,
} from '../schema.ts';
import { StoreBroken, StoreBusy } from '../store-errors.ts';
import { type Connection, SqliteConnection } from './driver.ts';
import { dumpOpenConnection, dumpSqlite, sqliteTarget } from './sqlite-transfer.ts';
import type { LoadTarget } from '../load-target.ts';

/** Compiles queries for SQLite; never executes any. */
export function sqliteCompiler(): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

export interface SqliteStoreOptions {
  /** A file, or `:memory:`; or what is connected already, which the simulation uses again for each world. */
  path: string | Connection;
  /** The database's clock, in milliseconds since the epoch. */
  clock?: () => number;
  /** Called at each boundary of each group commit, with the events that it has so far; the place for failpoints. */
  onCommit?: ((point: CommitPoint, events: readonly StoredEvent[]) => void) | undefined;
  /** Opens also what a restore has filled and not finished; for the restore itself. */
  unfinished?: boolean;
  /** Runs the batch; the default is the end of this turn of the event loop. */
  schedule?: (run: () => void) => void;
}

/** The programs keep their compiled statements, so all stores of a process share one set. */
const db = sqliteCompiler();
const commits = commitPrograms(db);
const reads = readPrograms(db);
const lanes = dispatchPrograms(db);
const side = sidePrograms(db);
const bundles = bundlePrograms(db);
const transfer = transferPrograms(db);

/** The database at this path, to be filled from a dump. */
export function openSqliteTarget(path: string): LoadTarget {
  return sqliteTarget(db, path);
}

type Job = { run: () => () => void; fail: (error: unknown) => void };

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return (Number((error as { errcode?: number } | null)?.errcode) & 0xff) === SQLITE_BUSY;
}

export function openSqliteStore(options: SqliteStoreOptions): Store {
  const opened = typeof options.path === 'string' ? new SqliteConnection(options.path) : null;
  const connection: Connection = opened ?? (options.path as Connection);
  const clock = options.clock ?? Date.now;
  const schedule = options.schedule ?? ((run) => setImmediate(run));
  connection.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off;');
  connection.exec(
    'pragma wal_autocheckpoint = 4000; pragma busy_timeout = 2000; pragma temp_store = memory;',
  );
  prepareSchema(connection, options.unfinished ?? false);

  let chain: ChainHead = sync(commits.chainHead());
  const heads = new StreamHeads();
  let queue: Job[] = [];
  let broken: unknown = null;
  let closed = false;
  const listeners = new Set<(events: readonly StoredEvent[]) => void>();
  /**
   * Configured resources are read with every write and every tick, and change rarely. This process is the file's only
   * writer, so they are kept parsed until one of them is written. What is handed out is shared: nobody may change it.
   */
  const documents = new Map<string, unknown>();
  const cached = <T>(key: string, make: () => Program<T>): Promise<T> => {
    // In one turn with the read: a write between reading and keeping would leave the old value behind.
    if (!documents.has(key)) {
      try {
        documents.set(key, sync(make()));
      } catch (error) {
        return Promise.reject(error as Error);
      }
    }
    return Promise.resolve(documents.get(key) as T);
  };

  function sync<T>(program: Program<T>): T {
    return runSync(program, (q) => connection.execute(q));
  }

  /** Reads see committed state only: the writer never leaves a transaction open across turns. */
  const read = <T>(make: () => Program<T>): Promise<T> => {
    try {
      return Promise.resolve(sync(make()));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  };

  /** Queues work for the next batch. `work` runs in its own savepoint; what it returns is answered after the commit. */
  function enqueue<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (broken !== null || closed) {
        reject(broken === null ? new Error('the store is closed') : new StoreBroken(broken));
        return;
      }
      queue.push({
        run: () => {
          const value = work();
          return () => resolve(value);
        },
        fail: reject,
      });
      if (queue.length === 1) schedule(flush);
    });
  }

  /** Begins the transaction of a batch; where that fails, everyone in it is told. */
  function begin(batch: readonly Job[]): boolean {
    try {
      connection.exec('begin immediate');
      return true;
    } catch (error) {
      // A lock that another program takes for a while (a backup, a shell) must not end the store: no transaction began.
      if (!isBusy(error)) broken = error;
      const told = isBusy(error)
        ? new StoreBusy('another process has locked the database; nothing was written', error)
        : new StoreBroken(error);
      for (const job of batch) job.fail(told);
      return false;
    }
  }

  /** All of the batch in its transaction. @returns what to answer, or the failure that spoils the transaction for all */
  function runTogether(
    batch: readonly Job[],
    published: StoredEvent[],
  ): (() => void)[] | { failure: unknown } {
    try {
      return batch.map((job) => {
        const answer = job.run();
        options.onCommit?.('plan', published);
        return answer;
      });
    } catch (failure) {
      return { failure };
    }
  }

  /** Each in its savepoint: who fails takes back its own changes alone. */
  function runApart(batch: readonly Job[], published: StoredEvent[]): (() => void)[] {
    return batch.map((job) => {
      connection.exec('savepoint plan');
      const saved = { ...chain };
      const count = published.length;
      try {
        const answer = job.run();
        connection.exec('release plan');
        options.onCommit?.('plan', published);
        return answer;
      } catch (error) {
        connection.exec('rollback to plan; release plan');
        takeBack(saved, published, count);
        return () => job.fail(error);
      }
    });
  }

  function takeBack(to: ChainHead, published: StoredEvent[], count: number): void {
    chain = to;
    published.length = count;
    heads.forget();
  }

  /** @returns what to answer after the commit; null where there is nothing to commit */
  function runBatch(batch: readonly Job[], published: StoredEvent[]): (() => void)[] | null {
    const before = { ...chain };
    const done = runTogether(batch, published);
    if (Array.isArray(done)) return done;
    // Savepoints cost every plan, and few fail: so it is begun again for those few.
    connection.exec('rollback');
    takeBack(before, published, 0);
    if (batch.length > 1) return begin(batch) ? runApart(batch, published) : null;
    batch[0]?.fail(done.failure);
    return null;
  }

  function flush(): void {
    const batch = queue;
    queue = [];
    if (batch.length === 0 || !begin(batch)) return;
    const published: StoredEvent[] = [];
    const before = { ...chain };
    let answers: (() => void)[] | null;
    pending = published;
    try {
      options.onCommit?.('begun', published);
      answers = runBatch(batch, published);
      if (answers === null) return;
      options.onCommit?.('before-commit', published);
      connection.exec('commit');
    } catch (error) {
      takeBack(before, [], 0);
      broken = error;
      try {
        connection.exec('rollback');
      } catch {
        // The transaction may be gone already; the store is closed for writes either way.
      }
      for (const job of batch) job.fail(new StoreBroken(error));
      return;
    } finally {
      pending = [];
    }
    options.onCommit?.('after-commit', published);
    for (const answer of answers) answer();
    options.onCommit?.('answered', published);
    if (published.length > 0) for (const listener of listeners) listener(published);
    options.onCommit?.('published', published);
  }
  let pending: StoredEvent[] = [];

  const write = <T>(make: (now: number) => Program<T>): Promise<T> => enqueue(() => sync(make(clock())));

  return {
    blobs: null,
    now: () => Promise.resolve(clock()),
    commit: (plan: CommitPlan) =>
      enqueue<StoredEvent[]>(() => {
        const stored = sync(commits.apply(plan, clock(), chain, heads));
        pending.push(...stored);
        if (plan.rows.some((row) => row.row === 'document')) documents.clear();
        return stored;
      }).then(
        (): CommitResult => ({ committed: true }),
        (error: unknown): CommitResult => {
          if (error instanceof PlanRejected) return { committed: false, conflict: error.conflict };
          throw error;
        },
      ),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    acquireLease: (name, holder, ttlMs) => write((now) => commits.acquireLease(name, holder, ttlMs, now)),
    renewLease: (name, holder, epoch, ttlMs) =>
      write((now) => commits.renewLease(name, holder, epoch, ttlMs, now)),
    dropLease: (name, holder) => write(() => side.dropLease(name, holder)),
    readLease: (name): Promise<Lease | null> => read(() => side.readLease(name)),

    nextNumber: (counter) => write(() => side.nextNumber(counter)),
    secret: (name) => write(() => side.settingOr(`secret:${name}`, randomBytes(32).toString('base64url'))),
    // Only a restore changes it, and that needs a store that is closed.
    fenceFloor: () =>
      cached('fence_floor', () => reads.setting('fence_floor')).then((value) => Number(value ?? 0)),

    ticket: (key) => read(() => reads.ticket(key)),
    tickets: (q) => read(() => reads.tickets(q)),
    groupTickets: (filter, by) => read(() => reads.groupTickets(filter, by)),
    ticketStatuses: (keys) => read(() => reads.ticketStatuses(keys)),
    ticketOfAttempt: (id) => read(() => reads.ticketOfAttempt(id)),
    ticketOfEvidence: (id) => read(() => reads.ticketOfEvidence(id)),
    countByStatus: () => read(() => reads.countByStatus()),

    inboxItem: (id) => read(() => reads.inboxItem(id)),
    inbox: (q) => read(() => reads.inbox(q)),
    openInboxOf: (ticket) => read(() => reads.openInboxOf(ticket)),
    dueInbox: (now) => read(() => reads.dueInbox(now)),

    alert: (fingerprint) => read(() => reads.alert(fingerprint)),
    alertById: (id) => read(() => reads.alertById(id)),
    alerts: (q) => read(() => reads.alerts(q)),

    document: <T extends object>(kind: DocumentKind, id: string) =>
      cached(`${kind}:${id}`, () => reads.document<T>(kind, id)),
    documents: <T extends object>(kind: DocumentKind) => cached(`${kind}`, () => reads.documents<T>(kind)),
    configVersion: () => read(() => reads.configVersion()),

    skipOf: (ticket) => read(() => reads.skipOf(ticket)),
    skipsOf: (tickets) => read(() => reads.skipsOf(tickets)),
    skipHistory: (ticket) => read(() => reads.skipHistory(ticket)),
    recordSkips: (skips) =>
      write(function* (now) {
        for (const skip of skips) yield* commits.applyEffect({ effect: 'skip_set', ...skip }, now);
      }),

    readLanes: (o) => read(() => lanes.readLanes(o, clock())),
    nextNotBefore: (now) => read(() => lanes.nextNotBefore(now)),
    openAttempts: () => read(() => lanes.openAttempts()),
    attemptsOfRunner: (runner) => read(() => lanes.attemptsOfRunner(runner)),
    parkedAttempts: () => read(() => lanes.parkedAttempts()),
    recordUsage: (usage, at) => write(() => side.recordUsage(usage, at)),
    usageOf: (attempt) => read(() => side.usageOf(attempt)),
    spentSince: (since) => read(() => lanes.spentSince(since)),
    ticketsToVerify: (limit) => read(() => lanes.ticketsToVerify(limit)),

    work: (id) => read(() => lanes.work(id)),
    offerableWork: (runner, kinds, limit) => read(() => lanes.offerableWork(runner, kinds, limit, clock())),
    takeWork: (id, runner, ttlMs): Promise<Work | null> =>
      write(function* (now) {
        const work = yield* lanes.takeWork(id, now, runner);
        if (work) {
          yield* commits.applyEffect(
            { effect: 'lease_set', name: `work:${id}`, holder: runner, epoch: work.fence, ttlMs },
            now,
          );
        }
        return work;
      }),
    workOfAttempt: (attempt) => read(() => lanes.workOfAttempt(attempt)),
    workOfRunner: (runner) => read(() => lanes.workOfRunner(runner)),

    credential: (hash) => read(() => side.credential(hash)),
    credentials: () => read(() => side.credentials()),
    touchCredential: (hash, at) => write(() => side.touchCredential(hash, at)),
    useCode: (hash, now) => write(() => side.useCode(hash, now)),

    idempotent: (scope, key) => read(() => side.idempotent(scope, key)),
    saveAnswer: (scope, key, bodyHash, answer, at) =>
      write(() => side.saveAnswer(scope, key, bodyHash, answer, at)),

    seen: (runner, at, draining) => write(() => side.seen(runner, at, draining)),
    unanswered: (runner, since, seenAt) => write(() => side.unanswered(runner, since, seenAt)),
    presences: () => read(() => side.presences()),
    recordJobRun: (run) => write(() => side.recordJobRun(run)),
    jobRuns: () => read(() => side.jobRuns()),

    appendOutput: (owner, chunks) => write(() => side.appendOutput(owner, chunks)),
    output: (owner, after, limit) => read(() => side.output(owner, after, limit)),
    diff: (attempt) => read(() => reads.diff(attempt)),

    saveBundle: (bundle) => write(() => bundles.save(bundle)),
    bundle: (attempt) => read(() => bundles.one(attempt)),
    bundlesOfClosed: (before, limit) => read(() => bundles.ofClosed(before, limit)),
    bundlesWith: (sha256) => read(() => bundles.withContent(sha256)),
    removeBundle: (attempt) => write(() => bundles.remove(attempt)),

    dump: () => {
      try {
        const { path } = options;
        return Promise.resolve(
          typeof path === 'string' && path !== ':memory:'
            ? dumpSqlite(db, path, clock())
            : dumpOpenConnection(db, connection, clock()),
        );
      } catch (error) {
        return Promise.reject(error as Error);
      }
    },

    eventsAfter: (seq, limit) => read(() => reads.eventsAfter(seq, limit)),
    streamEvents: (stream, after, limit) => read(() => reads.streamEvents(stream, after, limit)),
    head: () => read(() => reads.head()),
    streams: (after, limit) => read(() => reads.streams(after, limit)),
    prune: (now) => write(() => side.prune(now)),
    ping: () => (broken === null ? write(() => side.ping()) : Promise.reject(new StoreBroken(broken))),
    close: () => {
      if (closed) return Promise.resolve();
      flush();
      closed = true;
      opened?.close();
      return Promise.resolve();
    },
  };
}

function prepareSchema(connection: Connection, unfinished: boolean): void {
  const tables = connection.execute({
    sql: `select name from sqlite_master where type = 'table' and name = 'settings'`,
    params: [],
  });
  const setting = (name: string): unknown =>
    connection.execute({ sql: 'select value from settings where name = ?', params: [name] }).rows[0]?.[
      'value'
    ];
  const isThere = tables.rows.length > 0;
  if (isThere && !unfinished) refuseUnfinished(setting(UNFINISHED));
  const found = isThere ? Number(setting('schema_version')) : 0;
  refuseNewerSchema(found);
  if (found === SCHEMA_VERSION) return;
  connection.exec('begin immediate');
  try {
    for (const statement of schemaStatements(db, undefined, { from: found })) connection.exec(statement.sql);
    if (found === 0) {
      for (const [name, value] of FIRST_SETTINGS) {
        connection.execute({
          sql: 'insert into settings (name, value) values (?, ?)',
          params: [name, value],
        });
      }
    } else runSync(transfer.setSchema(), (query) => connection.execute(query));
    connection.exec('commit');
  } catch (error) {
    connection.exec('rollback');
    throw error;
  }
}
