/** How the tables come to be, from one version of the schema to the next, on both databases. */
import { type ColumnDataType, type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import { withNotifications } from './notify-schema.ts';
import { SCHEMA_VERSION, SEARCHED_LENGTH, type Tables } from './schema.ts';

/** Texts compare by their bytes, and `real` has 64 bits: on SQLite as it is, elsewhere by a type that says so. */
export interface ColumnTypes {
  text: ColumnDataType | RawBuilder<unknown>;
  real: ColumnDataType | RawBuilder<unknown>;
  /** A table lies in the order of a whole-number primary key, which then needs no index beside it. */
  liesByNumber: boolean;
}

const PLAIN_TYPES: ColumnTypes = { text: 'text', real: 'real', liesByNumber: true };

interface Compiles {
  compile(): CompiledQuery;
}

/** The statements that lead from one version of the schema (0 is an empty database) to another; in one transaction. */
export function schemaStatements(
  db: Kysely<Tables>,
  types: ColumnTypes = PLAIN_TYPES,
  { from = 0, to = SCHEMA_VERSION }: { from?: number; to?: number } = {},
): { sql: string }[] {
  return [
    firstSchema,
    withBundles,
    withFewerIndexes,
    withNotifications,
    withOneIndexOfAttempts,
    withoutEnds,
    withComments,
    withOrderedColumns,
  ]
    .slice(from, to)
    .flatMap((step) => step(db, types, from === 0))
    .map((builder) => ({ sql: builder.compile().sql }));
}

/** Schema 2: commits that another runner may fetch. */
function withBundles(db: Kysely<Tables>, { text }: ColumnTypes): Compiles[] {
  return [
    db.schema
      .createTable('bundles')
      .addColumn('attempt', text, (c) => c.primaryKey().notNull())
      .addColumn('ticket', text, (c) => c.notNull())
      .addColumn('number', 'integer', (c) => c.notNull())
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('runner', text, (c) => c.notNull())
      .addColumn('sha256', text)
      .addColumn('size', 'bigint', (c) => c.notNull())
      .addColumn('head', text, (c) => c.notNull())
      .addColumn('wip', text)
      .addColumn('at', 'bigint', (c) => c.notNull()),
    db.schema.createIndex('bundles_ticket').on('bundles').columns(['ticket']),
  ];
}

/**
 * Schema 3: a change writes fewer pages. Of tickets, indexes hold only the rows that are asked for by them; events lie in
 * the order in which they were committed instead of in an index of it; and nobody asks for attempts by their end.
 */
function withFewerIndexes(db: Kysely<Tables>, types: ColumnTypes): Compiles[] {
  const drop = (name: string) => db.schema.dropIndex(name);
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('tickets').columns(columns);
  return [
    drop('attempts_ended'),
    drop('tickets_lane'),
    drop('tickets_not_before'),
    drop('tickets_to_verify'),
    index('tickets_lane', ['lane', 'rank', 'key']).where('lane', 'is not', null),
    index('tickets_not_before', ['lane', 'not_before']).where('not_before', 'is not', null),
    index('tickets_to_verify', ['key']).where('to_verify', '=', 1),
    ...(types.liesByNumber ? eventsBySeq(db, types) : []),
  ];
}

/** Schema 5: a claim writes fewer pages. One index of attempts answers both questions; a revoked token is never an attempt's. */
function withOneIndexOfAttempts(db: Kysely<Tables>): Compiles[] {
  return [
    db.schema.dropIndex('attempts_state'),
    db.schema.dropIndex('attempts_runner'),
    db.schema.createIndex('attempts_state').on('attempts').columns(['state', 'runner']),
    db.schema.dropIndex('credentials_id'),
    db.schema
      .createIndex('credentials_id')
      .on('credentials')
      .columns(['id'])
      .where(sql.ref('attempt'), 'is', null),
  ];
}

/** Schema 6: a change writes fewer pages. What a stream ends with is its last event; a worker's token is stored nowhere. */
function withoutEnds(db: Kysely<Tables>): Compiles[] {
  return [db.schema.dropTable('streams'), db.schema.dropIndex('credentials_attempt')];
}

/**
 * Schema 7: what comments say, apart from all other events, so that a search need not go through the log. Those of
 * before get the small letters that the database knows, which are not all.
 */
function withComments(db: Kysely<Tables>, { text, liesByNumber }: ColumnTypes, isEmpty: boolean): Compiles[] {
  // A comment's data is `{"text":"…"}`.
  const said = sql`substr(lower(substr("data", 10, length("data") - 11)), 1, ${sql.lit(SEARCHED_LENGTH)})`;
  const table = db.schema
    .createTable('comments')
    .addColumn('seq', liesByNumber ? 'integer' : 'bigint', (c) => c.primaryKey().notNull())
    .addColumn('ticket', text, (c) => c.notNull())
    .addColumn('said', text, (c) => c.notNull());
  const fill = sql`insert into "comments" ("seq", "ticket", "said") select "seq", "ticket", ${said} from "events" where "type" = 'ticket.commented' and "ticket" is not null`;
  return isEmpty ? [table] : [table, { compile: () => fill.compile(db) }];
}

/**
 * Schema 8: a column of a board gives its first page without a look at the rest of it, however many tickets it has; and so
 * does a list by age of creation. What waits in the lane of `todo` is what has that status.
 */
function withOrderedColumns(db: Kysely<Tables>): Compiles[] {
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('tickets').columns(columns);
  return [
    db.schema.dropIndex('tickets_updated'),
    db.schema.dropIndex('tickets_lane'),
    index('tickets_updated', ['status', 'updated_at', 'key']),
    index('tickets_created', ['created_at', 'key']),
    index('tickets_lane', ['rank', 'key']).where('lane', '=', 'needs_input'),
  ];
}

function eventsBySeq(db: Kysely<Tables>, { text }: ColumnTypes): Compiles[] {
  return [
    db.schema
      .createTable('events_by_seq')
      .addColumn('stream', text, (c) => c.notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('seq', 'integer', (c) => c.primaryKey().notNull())
      .addColumn('type', text, (c) => c.notNull())
      .addColumn('actor_kind', text, (c) => c.notNull())
      .addColumn('actor_id', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('data', text, (c) => c.notNull())
      .addColumn('data_hash', text, (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull())
      .addColumn('roll', text, (c) => c.notNull())
      .addColumn('ticket', text)
      .addColumn('project', text),
    { compile: () => sql`insert into "events_by_seq" select * from "events" order by "seq"`.compile(db) },
    db.schema.dropTable('events'),
    db.schema.alterTable('events_by_seq').renameTo('events'),
    db.schema.createIndex('events_pk').on('events').columns(['stream', 'version']).unique(),
  ];
}

function firstSchema(db: Kysely<Tables>, { text, real }: ColumnTypes): Compiles[] {
  const table = (name: keyof Tables | 'streams') => db.schema.createTable(name);
  const index = (name: string, on: keyof Tables, columns: string[]) =>
    db.schema.createIndex(name).on(on).columns(columns);
  return [
    table('events')
      .addColumn('stream', text, (c) => c.notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('seq', 'bigint', (c) => c.notNull())
      .addColumn('type', text, (c) => c.notNull())
      .addColumn('actor_kind', text, (c) => c.notNull())
      .addColumn('actor_id', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('data', text, (c) => c.notNull())
      .addColumn('data_hash', text, (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull())
      .addColumn('roll', text, (c) => c.notNull())
      .addColumn('ticket', text)
      .addColumn('project', text)
      .addPrimaryKeyConstraint('events_pk', ['stream', 'version']),
    index('events_seq', 'events', ['seq']).unique(),
    table('streams')
      .addColumn('stream', text, (c) => c.primaryKey().notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('hash', text, (c) => c.notNull()),
    table('tickets')
      .addColumn('key', text, (c) => c.primaryKey().notNull())
      .addColumn('project', text, (c) => c.notNull())
      .addColumn('number', 'bigint', (c) => c.notNull())
      .addColumn('status', text, (c) => c.notNull())
      .addColumn('priority', 'integer', (c) => c.notNull())
      .addColumn('assignee', text)
      .addColumn('campaign', text)
      .addColumn('profile', text)
      .addColumn('title', text, (c) => c.notNull())
      .addColumn('search', text, (c) => c.notNull())
      .addColumn('labels', text, (c) => c.notNull())
      .addColumn('lane', text)
      .addColumn('rank', 'bigint', (c) => c.notNull())
      .addColumn('not_before', 'bigint')
      .addColumn('blocked_by', text, (c) => c.notNull())
      .addColumn('stopping', 'integer', (c) => c.notNull())
      .addColumn('parked_on', text)
      .addColumn('budget', text)
      .addColumn('cost_usd', real, (c) => c.notNull())
      .addColumn('cost_input', 'bigint', (c) => c.notNull())
      .addColumn('cost_output', 'bigint', (c) => c.notNull())
      .addColumn('to_verify', 'integer', (c) => c.notNull())
      .addColumn('status_since', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('updated_at', 'bigint', (c) => c.notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('stream_version', 'bigint', (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull()),
    index('tickets_lane', 'tickets', ['lane', 'rank', 'key']),
    index('tickets_status', 'tickets', ['status', 'rank', 'key']),
    index('tickets_updated', 'tickets', ['updated_at', 'key']),
    index('tickets_not_before', 'tickets', ['lane', 'not_before']),
    index('tickets_to_verify', 'tickets', ['to_verify', 'key']),
    table('attempts')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('ticket', text, (c) => c.notNull())
      .addColumn('number', 'integer', (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('project', text, (c) => c.notNull())
      .addColumn('profile', text)
      .addColumn('campaign', text)
      .addColumn('runner', text)
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('offered_at', 'bigint', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('cost_usd', real, (c) => c.notNull())
      .addColumn('cost_input', 'bigint', (c) => c.notNull())
      .addColumn('cost_output', 'bigint', (c) => c.notNull()),
    index('attempts_state', 'attempts', ['state']),
    index('attempts_runner', 'attempts', ['runner', 'state']),
    index('attempts_ended', 'attempts', ['ended_at']),
    table('evidence')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('ticket', text, (c) => c.notNull()),
    table('inbox')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('ticket', text)
      .addColumn('for_whom', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('due_at', 'bigint')
      .addColumn('stream_version', 'bigint', (c) => c.notNull())
      .addColumn('item', text, (c) => c.notNull()),
    index('inbox_state', 'inbox', ['state', 'created_at', 'id']),
    index('inbox_ticket', 'inbox', ['ticket', 'state']),
    table('alerts')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('fingerprint', text, (c) => c.notNull().unique())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('last_seen', 'bigint', (c) => c.notNull())
      .addColumn('stream_version', 'bigint', (c) => c.notNull())
      .addColumn('alert', text, (c) => c.notNull()),
    index('alerts_state', 'alerts', ['state', 'last_seen']),
    table('documents')
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('documents_pk', ['kind', 'id']),
    table('leases')
      .addColumn('name', text, (c) => c.primaryKey().notNull())
      .addColumn('holder', text, (c) => c.notNull())
      .addColumn('epoch', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull()),
    table('counters')
      .addColumn('name', text, (c) => c.primaryKey().notNull())
      .addColumn('value', 'bigint', (c) => c.notNull()),
    table('settings')
      .addColumn('name', text, (c) => c.primaryKey().notNull())
      .addColumn('value', text, (c) => c.notNull()),
    table('skips')
      .addColumn('ticket', text, (c) => c.primaryKey().notNull())
      .addColumn('code', text, (c) => c.notNull())
      .addColumn('detail', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull()),
    table('skip_history')
      .addColumn('ticket', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('code', text, (c) => c.notNull())
      .addColumn('detail', text, (c) => c.notNull()),
    index('skip_history_ticket', 'skip_history', ['ticket', 'at']),
    table('work')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('ticket', text, (c) => c.notNull())
      .addColumn('attempt', text, (c) => c.notNull())
      .addColumn('key', text, (c) => c.notNull())
      .addColumn('active_key', text, (c) => c.unique())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('runner', text)
      .addColumn('wants_runner', text)
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull()),
    index('work_state', 'work', ['state', 'created_at']),
    index('work_attempt', 'work', ['attempt']),
    table('credentials')
      .addColumn('hash', text, (c) => c.primaryKey().notNull())
      .addColumn('id', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('role', text, (c) => c.notNull())
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .addColumn('attempt', text)
      .addColumn('ticket', text)
      .addColumn('fence', 'bigint')
      .addColumn('over_at', 'bigint'),
    index('credentials_attempt', 'credentials', ['attempt']),
    index('credentials_id', 'credentials', ['id']),
    table('idempotency')
      .addColumn('scope', text, (c) => c.notNull())
      .addColumn('key', text, (c) => c.notNull())
      .addColumn('body_hash', text, (c) => c.notNull())
      .addColumn('status', 'integer', (c) => c.notNull())
      .addColumn('headers', text, (c) => c.notNull())
      .addColumn('body', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('idempotency_pk', ['scope', 'key']),
    index('idempotency_at', 'idempotency', ['at']),
    table('presence')
      .addColumn('runner', text, (c) => c.primaryKey().notNull())
      .addColumn('seen_at', 'bigint', (c) => c.notNull())
      .addColumn('draining', 'integer', (c) => c.notNull()),
    table('job_runs')
      .addColumn('name', text, (c) => c.primaryKey().notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('outcome', text, (c) => c.notNull())
      .addColumn('detail', text, (c) => c.notNull()),
    table('output')
      .addColumn('owner', text, (c) => c.notNull())
      .addColumn('seq', 'bigint', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('stream', text, (c) => c.notNull())
      .addColumn('text', text, (c) => c.notNull())
      .addPrimaryKeyConstraint('output_pk', ['owner', 'seq']),
    table('diffs')
      .addColumn('attempt', text, (c) => c.primaryKey().notNull())
      .addColumn('diff', text, (c) => c.notNull()),
    table('usage')
      .addColumn('attempt', text, (c) => c.notNull())
      .addColumn('fence', 'bigint', (c) => c.notNull())
      .addColumn('project', text, (c) => c.notNull())
      .addColumn('usd', real, (c) => c.notNull())
      .addColumn('input', 'bigint', (c) => c.notNull())
      .addColumn('output', 'bigint', (c) => c.notNull())
      .addColumn('metered', 'integer', (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('usage_pk', ['attempt', 'fence']),
    index('usage_at', 'usage', ['at']),
  ];
}
