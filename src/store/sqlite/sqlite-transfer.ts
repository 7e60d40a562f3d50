/** SQLite copied out while it is written to, and filled from such a copy. */
import { existsSync, rmSync } from 'node:fs';
import type { Kysely } from 'kysely';
import type { LoadTarget } from '../load-target.ts';
import type { Dump, TablePage } from '../port.ts';
import { type Program, type ResultRow, runSync } from '../program.ts';
import { readPrograms } from '../programs/read.ts';
import { MARKED, UNFINISHED, moveOf, transferPrograms } from '../programs/transfer.ts';
import { SCHEMA_VERSION, TABLES, type Tables, refuseNewerSchema } from '../schema.ts';
import { schemaStatements } from '../schema-steps.ts';
import { type Connection, SqliteConnection } from './driver.ts';

const PAGE = 200;

/** A transaction of its own that reads: in WAL it sees one moment, and holds up no writer. */
export function dumpSqlite(db: Kysely<Tables>, path: string, at: number): Dump {
  const connection = new SqliteConnection(path);
  connection.exec('begin');
  // The moment is that of the first read.
  const head = runSync(readPrograms(db).head(), (query) => connection.execute(query));
  return { schema: SCHEMA_VERSION, at, head, ...pagesOf(connection, () => connection.close()) };
}

/** Of a database that is in memory alone, which no other connection reaches: read at once, handed out later. */
export function dumpOpenConnection(db: Kysely<Tables>, connection: Connection, at: number): Dump {
  const head = runSync(readPrograms(db).head(), (query) => connection.execute(query));
  const all: TablePage[] = [];
  for (const table of Object.keys(TABLES)) {
    const { rows } = connection.execute({ sql: `select * from "${table}"`, params: [] });
    if (rows.length > 0) all.push({ table, rows });
  }
  return {
    schema: SCHEMA_VERSION,
    at,
    head,
    async *pages() {
      yield* all;
    },
    close: () => Promise.resolve(),
  };
}

function pagesOf(connection: SqliteConnection, close: () => void): Pick<Dump, 'pages' | 'close'> {
  return {
    async *pages() {
      for (const table of Object.keys(TABLES)) {
        let after = 0;
        for (;;) {
          const { rows } = connection.execute({
            sql: `select rowid as "_rowid", * from "${table}" where rowid > ? order by rowid limit ${PAGE}`,
            params: [after],
          });
          if (rows.length === 0) break;
          after = Number(rows.at(-1)?.['_rowid']);
          yield { table, rows: rows.map(withoutRowid) };
          // The writer of this process has its turn between pages.
          await new Promise((resolve) => setImmediate(resolve));
          if (rows.length < PAGE) break;
        }
      }
    },
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}

function withoutRowid({ _rowid, ...row }: ResultRow): ResultRow {
  return row;
}

export function sqliteTarget(db: Kysely<Tables>, path: string): LoadTarget {
  const transfer = transferPrograms(db);
  const opened = <T>(use: (connection: SqliteConnection) => T): T => {
    const connection = new SqliteConnection(path);
    try {
      return use(connection);
    } finally {
      connection.close();
    }
  };
  const run = <T>(connection: SqliteConnection, program: Program<T>): T =>
    runSync(program, (query) => connection.execute(query));
  const tablesOf = (connection: SqliteConnection): string[] =>
    connection
      .execute({ sql: `select name from sqlite_master where type = 'table'`, params: [] })
      .rows.map(({ name }) => String(name));
  const markOf = (connection: SqliteConnection): string | null => {
    if (!tablesOf(connection).includes('settings')) return null;
    const mark = { sql: `select value from settings where name = ?`, params: [UNFINISHED] };
    const [row] = connection.execute(mark).rows;
    return row ? String(row['value']) : null;
  };
  return {
    // Its server holds the lock of the data directory.
    isServed: () => Promise.resolve(false),
    state: () => {
      if (!existsSync(path)) return Promise.resolve('empty');
      return Promise.resolve(
        opened((connection) => {
          if (tablesOf(connection).length === 0) return 'half';
          return markOf(connection) === null ? 'full' : 'half';
        }),
      );
    },
    halfOf: () =>
      Promise.resolve(existsSync(path) ? opened((connection) => moveOf(markOf(connection))) : null),
    load: async ({ schema, at, pages, holdMs, move }) => {
      refuseNewerSchema(schema);
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
      const connection = new SqliteConnection(path);
      try {
        connection.exec('pragma journal_mode = wal; pragma synchronous = full;');
        // A load that is broken off is seen as one: without this a server would find an empty place, and begin anew in it.
        connection.exec(MARKED);
        run(connection, transfer.mark(move));
        connection.exec('begin immediate; drop table settings;');
        for (const { sql } of schemaStatements(db, undefined, { to: schema })) connection.exec(sql);
        for await (const page of pages) run(connection, transfer.insert(page, schema));
        for (const { sql } of schemaStatements(db, undefined, { from: schema })) connection.exec(sql);
        run(connection, transfer.setSchema());
        run(connection, transfer.fence({ at, now: Date.now(), holdMs }));
        run(connection, transfer.mark(move));
        connection.exec('commit');
      } finally {
        connection.close();
      }
    },
    finish: () => {
      opened((connection) => run(connection, transfer.unmark()));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
