/** PostgreSQL copied out while servers write to it, and filled from such a copy. */
import type { Kysely } from 'kysely';
import pg from 'pg';
import type { LoadTarget } from '../load-target.ts';
import type { Dump } from '../port.ts';
import { type Program, type ResultRow, runAsync } from '../program.ts';
import { type Leaving, MARKED, UNFINISHED, moveOf, transferPrograms } from '../programs/transfer.ts';
import { SCHEMA_VERSION, TABLES, type Tables, refuseNewerSchema } from '../schema.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import {
  CURSOR,
  IS_SERVED,
  LOAD_STATE,
  OPEN_BESIDE,
  OPEN_DUMP,
  OPEN_LOAD,
  ROWS_OF_TABLES,
  postgresSchema,
} from './dialect.ts';
import { connectionConfig, executeText, executorOn } from './driver.ts';
import { refuseOtherSchema } from './postgres-schema.ts';

/** One repeatable-read transaction on a connection of its own; whoever takes the copy may be slow. */
export async function dumpPostgres(url: string, watch: ConnectionWatch): Promise<Dump> {
  const client = new pg.Client({ ...connectionConfig(url), query_timeout: 0 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await watch.add(client);
    const [found] = (await executeText(client, OPEN_DUMP)).at(-1) ?? [];
    refuseOtherSchema(found);
    return {
      schema: SCHEMA_VERSION,
      at: Number(found?.['now']),
      head: { seq: Number(found?.['seq'] ?? 0), hash: String(found?.['roll'] ?? '0'.repeat(64)) },
      async *pages() {
        for (const table of Object.keys(TABLES)) {
          await client.query(CURSOR.open(table));
          for (;;) {
            const { rows } = await client.query<ResultRow>(CURSOR.read);
            if (rows.length === 0) break;
            yield { table, rows };
          }
          await client.query(CURSOR.close);
        }
      },
      close: () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** The installation moves away: no server opens this database from now on. */
export const leavePostgres = (db: Kysely<Tables>, url: string, leaving: Leaving): Promise<void> =>
  programOn(url, transferPrograms(db).leave(leaving));

/** It has not moved away after all. */
export const stayInPostgres = (db: Kysely<Tables>, url: string): Promise<void> =>
  programOn(url, transferPrograms(db).stay());

/** The id of the move by which it has left; null where it has not. */
export const postgresLeftBy = (db: Kysely<Tables>, url: string): Promise<string | null> =>
  programOn(url, transferPrograms(db).leftBy());

async function programOn<T>(url: string, program: Program<T>): Promise<T> {
  const client = new pg.Client(connectionConfig(url));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(OPEN_BESIDE);
    const value = await runAsync(program, executorOn(client));
    await client.query('commit');
    return value;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function postgresTarget(db: Kysely<Tables>, url: string): LoadTarget {
  const transfer = transferPrograms(db);
  const connected = async <T>(use: (client: pg.Client) => Promise<T>): Promise<T> => {
    // Loading is one transaction that waits for its source between its statements.
    const client = new pg.Client({
      ...connectionConfig(url),
      query_timeout: 0,
      statement_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const run = <T>(client: pg.Client, program: Program<T>): Promise<T> =>
    runAsync(program, executorOn(client));

  const markOf = async (client: pg.Client): Promise<string | null> => {
    const { rows } = await client.query<{ value: string }>('select value from settings where name = $1', [
      UNFINISHED,
    ]);
    return rows[0]?.value ?? null;
  };
  const stateOf = async (client: pg.Client): Promise<'empty' | 'half' | 'full'> => {
    const { rows } = await client.query<{ tables: number; own: boolean }>(LOAD_STATE);
    if (!rows[0] || rows[0].tables === 0) return 'empty';
    if (!rows[0].own) return 'full';
    return (await markOf(client)) === null ? 'full' : 'half';
  };

  return {
    state: () => connected(stateOf),
    halfOf: () =>
      connected(async (client) => ((await stateOf(client)) === 'half' ? moveOf(await markOf(client)) : null)),
    isServed: () =>
      connected(async (client) => {
        const { rows } = await client.query<{ served: boolean }>(IS_SERVED);
        return rows[0]?.served ?? false;
      }),
    load: ({ schema, at, pages, holdMs, move }) =>
      connected(async (client) => {
        refuseNewerSchema(schema);
        const begin = async (): Promise<void> => {
          await executeText(client, OPEN_LOAD);
          const state = await stateOf(client);
          if (state === 'full')
            throw new Error('the database is not empty any more: somebody else was faster');
          if (state === 'half') await dropTables(client);
        };
        // A load that is broken off is seen as one: without this a server would find an empty place, and begin anew in it.
        await begin();
        await client.query(MARKED);
        await run(client, transfer.mark(move));
        await client.query('commit');
        await begin();
        for (const statement of postgresSchema(db, 0, schema)) await client.query(statement);
        for await (const page of pages) await run(client, transfer.insert(page, schema));
        for (const statement of postgresSchema(db, schema)) await client.query(statement);
        await run(client, transfer.setSchema());
        await run(client, transfer.fence({ at, now: Date.now(), holdMs }));
        await run(client, transfer.mark(move));
        await client.query('commit');
      }),
    finish: () => connected((client) => run(client, transfer.unmark())),
    close: () => Promise.resolve(),
  };
}

async function dropTables(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(ROWS_OF_TABLES);
  for (const { name } of rows) await client.query(`drop table ${pg.escapeIdentifier(name)}`);
}
