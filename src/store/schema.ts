/**
 * The tables, once for both databases. `events` is the log; the rows beside it are what `evolve` gives, written in the
 * same transaction; the tables under "not derived" are listed as such by `verify`.
 */
import { sql } from 'kysely';
import type { NotifyTables } from './notify-schema.ts';

export interface Tables extends NotifyTables {
  events: {
    stream: string;
    version: number;
    seq: number;
    type: string;
    actor_kind: string;
    actor_id: string;
    at: number;
    data: string;
    data_hash: string;
    hash: string;
    roll: string;
    ticket: string | null;
    project: string | null;
  };
  tickets: {
    key: string;
    project: string;
    number: number;
    status: string;
    priority: number;
    assignee: string | null;
    campaign: string | null;
    profile: string | null;
    title: string;
    search: string;
    labels: string;
    /** Which dispatch lane it waits in; null when in none. */
    lane: string | null;
    rank: number;
    not_before: number | null;
    blocked_by: string;
    stopping: number;
    parked_on: string | null;
    budget: string | null;
    cost_usd: number;
    cost_input: number;
    cost_output: number;
    to_verify: number;
    status_since: number;
    created_at: number;
    updated_at: number;
    version: number;
    stream_version: number;
    state: string;
  };
  attempts: {
    id: string;
    ticket: string;
    number: number;
    kind: string;
    project: string;
    profile: string | null;
    campaign: string | null;
    runner: string | null;
    state: string;
    fence: number;
    offered_at: number;
    ended_at: number | null;
    cost_usd: number;
    cost_input: number;
    cost_output: number;
  };
  evidence: { id: string; ticket: string };
  /** What the comments of a ticket say, for searching: in small letters, as JSON writes it. */
  comments: { seq: number; ticket: string; said: string };
  inbox: {
    id: string;
    kind: string;
    state: string;
    ticket: string | null;
    for_whom: string;
    created_at: number;
    due_at: number | null;
    stream_version: number;
    item: string;
  };
  alerts: {
    id: string;
    fingerprint: string;
    state: string;
    last_seen: number;
    stream_version: number;
    alert: string;
  };
  documents: { kind: string; id: string; version: number; state: string };
  // Not derived from the log.
  leases: { name: string; holder: string; epoch: number; expires_at: number };
  counters: { name: string; value: number };
  settings: { name: string; value: string };
  skips: { ticket: string; code: string; detail: string; at: number };
  skip_history: { ticket: string; at: number; code: string; detail: string };
  work: {
    id: string;
    kind: string;
    ticket: string;
    attempt: string;
    key: string;
    active_key: string | null;
    state: string;
    runner: string | null;
    wants_runner: string | null;
    fence: number;
    created_at: number;
  };
  credentials: {
    hash: string;
    id: string;
    kind: string;
    role: string;
    name: string;
    created_at: number;
    expires_at: number | null;
    last_used_at: number | null;
    attempt: string | null;
    ticket: string | null;
    fence: number | null;
    over_at: number | null;
  };
  idempotency: {
    scope: string;
    key: string;
    body_hash: string;
    status: number;
    headers: string;
    body: string;
    at: number;
  };
  presence: { runner: string; seen_at: number; draining: number };
  job_runs: { name: string; at: number; outcome: string; detail: string };
  output: { owner: string; seq: number; at: number; stream: string; text: string };
  diffs: { attempt: string; diff: string };
  /** What each run of an attempt (they differ by fence) has used so far, by its last report. */
  usage: {
    attempt: string;
    fence: number;
    project: string;
    usd: number;
    input: number;
    output: number;
    metered: number;
    at: number;
  };
  /** The commits of an attempt as its runner uploaded them last, so that other runners can go on with them. */
  bundles: {
    attempt: string;
    ticket: string;
    number: number;
    fence: number;
    runner: string;
    /** Of the bundle; null where the branch has nothing that the project's repository has not. */
    sha256: string | null;
    size: number;
    head: string;
    /** The commit of saved work, or null. */
    wip: string | null;
    at: number;
  };
}

/** How much of a text is searched, in characters. */
export const SEARCHED_LENGTH = 2000;

/** Of the tables as they are here; a database of an earlier one is brought up to it in one transaction. */
export const SCHEMA_VERSION = 8;

/** What a new database's settings say. */
export const FIRST_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['schema_version', String(SCHEMA_VERSION)],
  ['config_version', '0'],
  ['fence_floor', '0'],
  // Absent in a database of before there were notifications: there they begin with what happens next.
  ['notify_cursor', '0'],
];

/** All tables, with the schema that made them first. What is read from a file is held against these names. */
export const TABLES: Record<keyof Tables, number> = {
  events: 1,
  tickets: 1,
  attempts: 1,
  evidence: 1,
  inbox: 1,
  alerts: 1,
  documents: 1,
  leases: 1,
  counters: 1,
  settings: 1,
  skips: 1,
  skip_history: 1,
  work: 1,
  credentials: 1,
  idempotency: 1,
  presence: 1,
  job_runs: 1,
  output: 1,
  diffs: 1,
  usage: 1,
  bundles: 2,
  notifications: 4,
  destinations: 4,
  deliveries: 4,
  reads: 4,
  comments: 7,
};

/** Tables of earlier schemas, with the last that had them: a copy of that time fills them before it is brought up. */
export const FORMER_TABLES: Readonly<Record<string, number>> = { streams: 5 };

/** @throws when a later version of Mission Control has written the database */
export function refuseNewerSchema(found: number): void {
  if (found <= SCHEMA_VERSION) return;
  throw new Error(
    `The database has schema ${found}, and this version knows ${SCHEMA_VERSION}. Start the version of Mission Control that wrote it, or a newer one.`,
  );
}

/** `name = value + 1` for a counter kept as text. */
export const incremented = sql<string>`cast(cast(value as bigint) + 1 as text)`;
