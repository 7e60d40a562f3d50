/**
 * The store for several servers: PostgreSQL. Commits and whatever depends on what is there go through one lane of all
 * servers (`writer.ts`); upserts that depend on nothing, and reads, go beside it. Nothing is cached, as another server may
 * have changed it, but what never changes: whose ticket an attempt is.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { CommitPoint } from '../commit-points.ts';
import type { CommitPlan, CommitResult, DocumentKind, Store, StoredEvent } from '../port.ts';
import { type Program, runAsync } from '../program.ts';
import { commitPrograms } from '../programs/commit.ts';
import { dispatchPrograms } from '../programs/dispatch.ts';
import { PlanRejected } from '../programs/plan-rejected.ts';
import { findPrograms, isByStatus } from '../programs/find-tickets.ts';
import { readPrograms } from '../programs/read.ts';
import { sidePrograms } from '../programs/side.ts';
import { bundlePrograms } from '../programs/bundles.ts';
import { oddColumnsPrograms } from '../programs/odd-columns.ts';
import { destinationPrograms } from '../programs/destinations.ts';
import { notifyPrograms } from '../programs/notify.ts';
import type { Leaving } from '../programs/transfer.ts';
import type { LoadTarget } from '../load-target.ts';
import { StoreBusy } from '../store-errors.ts';
import { OPEN_BESIDE, OPEN_SNAPSHOT, SELECT_NOW, postgresCompiler } from './dialect.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { connectionConfig, executeText, executorOn, isLost, mayTryAgain, openPool } from './driver.ts';
import { GatheredReads } from './gathered-reads.ts';
import { postgresBlobs } from './postgres-blobs.ts';
import { prepareSchema } from './postgres-schema.ts';
import {
  dumpPostgres,
  leavePostgres,
  postgresLeftBy,
  postgresTarget,
  stayInPostgres,
} from './postgres-transfer.ts';
import { Publisher } from './publisher.ts';
import { type Turn, Writer } from './writer.ts';

export interface PostgresStoreOptions {
  /** postgres://user:password@host:port/database */
  url: string;
  /** Stands for the database's clock, for tests. */
  clock?: () => number;
  /** Called at each boundary of each group commit, with the events that it has so far; the place for failpoints. */
  onCommit?: ((point: CommitPoint, events: readonly StoredEvent[]) => void) | undefined;
  /** Connections to the database, besides the one that listens and the one that writes. */
  connections?: number;
  /** How long a call is tried again while the database is away. */
  patienceMs?: number;
  /** How often the log is looked at without a notification. */
  pollMs?: number;
  /** Opens also what a restore has filled and not finished; for the restore itself. */
  unfinished?: boolean;
}

const db = postgresCompiler();
const commits = commitPrograms(db);
const reads = { ...readPrograms(db), ...findPrograms(db) };
const lanes = dispatchPrograms(db);
const side = sidePrograms(db);
const bundles = bundlePrograms(db);
const odd = oddColumnsPrograms(db);
const notify = { ...notifyPrograms(db), ...destinationPrograms(db) };

/** The schema at this address, to be filled from a dump. */
export function openPostgresTarget(url: string): LoadTarget {
  return postgresTarget(db, url);
}

/** The marks of a database whose installation moves away. */
export const leavingPostgres = (url: string) => ({
  leave: (leaving: Leaving): Promise<void> => leavePostgres(db, url, leaving),
  stay: (): Promise<void> => stayInPostgres(db, url),
  leftBy: (): Promise<string | null> => postgresLeftBy(db, url),
});

const DAY_MS = 86_400_000;
const MOST_ATTEMPTS = 10_000;
const TIME = { sql: SELECT_NOW, params: [] };

/** @throws when the database cannot be reached, or a later version has written it */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const watch = new ConnectionWatch(connectionConfig(options.url));
  const pool = openPool(options.url, options.connections ?? 10, watch);
  const patienceMs = options.patienceMs ?? 10_000;
  try {
    const { channel, head } = await untilReached(
      () => prepareSchema(db, options.url, watch, options.unfinished ?? false),
      patienceMs,
    );
    return await storeOn({ ...options, watch, pool, channel, head, patienceMs });
  } catch (error) {
    watch.close();
    await pool.end();
    throw error;
  }
}

/** What changes nothing, or the same when it is done twice, is done again until the database is back. */
async function untilReached<T>(work: () => Promise<T>, patienceMs: number): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLost(error) && !mayTryAgain(error)) throw error;
      if (performance.now() > until) throw new StoreBusy('the database does not answer', error);
      await new Promise((resolve) => setTimeout(resolve, 50 + 100 * Math.random()));
    }
  }
}

async function storeOn(
  options: PostgresStoreOptions & {
    watch: ConnectionWatch;
    pool: pg.Pool;
    channel: string;
    head: number;
    patienceMs: number;
  },
): Promise<Store> {
  const { watch, pool, channel, head, clock, patienceMs } = options;

  const patiently = <T>(work: () => Promise<T>): Promise<T> => untilReached(work, patienceMs);
  const read = <T>(make: () => Program<T>): Promise<T> => patiently(() => runAsync(make(), executorOn(pool)));

  const gathered = new GatheredReads(pool);
  /** A read of a row or a few by their index. */
  const look = <T>(make: () => Program<T>): Promise<T> => patiently(() => runAsync(make(), gathered));

  /** One statement that says the same when it is repeated. */
  const upsert = read;

  const transaction = <T>(begin: string, make: (now: number) => Program<T>): Promise<T> =>
    patiently(async () => {
      const client = await pool.connect();
      let broken = true;
      try {
        const [row] = (await executeText(client, begin)).at(-1) ?? [];
        const value = await runAsync(make(clock?.() ?? Number(row?.['now'])), executorOn(client));
        await client.query('commit');
        broken = false;
        return value;
      } finally {
        client.release(broken);
      }
    });
  /** Several reads as of one moment. */
  const snapshot = <T>(make: (now: number) => Program<T>): Promise<T> => transaction(OPEN_SNAPSHOT, make);
  /** Several upserts that say the same when they are repeated. */
  const beside = <T>(make: () => Program<T>): Promise<T> => transaction(OPEN_BESIDE, make);

  const now = (): Promise<number> =>
    clock
      ? Promise.resolve(clock())
      : patiently(async () => Number((await gathered.execute(TIME)).rows[0]?.['now']));

  const publisher = new Publisher({
    config: connectionConfig(options.url),
    watch,
    channel,
    head,
    pollMs: options.pollMs ?? 1000,
    read: (after, limit) => runAsync(reads.eventsAfter(after, limit), executorOn(pool)),
  });
  // One of its own: changes never wait until a read of many rows gives its connection back.
  const lane = openPool(options.url, 1, watch);
  const writer = new Writer({
    pool: lane,
    channel,
    clock,
    patienceMs,
    learn: commits.learn,
    onCommit: options.onCommit,
    publish: (events) => publisher.publish(events),
  });
  await publisher.listen();

  const write = <T>(make: (turn: Turn) => Program<T>, plan?: CommitPlan): Promise<T> =>
    writer.enqueue(make, plan);
  let closing: Promise<void> | null = null;
  const ticketsOfAttempts = new Map<string, string>();

  return {
    blobs: postgresBlobs(pool, patiently),
    now,
    commit: (plan: CommitPlan) =>
      write<CommitResult>(function* (turn) {
        turn.events.push(...(yield* commits.apply(plan, turn.now, turn.chain, turn.ground)));
        return { committed: true };
      }, plan).catch((error: unknown): CommitResult => {
        if (error instanceof PlanRejected) return { committed: false, conflict: error.conflict };
        throw error;
      }),
    subscribe: (listener) => publisher.subscribe(listener),

    acquireLease: (name, holder, ttlMs) => write((t) => commits.acquireLease(name, holder, ttlMs, t.now)),
    renewLease: (name, holder, epoch, ttlMs) =>
      write((t) => commits.renewLease(name, holder, epoch, ttlMs, t.now)),
    dropLease: (name, holder) => write(() => side.dropLease(name, holder)),
    readLease: (name) => look(() => side.readLease(name)),

    nextNumber: (counter) => write(() => side.nextNumber(counter)),
    secret: (name) => write(() => side.settingOr(`secret:${name}`, randomBytes(32).toString('base64url'))),
    fenceFloor: () => look(() => reads.setting('fence_floor')).then((value) => Number(value ?? 0)),

    ticket: (key) => look(() => reads.ticket(key)),
    ticketBasis: (key) =>
      look(() => reads.ticketBasis(key, TIME)).then((basis) => (clock ? { ...basis, now: clock() } : basis)),
    tickets: (q) => (isByStatus(q) ? snapshot : read)(() => reads.tickets(q)),
    groupTickets: (filter, by) => read(() => reads.groupTickets(filter, by)),
    ticketStatuses: (keys) => read(() => reads.ticketStatuses(keys)),
    ticketOfAttempt: async (id) => {
      const known = ticketsOfAttempts.get(id);
      if (known !== undefined) return known;
      const key = await look(() => reads.ticketOfAttempt(id));
      if (ticketsOfAttempts.size >= MOST_ATTEMPTS) ticketsOfAttempts.clear();
      if (key !== null) ticketsOfAttempts.set(id, key);
      return key;
    },
    ticketOfEvidence: (id) => look(() => reads.ticketOfEvidence(id)),
    countByStatus: () => read(() => reads.countByStatus()),

    inboxItem: (id) => look(() => reads.inboxItem(id)),
    inbox: (q) => read(() => reads.inbox(q)),
    openInboxOf: (ticket) => look(() => reads.openInboxOf(ticket)),
    dueInbox: (at) => read(() => reads.dueInbox(at)),

    alert: (fingerprint) => look(() => reads.alert(fingerprint)),
    alertById: (id) => look(() => reads.alertById(id)),
    alerts: (q) => read(() => reads.alerts(q)),

    document: <T extends object>(kind: DocumentKind, id: string) => look(() => reads.document<T>(kind, id)),
    documents: <T extends object>(kind: DocumentKind) => read(() => reads.documents<T>(kind)),
    configVersion: () => look(() => reads.configVersion()),

    skipOf: (ticket) => look(() => reads.skipOf(ticket)),
    skipsOf: (tickets) => read(() => reads.skipsOf(tickets)),
    skipHistory: (ticket) => read(() => reads.skipHistory(ticket)),
    recordSkips: (skips) =>
      write(function* (t) {
        for (const skip of skips) yield* commits.applyEffect({ effect: 'skip_set', ...skip }, t.now);
      }),

    readLanes: (o) => snapshot((at) => lanes.readLanes(o, at)),
    nextNotBefore: (at) => read(() => lanes.nextNotBefore(at)),
    openAttempts: () => read(() => lanes.openAttempts()),
    countOpenAttempts: () => read(() => lanes.countOpenAttempts()),
    attemptsOfRunner: (runner) => read(() => lanes.attemptsOfRunner(runner)),
    parkedAttempts: () => read(() => lanes.parkedAttempts()),
    recordUsage: (usage, at) => write(() => side.recordUsage(usage, at)),
    usageOf: (attempt) => look(() => side.usageOf(attempt)),
    spentSince: (since) => read(() => lanes.spentSince(since)),
    ticketsToVerify: (limit) => read(() => lanes.ticketsToVerify(limit)),

    work: (id) => look(() => lanes.work(id)),
    offerableWork: (runner, kinds, limit) => snapshot((at) => lanes.offerableWork(runner, kinds, limit, at)),
    takeWork: (id, runner, ttlMs) =>
      write(function* (t) {
        const work = yield* lanes.takeWork(id, t.now, runner);
        if (work) {
          yield* commits.applyEffect(
            { effect: 'lease_set', name: `work:${id}`, holder: runner, epoch: work.fence, ttlMs },
            t.now,
          );
        }
        return work;
      }),
    workOfAttempt: (attempt) => look(() => lanes.workOfAttempt(attempt)),
    workOfRunner: (runner) => read(() => lanes.workOfRunner(runner)),

    credential: (hash) => look(() => side.credential(hash)),
    credentials: () => read(() => side.credentials()),
    touchCredential: (hash, at) => upsert(() => side.touchCredential(hash, at)),
    useCode: (hash, at) => write(() => side.useCode(hash, at)),

    idempotent: (scope, key) => look(() => side.idempotent(scope, key)),
    saveAnswer: (scope, key, bodyHash, answer, at) =>
      upsert(() => side.saveAnswer(scope, key, bodyHash, answer, at)),

    seen: (runner, at, draining) => upsert(() => side.seen(runner, at, draining)),
    unanswered: (runner, since, seenAt) => upsert(() => side.unanswered(runner, since, seenAt)),
    presences: () => read(() => side.presences()),
    recordJobRun: (run) => upsert(() => side.recordJobRun(run)),
    jobRuns: () => read(() => side.jobRuns()),

    appendOutput: (owner, chunks) => beside(() => side.appendOutput(owner, chunks)),
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
    notification: (id) => look(() => notify.notification(id)),
    readMarks: (person) => read(() => notify.readMarks(person)),
    saveReadMarks: (person, expected, marks) => write(() => notify.saveReadMarks(person, expected, marks)),
    destinations: () => read(() => notify.destinations()),
    saveDestination: (destination) => write(() => notify.saveDestination(destination)),
    removeDestination: (id, at) => write(() => notify.removeDestination(id, at)),
    addDelivery: (delivery) => write(() => notify.addDelivery(delivery)),
    delivery: (key) => look(() => notify.delivery(key)),
    dueDeliveries: (at, limit) => read(() => notify.due(at, limit)),
    nextDeliveryAt: (at) => read(() => notify.nextAt(at)),
    claimDelivery: (delivery, until) => write(() => notify.claim(delivery, until)),
    finishDelivery: (delivery, result, fared) => write(() => notify.finish(delivery, result, fared)),
    releaseHeld: (at, digest) => write(() => notify.releaseHeld(at, digest)),
    deliveriesTo: (destination, limit) => read(() => notify.to(destination, limit)),

    dump: async () => {
      const dump = await dumpPostgres(options.url, watch);
      return clock ? { ...dump, at: clock() } : dump;
    },

    eventsAfter: (seq, limit) => read(() => reads.eventsAfter(seq, limit)),
    streamEvents: (stream, after, limit) => read(() => reads.streamEvents(stream, after, limit)),
    head: () => read(() => reads.head()),
    streams: (after, limit) => read(() => reads.streams(after, limit)),
    oddColumns: (streams) => read(() => odd.oddColumns(streams)),
    rowCounts: () => read(() => odd.rowCounts()),
    prune: async (at) => {
      await write(function* () {
        yield* side.prune(at);
        yield* notify.prune(at);
      });
      await writer.prune(at - DAY_MS);
    },
    ping: () => write(() => side.ping()),
    close: () => {
      closing ??= (async () => {
        await writer.close();
        await publisher.close();
        watch.close();
        await Promise.all([lane.end(), pool.end()]);
      })();
      return closing;
    },
  };
}
