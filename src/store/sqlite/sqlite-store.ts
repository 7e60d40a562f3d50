/** The embedded store: SQLite with WAL and `synchronous=FULL`, one connection, one writer (`group-commit.ts`). */
import { randomBytes } from 'node:crypto';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Policy, Project, Stamped } from '../../domain/config.ts';
import type { CommitPoint } from '../commit-points.ts';
import type {
  CommitPlan,
  CommitResult,
  Credential,
  DocumentKind,
  Effect,
  Lease,
  Store,
  StoredEvent,
  TicketRecord,
  Work,
} from '../port.ts';
import { type Program, runSync } from '../program.ts';
import { commitPrograms } from '../programs/commit.ts';
import { PlanRejected } from '../programs/plan-rejected.ts';
import { dispatchPrograms } from '../programs/dispatch.ts';
import { findPrograms } from '../programs/find-tickets.ts';
import { projectOfKey, readPrograms } from '../programs/read.ts';
import { Recent } from '../programs/recent.ts';
import { sidePrograms } from '../programs/side.ts';
import { bundlePrograms } from '../programs/bundles.ts';
import { oddColumnsPrograms } from '../programs/odd-columns.ts';
import { destinationPrograms } from '../programs/destinations.ts';
import { notifyPrograms } from '../programs/notify.ts';
import { UNFINISHED, refuseUnfinished, transferPrograms } from '../programs/transfer.ts';
import { FIRST_SETTINGS, SCHEMA_VERSION, type Tables, refuseNewerSchema } from '../schema.ts';
import { schemaStatements } from '../schema-steps.ts';
import { StoreDamaged } from '../store-errors.ts';
import { type Connection, SqliteConnection } from './driver.ts';
import { GroupCommit } from './group-commit.ts';
import { TicketCounts, isCountable } from './ticket-counts.ts';
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

/** Work that is done in this turn, with its failure as a rejection. */
function atOnce<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** The programs keep their compiled statements, so all stores of a process share one set. */
const db = sqliteCompiler();
const commits = commitPrograms(db);
const reads = { ...readPrograms(db), ...findPrograms(db) };
const lanes = dispatchPrograms(db);
const side = sidePrograms(db);
const bundles = bundlePrograms(db);
const odd = oddColumnsPrograms(db);
const notify = { ...notifyPrograms(db), ...destinationPrograms(db) };
const transfer = transferPrograms(db);

/** The database at this path, to be filled from a dump. */
export function openSqliteTarget(path: string): LoadTarget {
  return sqliteTarget(db, path);
}

export function openSqliteStore(options: SqliteStoreOptions): Store {
  const opened = typeof options.path === 'string' ? new SqliteConnection(options.path) : null;
  const connection: Connection = opened ?? (options.path as Connection);
  const clock = options.clock ?? Date.now;
  connection.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off;');
  connection.exec(
    'pragma wal_autocheckpoint = 1000; pragma busy_timeout = 2000; pragma temp_store = memory;',
  );
  if (opened) refuseDamaged(opened);
  prepareSchema(connection, options.unfinished ?? false);

  let closed = false;
  const listeners = new Set<(events: readonly StoredEvent[]) => void>();
  /**
   * Configured resources are read with every write and every tick, and change rarely. This process is the file's only
   * writer, so they are kept parsed until one of them is written. What is handed out is shared: nobody may change it.
   */
  const documents = new Map<string, unknown>();
  const keptOf = <T>(key: string, make: () => Program<T>): T => {
    // In one turn with the read: a write between reading and keeping would leave the old value behind.
    if (!documents.has(key)) documents.set(key, sync(make()));
    return documents.get(key) as T;
  };
  const cached = <T>(key: string, make: () => Program<T>): Promise<T> => atOnce(() => keptOf(key, make));
  const documentOf = <T extends object>(kind: DocumentKind, id: string): (T & Stamped) | null =>
    keptOf(`${kind}:${id}`, () => reads.document<T>(kind, id));

  /**
   * Who asks is looked up with every request. Only what exists is kept, so that no stranger can fill it, and an answer that
   * has changed is forgotten in the transaction that changes it: revoking works at once.
   */
  const credentials = new Map<string, Credential>();

  function sync<T>(program: Program<T>): T {
    return runSync(program, (q) => connection.execute(q));
  }

  /**
   * The tickets that were written last, so that the next change of one needs no look at its row: this process is the file's
   * only writer. What is read, or verified, is read from the row all the same.
   */
  const written = new Recent<TicketRecord>(WRITTEN_TICKETS);

  const counts = new TicketCounts(() => sync(reads.countTickets()));

  /** Reads see committed state only: the writer never leaves a transaction open across turns. */
  const read = <T>(make: () => Program<T>): Promise<T> => atOnce(() => sync(make()));

  const writer = new GroupCommit({
    connection,
    chain: sync(commits.chainHead()),
    schedule: options.schedule ?? ((run) => setImmediate(run)),
    onCommit: options.onCommit,
    onTakenBack: () => written.clear(),
    publish: (events) => {
      for (const listener of listeners) listener(events);
    },
  });
  const write = <T>(make: (now: number) => Program<T>): Promise<T> =>
    writer.enqueue(() => sync(make(clock())));

  return {
    blobs: null,
    now: () => Promise.resolve(clock()),
    commit: (plan: CommitPlan) =>
      writer
        .enqueue((turn) => {
          // Other writes come between plans here, and a row costs no journey.
          turn.ground.forgetRows();
          turn.events.push(...sync(commits.apply(plan, clock(), turn.chain, turn.ground)));
          if (plan.rows.some((row) => row.row === 'document')) documents.clear();
          if (plan.effects?.some(changesCredentials)) credentials.clear();
          for (const row of plan.rows) {
            if (row.row !== 'ticket') continue;
            written.set(row.state.key, { state: row.state, streamVersion: row.streamVersion });
            turn.afterCommit.push(() => counts.changed(row.before, row.state));
          }
        })
        .then(
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
    ticketBasis: (key) =>
      atOnce(() => ({
        record: written.get(key) ?? sync(reads.ticket(key)),
        policy: documentOf<Policy>('policy', 'policy'),
        project: documentOf<Project>('project', projectOfKey(key)),
        now: clock(),
      })),
    tickets: (q) => read(() => reads.tickets(q)),
    groupTickets: (filter, by) =>
      isCountable(filter)
        ? atOnce(() => counts.groups(filter, by))
        : read(() => reads.groupTickets(filter, by)),
    ticketStatuses: (keys) => read(() => reads.ticketStatuses(keys)),
    ticketOfAttempt: (id) => read(() => reads.ticketOfAttempt(id)),
    ticketOfEvidence: (id) => read(() => reads.ticketOfEvidence(id)),
    countByStatus: () =>
      atOnce(() =>
        Object.fromEntries(counts.groups({}, 'status').map(({ status, count }) => [status, count])),
      ),

    inboxItem: (id) => read(() => reads.inboxItem(id)),
    inbox: (q) => read(() => reads.inbox(q)),
    openInboxOf: (ticket) => read(() => reads.openInboxOf(ticket)),
    dueInbox: (now) => read(() => reads.dueInbox(now)),

    alert: (fingerprint) => read(() => reads.alert(fingerprint)),
    alertById: (id) => read(() => reads.alertById(id)),
    alerts: (q) => read(() => reads.alerts(q)),

    document: <T extends object>(kind: DocumentKind, id: string) => atOnce(() => documentOf<T>(kind, id)),
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
    countOpenAttempts: () => read(() => lanes.countOpenAttempts()),
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

    credential: (hash) =>
      read(function* () {
        const found = credentials.get(hash) ?? (yield* side.credential(hash));
        if (found) credentials.set(hash, found);
        return found;
      }),
    credentials: () => read(() => side.credentials()),
    touchCredential: (hash, at) =>
      write(function* () {
        credentials.delete(hash);
        yield* side.touchCredential(hash, at);
      }),
    useCode: (hash, now) =>
      write(function* () {
        credentials.delete(hash);
        return yield* side.useCode(hash, now);
      }),

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

    notifyCursor: () => read(() => notify.cursor()),
    eventsOfTypes: (types, after, until, limit) =>
      read(() => notify.eventsOfTypes(types, after, until, limit)),
    planNotifications: (plan) => write(() => notify.plan(plan)),
    notifications: ({ before, limit }) => read(() => notify.newest(before ?? Number.MAX_SAFE_INTEGER, limit)),
    notification: (id) => read(() => notify.notification(id)),
    readMarks: (person) => read(() => notify.readMarks(person)),
    saveReadMarks: (person, expected, marks) => write(() => notify.saveReadMarks(person, expected, marks)),
    destinations: () => read(() => notify.destinations()),
    saveDestination: (destination) => write(() => notify.saveDestination(destination)),
    removeDestination: (id, at) => write(() => notify.removeDestination(id, at)),
    addDelivery: (delivery) => write(() => notify.addDelivery(delivery)),
    delivery: (key) => read(() => notify.delivery(key)),
    dueDeliveries: (at, limit) => read(() => notify.due(at, limit)),
    nextDeliveryAt: (at) => read(() => notify.nextAt(at)),
    claimDelivery: (delivery, until) => write(() => notify.claim(delivery, until)),
    finishDelivery: (delivery, result, fared) => write(() => notify.finish(delivery, result, fared)),
    releaseHeld: (at, digest) => write(() => notify.releaseHeld(at, digest)),
    deliveriesTo: (destination, limit) => read(() => notify.to(destination, limit)),

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
    oddColumns: (streams) => read(() => odd.oddColumns(streams)),
    rowCounts: () => read(() => odd.rowCounts()),
    prune: (now) =>
      write(function* () {
        credentials.clear();
        yield* side.prune(now);
        yield* notify.prune(now);
      }),
    ping: () => write(() => side.ping()),
    close: () => {
      if (closed) return Promise.resolve();
      closed = true;
      writer.close();
      // SQLite does it by itself only once every statement is finalized: a stopped server leaves one file, not three.
      if (opened && writer.broken === null) tryToCheckpoint(opened);
      opened?.close();
      return Promise.resolve();
    },
  };
}

/** Of each generation; a few kilobytes each, which they share with what was parsed last. */
const WRITTEN_TICKETS = 500;

/** A new one is none that anybody has asked for and got. */
const changesCredentials = ({ effect }: Effect): boolean => effect === 'credentials_revoke';

/** Larger ones would make a start slow; what is damaged in them is said when it is read. */
const LOOKED_THROUGH_BYTES = 256 * 1024 * 1024;

/** @throws StoreDamaged where the pages of the file do not fit together */
function refuseDamaged(connection: Connection): void {
  const first = (sql: string): unknown =>
    Object.values(connection.execute({ sql, params: [] }).rows[0] ?? {})[0];
  const bytes = Number(first('pragma page_count')) * Number(first('pragma page_size'));
  if (bytes > LOOKED_THROUGH_BYTES) return;
  const found = first('pragma quick_check(1)');
  if (found !== 'ok') throw new StoreDamaged(new Error(String(found).slice(0, 300)));
}

function tryToCheckpoint(connection: Connection): void {
  try {
    connection.exec('pragma wal_checkpoint(truncate)');
  } catch {
    // Somebody reads beside us, or there is no room: the log of writes stays, and is read at the next start.
  }
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
