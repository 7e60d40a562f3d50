/**
 * The store's port: what the rest of the house may ask of a database. The services hand it commit plans as data; it
 * applies each as a whole or not at all. Two implementations, one conformance suite (conformance.ts).
 *
 * Promises: (1) an answered commit is durable; (2) a plan whose expectation or guard fails changes nothing and says
 * which; (3) every committed event gets a `seq` without gaps and a rolling hash, in commit order, and subscribers see
 * them in that order; (4) only the store's own clock decides what has expired.
 */
import type { Actor } from '../domain/words.ts';
import type { Cost, Ticket } from '../domain/ticket/state.ts';
import type { InboxItem } from '../domain/inbox/inbox.ts';
import type { AlertState } from '../domain/alert/alert.ts';
import type { ActiveWorker, NeedsInputCandidate, TodoCandidate } from '../domain/dispatch/snapshot.ts';
import type { Policy, Project, Stamped } from '../domain/config.ts';
import type { NotifyStore } from './notify-port.ts';

export type * from './notify-port.ts';

export interface NewEvent {
  type: string;
  actor: Actor;
  at: number;
  data: unknown;
}

export interface StoredEvent extends NewEvent {
  stream: string;
  version: number;
  seq: number;
  hash: string;
  dataHash: string;
  roll: string;
  ticket: string | null;
  project: string | null;
}

/** Appends to one stream; `expected` is the version before, 0 for a new one. This is the compare-and-swap. */
export interface StreamAppend {
  stream: string;
  expected: number;
  events: readonly NewEvent[];
  ticket?: string | null;
  project?: string | null;
}

export type Row =
  | {
      row: 'ticket';
      state: Ticket;
      streamVersion: number;
      before: Ticket | null;
      /** The verifier has something to do with it. */
      toVerify: boolean;
    }
  | { row: 'inbox'; item: InboxItem; streamVersion: number }
  | { row: 'alert'; alert: AlertState; streamVersion: number }
  | { row: 'document'; kind: DocumentKind; id: string; state: Stamped & object };

export type DocumentKind =
  | 'project'
  | 'profile'
  | 'campaign'
  | 'policy'
  | 'job'
  | 'schedule'
  | 'runner'
  | 'token'
  | 'session'
  | 'webhook'
  | 'person'
  | 'installation';

export type Guard =
  /** The named lease is held by this holder under this epoch, and has not run out. */
  | { guard: 'lease_held'; name: string; holder: string; epoch: number }
  /** The named lease ran out at least `graceMs` ago (or was never there). */
  | { guard: 'lease_expired'; name: string; graceMs: number }
  /** No project, profile, campaign, policy or job has changed since the snapshot that this was planned on. */
  | { guard: 'config_version'; version: number }
  /** The ticket is still at the version that was read, for a decision about one ticket that depends on another. */
  | { guard: 'ticket_version'; ticket: string; version: number };

/** What is not derived from the log: leases, tokens' secrets, skip reasons, work, output, idempotency answers. */
export type Effect =
  | { effect: 'lease_set'; name: string; holder: string; epoch: number; ttlMs: number }
  | { effect: 'lease_drop'; name: string }
  | { effect: 'credential_add'; credential: NewCredential }
  | { effect: 'credentials_revoke'; tokenId: string }
  | { effect: 'skip_set'; ticket: string; code: string; detail: string; at: number }
  | { effect: 'skip_clear'; ticket: string }
  | { effect: 'work_add'; work: NewWork }
  | { effect: 'work_finish'; id: string; fence: number; state: 'done' | 'unable'; reason: string | null }
  /** Ends the ticket's unfinished landing work, whoever has it: what it was for has been withdrawn. */
  | { effect: 'work_withdraw'; ticket: string; kind: 'land' }
  /** Any runner may take it now: what it is about can be fetched. */
  | { effect: 'work_release'; id: string }
  | { effect: 'diff_set'; attempt: string; diff: unknown };

export interface NewCredential {
  id: string;
  kind: 'token' | 'session' | 'code';
  role: string;
  name: string;
  hash: string;
  createdAt: number;
  expiresAt: number | null;
}

export interface Credential extends NewCredential {
  /** What a worker's token is for. In a row only where it was given before such tokens said so themselves. */
  attempt: string | null;
  ticket: string | null;
  fence: number | null;
  lastUsedAt: number | null;
  /** When the attempt that it belongs to parked or ended. */
  overAt: number | null;
}

export interface NewWork {
  id: string;
  kind: 'verify' | 'land' | 'session';
  ticket: string;
  attempt: string;
  /** At most one work item with the same key is unfinished. */
  key: string;
  createdAt: number;
  /** The only runner that has the commits, or null. */
  wantsRunner: string | null;
}

export interface Work extends NewWork {
  state: 'pending' | 'running' | 'done' | 'unable';
  runner: string | null;
  fence: number;
}

export interface IdempotentAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface CommitPlan {
  guards?: readonly Guard[];
  appends: readonly StreamAppend[];
  rows: readonly Row[];
  effects?: readonly Effect[];
  idempotency?: { scope: string; key: string; bodyHash: string; answer: IdempotentAnswer; at: number };
}

export type CommitResult =
  | { committed: true }
  | {
      committed: false;
      conflict:
        | { kind: 'stream'; stream: string }
        | { kind: 'guard'; guard: Guard['guard'] }
        | { kind: 'unique'; what: string }
        | { kind: 'idempotency' };
    };

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
  expiresAt: number;
}

export interface TicketRecord {
  state: Ticket;
  streamVersion: number;
}

export interface StreamAt {
  stream: string;
  version: number;
}

export interface OddRow extends StreamAt {
  columns: string[];
}

/** How many rows there are of what is derived from the log. */
export interface RowCounts {
  tickets: number;
  attempts: number;
  inbox: number;
  alerts: number;
  /** What comments say, for searching. */
  comments: number;
}

/** A ticket, what the rules that it is under are made of, and the time. */
export interface TicketBasis {
  record: TicketRecord | null;
  policy: (Policy & Stamped) | null;
  project: (Project & Stamped) | null;
  now: number;
}

/** Which tickets; null asks for those without one. */
export interface TicketFilter {
  project?: string | undefined;
  statuses?: string[] | undefined;
  priorities?: number[] | undefined;
  assignee?: string | null | undefined;
  campaign?: string | null | undefined;
  profile?: string | null | undefined;
  /** Who it is given to: the assignee, else the profile that it names itself. */
  agent?: string | null | undefined;
  label?: string | undefined;
  q?: string | undefined;
  keys?: string[] | undefined;
}

export interface TicketQuery extends TicketFilter {
  sort: 'dispatch' | 'priority' | 'age' | 'updated' | 'created';
  limit: number;
  cursor?: string | undefined;
}

export type TicketGrouping = 'status' | 'priority' | 'project' | 'campaign' | 'agent';

/** How many tickets of a status share a value; null for those that have none. */
export interface TicketGroup {
  value: string | null;
  status: string;
  count: number;
}

export interface PageOf<T> {
  items: T[];
  nextCursor: string | null;
}

export interface SkipRecord {
  code: string;
  detail: string;
  at: number;
}

export interface LaneRead {
  needsInput: NeedsInputCandidate[];
  todo: TodoCandidate[];
  workers: ActiveWorker[];
  configVersion: number;
  now: number;
  /** Where to read on; null when the lane is exhausted. */
  nextTodo: LanePosition | null;
}

/** A place in the dispatch order: the rank, and the key among equals. */
export interface LanePosition {
  after: number;
  afterKey: string;
}

export interface Presence {
  runner: string;
  seenAt: number;
  draining: boolean;
}

export interface OutputChunk {
  seq: number;
  at: number;
  stream: string;
  text: string;
}

export interface JobRun {
  name: string;
  at: number;
  outcome: string;
  detail: string;
}

export interface OpenAttempt {
  ticket: string;
  attempt: string;
  state: string;
  runner: string | null;
  fence: number;
  lease: Lease | null;
}

/** A run of an attempt is what one claim or resume started; they differ by their fencing token. */
export interface RunUsage {
  attempt: string;
  fence: number;
  project: string;
  cost: Cost;
}

/** The commits of an attempt, as they were uploaded last. */
export interface BundleRow {
  attempt: string;
  ticket: string;
  number: number;
  fence: number;
  runner: string;
  /** Of the stored bundle; null where the branch has nothing that the project's repository has not. */
  sha256: string | null;
  size: number;
  head: string;
  wip: string | null;
  at: number;
}

/** What artifacts and bundles hold, by its SHA-256; written once, and never changed. */
export interface Blobs {
  /** Durable when it returns. @returns the SHA-256 of the content, in hex */
  put(content: Uint8Array): Promise<string>;
  read(sha256: string): Promise<Uint8Array | null>;
  /** What the stored bytes hash to now; null where there are none. */
  hashOf(sha256: string): Promise<string | null>;
  list(): Promise<string[]>;
  remove(sha256: string): Promise<void>;
}

/** Holds the dispatch lease of an installation that was filled from a copy until what was given out before is over. */
export const RESTORED = 'restored';

/** Rows of one table, as the database has them. */
export interface TablePage {
  table: string;
  rows: Record<string, string | number | null>[];
}

/** All rows as of one moment, while others go on writing. */
export interface Dump {
  schema: number;
  at: number;
  head: { seq: number; hash: string };
  pages(): AsyncGenerator<TablePage>;
  /** Lets the moment go. */
  close(): Promise<void>;
}

export interface Store extends NotifyStore {
  /** Where the database itself keeps blobs; null where they are files beside it. */
  readonly blobs: Blobs | null;
  /** Milliseconds since the epoch by the database's clock. */
  now(): Promise<number>;
  commit(plan: CommitPlan): Promise<CommitResult>;
  /** Calls the listener with committed events in `seq` order, each once. Returns the way to stop. */
  subscribe(listener: (events: readonly StoredEvent[]) => void): () => void;

  /** Takes the lease if it is free or expired, which raises the epoch; of ours, extends what is half over. */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<{ acquired: boolean; lease: Lease }>;
  /** Extends the lease if this holder and epoch still hold it. */
  renewLease(name: string, holder: string, epoch: number, ttlMs: number): Promise<boolean>;
  dropLease(name: string, holder: string): Promise<void>;
  readLease(name: string): Promise<Lease | null>;

  nextNumber(counter: string): Promise<number>;
  /** A secret of this installation, made at the first use and shared by all servers on the database. */
  secret(name: string): Promise<string>;
  fenceFloor(): Promise<number>;

  ticket(key: string): Promise<TicketRecord | null>;
  /** As `ticket`, with what decides about it; asked together, because every change begins with it. */
  ticketBasis(key: string): Promise<TicketBasis>;
  tickets(query: TicketQuery): Promise<PageOf<Ticket>>;
  groupTickets(filter: TicketFilter, by: TicketGrouping): Promise<TicketGroup[]>;
  ticketStatuses(keys: readonly string[]): Promise<Map<string, string>>;
  ticketOfAttempt(attempt: string): Promise<string | null>;
  ticketOfEvidence(evidence: string): Promise<string | null>;
  countByStatus(): Promise<Record<string, number>>;

  inboxItem(id: string): Promise<{ item: InboxItem; streamVersion: number } | null>;
  inbox(query: {
    states: string[];
    ticket?: string;
    for?: string;
    /** Else the oldest comes first. */
    newestFirst?: boolean;
    limit: number;
    cursor?: string;
  }): Promise<PageOf<InboxItem>>;
  openInboxOf(ticket: string): Promise<{ item: InboxItem; streamVersion: number }[]>;
  dueInbox(now: number): Promise<string[]>;

  alert(fingerprint: string): Promise<{ alert: AlertState; streamVersion: number } | null>;
  alertById(id: string): Promise<{ alert: AlertState; streamVersion: number } | null>;
  alerts(query: { states?: string[]; limit: number; cursor?: string }): Promise<PageOf<AlertState>>;

  document<T extends object>(kind: DocumentKind, id: string): Promise<(T & Stamped) | null>;
  documents<T extends object>(kind: DocumentKind): Promise<(T & Stamped)[]>;
  configVersion(): Promise<number>;

  skipOf(ticket: string): Promise<SkipRecord | null>;
  skipsOf(tickets: readonly string[]): Promise<Map<string, SkipRecord>>;
  skipHistory(ticket: string): Promise<SkipRecord[]>;
  recordSkips(skips: readonly { ticket: string; code: string; detail: string; at: number }[]): Promise<void>;

  /** Both lanes and the active workers in one consistent picture. */
  readLanes(options: { limit: number; afterTodo: LanePosition | null }): Promise<LaneRead>;
  /** The earliest `notBefore` still ahead of a waiting ticket. */
  nextNotBefore(now: number): Promise<number | null>;
  openAttempts(): Promise<OpenAttempt[]>;
  countOpenAttempts(): Promise<number>;
  attemptsOfRunner(runner: string): Promise<OpenAttempt[]>;
  parkedAttempts(): Promise<OpenAttempt[]>;
  /** What one run of an attempt has used so far; a lower figure than one before changes nothing. */
  recordUsage(usage: RunUsage, at: number): Promise<void>;
  usageOf(attempt: string): Promise<RunUsage[]>;
  /** By project: what runs have used whose last report came since then. */
  spentSince(
    since: number,
  ): Promise<{ project: string; usd: number; inputTokens: number; outputTokens: number }[]>;
  ticketsToVerify(limit: number): Promise<string[]>;

  work(id: string): Promise<Work | null>;
  offerableWork(runner: string, kinds: string[], limit: number): Promise<Work[]>;
  /** Takes pending work, or work whose lease ran out, for this runner; raises its fence. */
  takeWork(id: string, runner: string, ttlMs: number): Promise<Work | null>;
  /** Its work that is not over. */
  workOfAttempt(attempt: string): Promise<Work[]>;
  workOfRunner(runner: string): Promise<Work[]>;

  credential(hash: string): Promise<Credential | null>;
  credentials(): Promise<Credential[]>;
  touchCredential(hash: string, at: number): Promise<void>;
  useCode(hash: string, now: number): Promise<Credential | null>;

  idempotent(scope: string, key: string): Promise<{ bodyHash: string; answer: IdempotentAnswer } | null>;
  saveAnswer(
    scope: string,
    key: string,
    bodyHash: string,
    answer: IdempotentAnswer,
    at: number,
  ): Promise<void>;

  /** @param draining null where this says nothing of it: what was said before stands */
  seen(runner: string, at: number, draining: boolean | null): Promise<void>;
  /** What was sent to it at `since` had no answer: unless it was seen after that, it counts as last seen at `seenAt`. */
  unanswered(runner: string, since: number, seenAt: number): Promise<void>;
  presences(): Promise<Presence[]>;
  recordJobRun(run: JobRun): Promise<void>;
  jobRuns(): Promise<JobRun[]>;

  appendOutput(owner: string, chunks: readonly OutputChunk[]): Promise<void>;
  output(owner: string, after: number, limit: number): Promise<OutputChunk[]>;
  diff(attempt: string): Promise<unknown>;

  /** Keeps the row unless one of a later run of the attempt is there. @returns whether it was kept */
  saveBundle(bundle: BundleRow): Promise<boolean>;
  bundle(attempt: string): Promise<BundleRow | null>;
  /** Of tickets that are done or cancelled, and were uploaded before then. */
  bundlesOfClosed(before: number, limit: number): Promise<BundleRow[]>;
  /** How many bundles hold this content. */
  bundlesWith(sha256: string): Promise<number>;
  removeBundle(attempt: string): Promise<void>;

  dump(): Promise<Dump>;

  eventsAfter(seq: number, limit: number): Promise<StoredEvent[]>;
  streamEvents(stream: string, after: number, limit: number): Promise<StoredEvent[]>;
  head(): Promise<{ seq: number; hash: string }>;
  streams(after: string, limit: number): Promise<StreamAt[]>;
  /** Rows with columns that the state in them does not give, with their streams at these versions. */
  oddColumns(streams: readonly StreamAt[]): Promise<OddRow[]>;
  rowCounts(): Promise<RowCounts>;
  /** Deletes what has had its time: idempotency answers, expired credentials, old skip history. */
  prune(now: number): Promise<void>;
  /** True when the store can be read and written. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
