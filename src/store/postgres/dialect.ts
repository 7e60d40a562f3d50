/** All in which PostgreSQL's SQL differs from SQLite's: types, the lane's lock, the clock, and one table more. */
import {
  DummyDriver,
  HandleEmptyInListsPlugin,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  replaceWithNoncontingentExpression,
  sql,
} from 'kysely';
import { SCHEMA_VERSION, type Tables } from '../schema.ts';
import { type ColumnTypes, schemaStatements } from '../schema-steps.ts';

/** Compiles queries for PostgreSQL; never executes any. */
export function postgresCompiler(): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    // `in ()` is nothing to SQLite, and a mistake to PostgreSQL.
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
  });
}

/** The order of keys and ranks must not depend on the language that a database was made with. */
const TYPES: ColumnTypes = { text: sql`text collate "C"`, real: sql`double precision`, liesByNumber: false };

/**
 * Which batch each writer (an open store) has committed last. It is written in the batch's own transaction, so that
 * after a connection was lost around COMMIT the answer can be read instead of guessed.
 */
const WRITERS =
  'create table "writers" ("writer" text primary key, "batch" bigint not null, "at" bigint not null)';

/** What artifacts and bundles hold, in parts: every server on the database reads what any of them took in. */
const BLOBS =
  'create table "blobs" ("sha256" text not null, "part" integer not null, "content" bytea not null, primary key ("sha256", "part"))';

/** Tables that only PostgreSQL has, by the version of the schema that brought them. */
const OWN: readonly string[] = [WRITERS, BLOBS];

/** The statements from one version of the schema to another; 0 is an empty schema. */
export function postgresSchema(db: Kysely<Tables>, from = 0, to = SCHEMA_VERSION): string[] {
  return [
    ...schemaStatements(db, TYPES, { from, to }).map((statement) => statement.sql),
    ...OWN.slice(from, to),
  ];
}

/** An answered commit is durable, also where the database's default is not to wait for the disk. */
const DURABLE = `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`;

/** Milliseconds since the epoch by the database's clock, at this very moment, also within a transaction. */
const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint';
export const SELECT_NOW = `select ${NOW} as now`;

/** What all that is written, and each copy, stands on: the time, the schema, and the end of the log. */
const STANDING = `select ${NOW} as now, s.value as schema, e.seq, e.roll from (select 1) as one left join settings as s on s.name = 'schema_version' left join (select seq, roll from events order by seq desc limit 1) as e on true`;

/** Locks are per schema: installations that share a database don't wait for each other. */
const lock = (what: number): string => `select pg_advisory_xact_lock(${what}, hashtext(current_schema()))`;
const LANE = 71_001;
const MIGRATION = 71_002;
const SERVED = 71_003;

/** Held by the connection that listens, as long as a store is open. */
export const LOCK_SERVED = `select pg_advisory_lock_shared(${SERVED}, hashtext(current_schema()))`;
export const IS_SERVED = `select not pg_try_advisory_xact_lock(${SERVED}, hashtext(current_schema())) as served`;

/**
 * Begins a turn in the lane of all writers. READ COMMITTED gives each statement its own look at the data, so what is
 * read behind the lock is what the writer before has committed; the lock is let go after a commit is visible to all.
 */
export const OPEN_LANE = `begin isolation level read committed; ${DURABLE}; ${lock(LANE)}; ${STANDING}`;
/** Whoever changes the schema waits for the batch that is under way; the next one finds it changed. */
export const LOCK_LANE = lock(LANE);

/** Ends it. One statement text, so one round trip: the mark, the announcement and the commit. */
export function closeLane(
  writer: string,
  batch: number,
  announce: { channel: string; seq: number } | null,
): string {
  const mark = `insert into writers (writer, batch, at) values ('${writer}', ${batch}, ${NOW}) on conflict (writer) do update set batch = excluded.batch, at = excluded.at`;
  const notify = announce ? `notify "${announce.channel}", '${announce.seq}'; ` : '';
  return `${mark}; ${notify}commit`;
}

/** The last batch of a writer, once its transaction is over: the lane's lock is free only then. */
export const OPEN_LANE_FOR_MARK = `begin; ${lock(LANE)}`;
export const SELECT_MARK = 'select batch from writers where writer = $1';
export const PRUNE_MARKS = 'delete from writers where at < $1 and writer <> $2';
/** Whoever has the lock may need long; it loses it when it stands still. */
export const OPEN_MIGRATION = `begin; set local lock_timeout = 0; ${lock(MIGRATION)}; set local lock_timeout = '10s'; select to_regclass('settings') is not null as present`;
export const OPEN_BESIDE = `begin; ${DURABLE}`;
export const OPEN_SNAPSHOT = `begin isolation level repeatable read read only; ${SELECT_NOW}`;

/** A copy of all: as of one moment, however long whoever takes it needs. */
export const OPEN_DUMP = `begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = '15min'; set local statement_timeout = 0; ${STANDING}`;
export const CURSOR = {
  open: (table: string): string => `declare dumped no scroll cursor for select * from "${table}"`,
  read: 'fetch 200 from dumped',
  close: 'close dumped',
};

export const OPEN_LOAD = `begin; ${DURABLE}; ${lock(MIGRATION)}`;
/** A schema with tables of somebody else's counts as full. */
export const LOAD_STATE = `select count(*)::int as tables, coalesce(bool_or(tablename = 'settings'), false) as own from pg_tables where schemaname = current_schema()`;
export const ROWS_OF_TABLES = `select tablename as name from pg_tables where schemaname = current_schema()`;

export const BLOB = {
  begin: `begin; ${DURABLE}`,
  add: 'insert into blobs (sha256, part, content) values ($1, $2, $3) on conflict do nothing',
  read: 'select content from blobs where sha256 = $1 order by part',
  list: 'select distinct sha256 from blobs order by sha256',
  remove: 'delete from blobs where sha256 = $1',
};
