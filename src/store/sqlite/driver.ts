/**
 * SQLite as this Node has it: `node:sqlite` where the runtime brings it (22.13 and newer), else the same source as a
 * package with prebuilt binaries. Prepared statements are kept: preparing again costs half of a small query.
 */
import { createRequire } from 'node:module';
import type { Query, QueryResult, ResultRow } from '../program.ts';
import { StoreDamaged } from '../store-errors.ts';

interface Prepared {
  all(...params: unknown[]): unknown[];
  run(...params: unknown[]): { changes: number | bigint };
}
interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): Prepared;
  close(): void;
}
type DatabaseConstructor = new (path: string) => RawDatabase;

function loadConstructor(): DatabaseConstructor {
  const require = createRequire(import.meta.url);
  try {
    return (require('node:sqlite') as { DatabaseSync: DatabaseConstructor }).DatabaseSync;
  } catch {
    return (require('@photostructure/sqlite') as { DatabaseSync: DatabaseConstructor }).DatabaseSync;
  }
}

/** What the store asks of a connection. */
export interface Connection {
  /** Statements without parameters or results: transactions, savepoints, settings, the schema. */
  exec(sql: string): void;
  execute(query: Query): QueryResult;
}

/** SQLite's primary result code (sqlite.org/rescode.html), 0 where the error is none of SQLite's. */
export function sqliteCode(error: unknown): number {
  return (Number((error as { errcode?: number } | null)?.errcode) || 0) & 0xff;
}

/** CORRUPT, and NOTADB. */
const isDamage = (error: unknown): boolean => [11, 26].includes(sqliteCode(error));

export class SqliteConnection implements Connection {
  readonly #db: RawDatabase;
  readonly #prepared = new Map<string, { statement: Prepared; reads: boolean }>();

  constructor(path: string) {
    this.#db = new (loadConstructor())(path);
  }

  exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw isDamage(error) ? new StoreDamaged(error) : error;
    }
  }

  execute(query: Query): QueryResult {
    try {
      return this.#execute(query);
    } catch (error) {
      throw isDamage(error) ? new StoreDamaged(error) : error;
    }
  }

  #execute(query: Query): QueryResult {
    let entry = this.#prepared.get(query.sql);
    if (!entry) {
      // Dynamic lists make many texts; the cache is bounded so that they cannot fill memory.
      if (this.#prepared.size > 500) this.#prepared.clear();
      entry = {
        statement: this.#db.prepare(query.sql),
        reads: /^\s*(select|with|pragma|explain)/i.test(query.sql),
      };
      this.#prepared.set(query.sql, entry);
    }
    if (entry.reads) return { rows: entry.statement.all(...query.params) as ResultRow[], changes: 0 };
    return { rows: [], changes: Number(entry.statement.run(...query.params).changes) };
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }
}
