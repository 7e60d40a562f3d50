/**
 * A program is a database conversation as a generator: it yields queries and receives their results. The same program
 * runs synchronously on SQLite, where a whole batch must not be interleaved, and asynchronously on PostgreSQL. So each
 * thing that the store does is written once.
 */
import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from './schema.ts';

export interface Query {
  sql: string;
  params: readonly unknown[];
}

/** Columns are text, numbers or null: nothing here stores blobs. */
export type ResultRow = Record<string, string | number | null>;

export interface QueryResult {
  rows: ResultRow[];
  /** Rows changed by an insert, update or delete. */
  changes: number;
}

/** Queries of which none needs what another gives: over a network they travel together. They are carried out in order. */
interface Together {
  queries: readonly Query[];
  results: readonly QueryResult[];
}

/** A query that has to change one row where it says what is wrong if it does not. */
export interface Write {
  query: Query;
  otherwise?: () => Error;
}

/** The last word of a program about these: nothing that comes behind them in it depends on how they end. */
interface Writes {
  writes: readonly Write[];
}

export type Program<T> = Generator<Query | Together | Writes, T, QueryResult>;

const NO_RESULT: QueryResult = { rows: [], changes: 0 };

/** @returns what each of them gives, in their order */
export function* together(queries: readonly Query[]): Program<readonly QueryResult[]> {
  if (queries.length === 0) return [];
  const step: Together = { queries, results: [] };
  yield step;
  return step.results;
}

export function* carryOut(writes: readonly Write[]): Program<void> {
  if (writes.length > 0) yield { writes };
}

/** @throws what the first says that has not changed its row */
export function checkWrites(writes: readonly Write[], results: readonly QueryResult[]): void {
  for (const [n, { otherwise }] of writes.entries())
    if (otherwise && results[n]?.changes !== 1) throw otherwise();
}

export function runSync<T>(program: Program<T>, execute: (query: Query) => QueryResult): T {
  let step = program.next();
  while (!step.done) {
    let result = NO_RESULT;
    try {
      const asked = step.value;
      if ('queries' in asked) asked.results = asked.queries.map(execute);
      else if ('writes' in asked) {
        checkWrites(
          asked.writes,
          asked.writes.map(({ query }) => execute(query)),
        );
      } else result = execute(asked);
    } catch (error) {
      step = program.throw(error);
      continue;
    }
    step = program.next(result);
  }
  return step.value;
}

/** A database that is waited for. */
export interface Executor {
  execute(query: Query): Promise<QueryResult>;
  executeAll(queries: readonly Query[]): Promise<readonly QueryResult[]>;
  /** May answer before they are carried out, where whoever runs the program then waits for `executeAll` before it ends. */
  write(writes: readonly Write[]): Promise<void>;
}

/** As `runSync`, on a database that is waited for. */
export async function runAsync<T>(program: Program<T>, on: Executor): Promise<T> {
  let step = program.next();
  while (!step.done) {
    let result = NO_RESULT;
    try {
      const asked = step.value;
      if ('queries' in asked) asked.results = await on.executeAll(asked.queries);
      else if ('writes' in asked) await on.write(asked.writes);
      else result = await on.execute(asked);
    } catch (error) {
      step = program.throw(error);
      continue;
    }
    step = program.next(result);
  }
  return step.value;
}

class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Stands for a parameter while a statement is compiled; filled in by name when it is executed. */
export function p(name: string): never {
  return new Placeholder(name) as never;
}

/**
 * The most rows that a query gives. An expression, never the bare parameter: SQLite looks into a bare one when it plans,
 * and so plans again at every execution, which costs more than most queries here.
 */
export function atMost(rows: number): RawBuilder<number> {
  return sql<number>`${rows} + 0`;
}

/** A statement that is compiled once, at its first use, and executed with named parameters ever after. */
export function statement<P extends object>(
  db: Kysely<Tables>,
  build: (db: Kysely<Tables>) => { compile(): CompiledQuery },
) {
  let compiled: { sql: string; slots: readonly (string | { fixed: unknown })[] } | null = null;
  return (params: P): Query => {
    if (!compiled) {
      const { sql, parameters } = build(db).compile();
      compiled = {
        sql,
        slots: parameters.map((value) => (value instanceof Placeholder ? value.name : { fixed: value })),
      };
    }
    const values = params as Record<string, unknown>;
    return {
      sql: compiled.sql,
      params: compiled.slots.map((slot) => (typeof slot === 'string' ? values[slot] : slot.fixed)),
    };
  };
}

/** More shapes than callers ask for in practice; were there more, they would be compiled again and again. */
const SHAPES = 500;

/**
 * A statement whose text depends on what is asked for: which filters, how many values in a list. Each shape is compiled
 * once, as compiling costs more than most queries here.
 */
export function shapes(db: Kysely<Tables>) {
  const known = new Map<string, (params: Record<string, unknown>) => Query>();
  return (
    shape: string,
    build: (db: Kysely<Tables>) => { compile(): CompiledQuery },
    params: Record<string, unknown>,
  ): Query => {
    let compiled = known.get(shape);
    if (!compiled) {
      if (known.size >= SHAPES) known.clear();
      compiled = statement<Record<string, unknown>>(db, build);
      known.set(shape, compiled);
    }
    return compiled(params);
  };
}

/** The placeholders and the parameters of a list. */
export function listed(name: string, values: readonly unknown[]) {
  return {
    placeholders: values.map((_value, index) => p(`${name}${index}`)),
    params: Object.fromEntries(values.map((value, index) => [`${name}${index}`, value])),
  };
}

/** Of lists that come in any length: few, as each is a statement of its own. */
const LENGTHS = [1, 10, 50, 200] as const;
/** The longest list for one statement. */
export const LONGEST = 200;

/** As `listed`, filled up with the first value to one of a few lengths. @param values at most `LONGEST`, at least one */
export function filledUp(name: string, values: readonly unknown[]) {
  const length = LENGTHS.find((each) => each >= values.length) ?? LONGEST;
  const all = [...values, ...Array<unknown>(length - values.length).fill(values[0])];
  return { length, ...listed(name, all) };
}

export function query(builder: { compile(): CompiledQuery }): Query {
  const { sql, parameters } = builder.compile();
  return { sql, params: parameters };
}
