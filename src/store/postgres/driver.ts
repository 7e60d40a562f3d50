/** PostgreSQL by `pg`: rows as SQLite gives them (text, numbers, null), and which errors mean what. */
import pg from 'pg';
import { type Executor, type Query, type QueryResult, type ResultRow, checkWrites } from '../program.ts';
import { getTypeParser } from './column-types.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import { Pipeline } from './pipeline.ts';

export function connectionConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'mission-control',
    types: { getTypeParser },
    keepAlive: true,
    // A way that swallows everything ends no connection: the one that listens would wait two hours to find out.
    keepAliveInitialDelayMillis: 30_000,
    connectionTimeoutMillis: 5000,
    // A server that hangs between two queries must not hold the others' lane; a database that hangs, not ours.
    idle_in_transaction_session_timeout: 5000,
    lock_timeout: 10_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
  };
}

/** @param watch looks after its connections */
export function openPool(url: string, connections: number, watch?: ConnectionWatch): pg.Pool {
  const pool = new pg.Pool({
    ...connectionConfig(url),
    max: connections,
    idleTimeoutMillis: 60_000,
    // It is awaited, which its type does not say.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: (client) => watch?.add(client),
  });
  // Both report a lost connection here besides failing its query, and an error nobody listens to ends the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return pool;
}

/** Texts that were sent before get a name, so that each connection parses them once. Lists make many that do not. */
const sent = new Set<string>();
const names = new Map<string, string>();
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (!sent.has(text)) {
    if (sent.size > 1000) sent.clear();
    sent.add(text);
    return undefined;
  }
  if (names.size >= 300) return undefined;
  const name = `mc_${names.size}`;
  names.set(text, name);
  return name;
}

/** PostgreSQL keeps no NUL in a text; agents print what they like. */
const parameter = (value: unknown): unknown =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;

export async function execute(on: pg.Pool | pg.ClientBase, query: Query): Promise<QueryResult> {
  const result = await (on as pg.ClientBase).query<ResultRow>({
    text: query.sql,
    values: query.params.map(parameter),
    name: nameOf(query.sql),
  });
  return { rows: result.rows, changes: result.command === 'SELECT' ? 0 : (result.rowCount ?? 0) };
}

/** @param on a connection sends what belongs together at once; a pool gives each query any connection */
export function executorOn(on: pg.Pool | pg.ClientBase): Executor {
  const all = async (queries: readonly Query[]): Promise<readonly QueryResult[]> => {
    const [only] = queries;
    if (only && queries.length === 1) return [await execute(on, only)];
    return on instanceof pg.Pool
      ? onOneOf(on, (client) => executeAll(client, queries))
      : executeAll(on, queries);
  };
  return {
    execute: (query) => execute(on, query),
    executeAll: all,
    write: async (writes) => checkWrites(writes, await all(writes.map(({ query }) => query))),
  };
}

async function onOneOf<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    const value = await work(client);
    broken = false;
    return value;
  } finally {
    client.release(broken);
  }
}

/** One journey for all of them; the first that fails ends it, and what comes behind it is not carried out. */
function executeAll(on: pg.ClientBase, queries: readonly Query[]): Promise<readonly QueryResult[]> {
  return new Promise((resolve, reject) => {
    const statements = queries.map(({ sql, params }) => ({
      text: sql,
      name: nameOf(sql) ?? '',
      values: params.map(parameter),
    }));
    on.query(new Pipeline(statements, (error, results) => (error ? reject(error) : resolve(results))));
  });
}

/** The results of several statements in one text, each as rows. */
export async function executeText(on: pg.ClientBase, text: string): Promise<ResultRow[][]> {
  const results = (await on.query(text)) as unknown as { rows: ResultRow[] } | { rows: ResultRow[] }[];
  return (Array.isArray(results) ? results : [results]).map((result) => result.rows);
}

/** The database has answered: this statement failed, the connection lives, and nothing of the transaction remains. */
function isAnswered(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

const LOST_SOCKET = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN)/;
const LOST_TEXT =
  /connection terminated|connection (error|ended)|timeout exceeded when|read timeout|not queryable/i;

/** The connection is gone or never came to be. Whether a COMMIT that was under way succeeded is not known. */
export function isLost(error: unknown): boolean {
  if (isAnswered(error) || !(error instanceof Error)) return false;
  // 08 connection, 57P shut down, crashed or starting, 53300 too many connections, 25P03 idle for too long
  if (error instanceof pg.DatabaseError) return /^(08|57P0|53300|25P03)/.test(error.code ?? '');
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // A name with several addresses fails with all of their errors at once.
  return LOST_SOCKET.test(code) || LOST_TEXT.test(error.message) || error instanceof AggregateError;
}

/** Full, failing or read-only (as the standby of a failover is): no change is taken, and the next may be. */
export function refusesWrites(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(53|58|25006|57014)/.test(error.code ?? '');
}

/** Rolled back for the sake of another transaction, or not admitted to a lock in time: the same may succeed now. */
export function mayTryAgain(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(40001|40P01|55P03)$/.test(error.code ?? '');
}
