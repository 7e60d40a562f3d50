/**
 * A database in memory that takes the very SQL that SQLite takes, so that the store under it is the product's own, with
 * its programs, guards, compare-and-swap and savepoints. Most schedules of the simulation run on it, because SQLite was
 * a third of their time; it passes the store's conformance suite, and gives every world that SQLite gives.
 */
import type { Query, QueryResult, ResultRow } from '../../../src/store/program.ts';
import {
  type Evaluate,
  type Make,
  type Parameters,
  checkParameters,
  evaluator,
  maker,
  order,
  sorter,
  tester,
  valueOf,
} from './compile-expression.ts';
import { type Expression, type Insert, type Select, type Statement, parseSql } from './parse-sql.ts';
import { type Row, type Slot, Table, type Value, at } from './table.ts';

type Run = (parameters: Parameters) => QueryResult;
const NOTHING: QueryResult = { rows: [], changes: 0 };
const ONE: QueryResult = { rows: [], changes: 1 };

export class MemoryDatabase {
  readonly #tables = new Map<string, Table>();
  readonly #prepared = new Map<string, Run>();
  /** How to take back what the transaction has done so far, in order. */
  #undo: (() => void)[] = [];
  #savepoint = 0;
  #inTransaction = false;

  execute({ sql, params }: Query): QueryResult {
    let run = this.#prepared.get(sql);
    if (!run) {
      run = this.#prepare(parseSql(sql));
      this.#prepared.set(sql, run);
    }
    checkParameters(params);
    return run(params);
  }

  /** What is not a query: transactions, savepoints, the schema; settings of SQLite mean nothing here. */
  exec(text: string): void {
    if (this.#isTransacting(text)) return;
    for (const part of text.split(';')) {
      const sql = part.trim().toLowerCase();
      if (sql === '' || sql.startsWith('pragma ') || this.#isTransacting(sql)) continue;
      this.#create(parseSql(sql));
    }
  }

  #isTransacting(command: string): boolean {
    switch (command) {
      case 'begin immediate':
        if (this.#inTransaction) throw new Error('cannot start a transaction within a transaction');
        this.#inTransaction = true;
        return true;
      case 'savepoint plan':
        this.#savepoint = this.#undo.length;
        return true;
      case 'release plan':
        return true;
      case 'rollback to plan':
        this.#takeBack(this.#savepoint);
        return true;
      case 'rollback':
        this.#takeBack(0);
        this.#inTransaction = false;
        return true;
      case 'commit':
        this.#undo = [];
        this.#inTransaction = false;
        return true;
      default:
        return false;
    }
  }

  #takeBack(length: number): void {
    while (this.#undo.length > length) this.#undo.pop()?.();
  }

  /** Every table as it was when the schema was new. */
  reset(settings: readonly (readonly [name: string, value: string])[]): void {
    for (const table of this.#tables.values()) table.empty();
    this.#undo = [];
    this.#inTransaction = false;
    for (const [name, value] of settings) this.#tables.get('settings')?.insert({ name, value });
  }

  #create(statement: Statement): void {
    if (statement.statement === 'create table') {
      const table = new Table(statement.table, statement.columns, statement.required);
      for (const columns of statement.unique) table.addUnique(columns);
      this.#tables.set(table.name, table);
    } else if (statement.statement === 'create index' && statement.isUnique) {
      this.#table(statement.table).addUnique(statement.columns);
    } else if (statement.statement === 'copy') {
      const to = this.#table(statement.to);
      for (const { row } of this.#table(statement.from).slots) to.insert(row);
    } else if (statement.statement === 'drop table') {
      this.#tables.delete(statement.table);
    } else if (statement.statement === 'rename') {
      const table = this.#table(statement.from);
      this.#tables.delete(statement.from);
      table.name = statement.to;
      this.#tables.set(table.name, table);
    }
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`no such table: ${name}`);
    return table;
  }

  #prepare(statement: Statement): Run {
    switch (statement.statement) {
      case 'select':
        return this.#select(statement);
      case 'insert':
        return this.#insert(statement);
      case 'update': {
        const table = this.#table(statement.table);
        const find = finder(table, statement.where);
        const change = changer(table, statement.set, null);
        return (parameters) => {
          const slots = find(parameters);
          for (const slot of slots) this.#replace(table, slot, change(slot.row, null, parameters));
          return { rows: [], changes: slots.length };
        };
      }
      case 'delete': {
        const table = this.#table(statement.table);
        const find = finder(table, statement.where);
        return (parameters) => {
          const slots = find(parameters);
          for (const slot of slots) {
            table.remove(slot);
            this.#undo.push(() => table.restore(slot));
          }
          return { rows: [], changes: slots.length };
        };
      }
      default:
        throw new Error(`${statement.statement} is no query`);
    }
  }

  #replace(table: Table, slot: Slot, row: Row): void {
    const before = slot.row;
    table.replace(slot, row);
    this.#undo.push(() => table.replace(slot, before));
  }

  #insert({ rows, ...insert }: Insert): Run {
    const runs = rows.map((values) => this.#insertRow(insert, values));
    const [only] = runs;
    if (runs.length === 1 && only) return only;
    return (parameters) => ({
      rows: [],
      changes: runs.reduce((sum, run) => sum + run(parameters).changes, 0),
    });
  }

  #insertRow({ table: name, columns, onConflict }: Omit<Insert, 'rows'>, values: Expression[]): Run {
    const table = this.#table(name);
    const unnamed = { table: { name: '', columns: [] }, other: null };
    for (const column of columns)
      if (!table.columns.includes(column)) throw new Error(`${name} has no column ${column}`);
    const make = maker(
      table.columns.map((column) => {
        const value = values[columns.indexOf(column)];
        return [column, value ? valueOf(value, unnamed) : 'null'];
      }),
    );
    const update =
      typeof onConflict === 'object'
        ? {
            unique: table.unique(onConflict.columns),
            change: changer(table, onConflict.set, { name: 'excluded', columns: table.columns }),
          }
        : null;
    return (parameters) => {
      const row = make(NO_ROW, null, parameters);
      if (onConflict === 'nothing' && table.conflicting(row)) return NOTHING;
      const met = update ? at(update.unique, row) : undefined;
      if (update && met) this.#replace(table, met, update.change(met.row, row, parameters));
      else {
        const slot = table.insert(row);
        this.#undo.push(() => table.remove(slot));
      }
      return ONE;
    };
  }

  #select(select: Select): Run {
    const inner = withinsOf(select.where).map((within) => this.#select(within));
    const run = this.#selectWithin(select);
    if (inner.length === 0) return run;
    return (parameters) => {
      const within = inner.map((each) => new Set(each(parameters).rows.flatMap((row) => Object.values(row))));
      return run(Object.assign([...parameters], { within }));
    };
  }

  #selectWithin(select: Select): Run {
    // The catalogue, which is asked only whether there is a schema.
    if (select.from === 'sqlite_master')
      return () => ({ rows: this.#tables.has('settings') ? [{ name: 'settings' }] : [], changes: 0 });
    const table = this.#table(select.from);
    const joined = select.join ? this.#table(select.join.table) : null;
    const scope = { table, other: joined };
    const beside = select.join && joined ? joiner(select.join.on, table, joined) : null;
    const find = finder(table, joined ? null : select.where, select.where);
    const holds = joined && select.where ? tester(select.where, scope) : null;
    const project = projector(select, table, joined);
    const limit: Evaluate | null = select.limit ? evaluator(select.limit, scope) : null;
    const isBefore = select.orderBy.length > 0 ? sorter(select.orderBy, scope) : null;
    if (!beside && !isBefore && !limit)
      return (parameters) => ({ rows: project(find(parameters)), changes: 0 });
    const compare = (a: Pair, b: Pair): number =>
      isBefore?.(a.row, a.other ?? null, b.row, b.other ?? null) ?? 0;
    return (parameters) => {
      const most = limit ? Number(limit(NO_ROW, null, parameters)) : Infinity;
      let found: Pair[] = [];
      for (const slot of find(parameters)) {
        if (!beside) found.push(slot);
        else {
          const other = beside(slot.row);
          if (other === null && select.join?.isInner) continue;
          if (!holds || holds(slot.row, other, parameters)) found.push({ row: slot.row, other });
        }
      }
      if (isBefore && found.length > 1) {
        if (most === 1) found = [found.reduce((first, pair) => (compare(pair, first) < 0 ? pair : first))];
        else found.sort(compare);
      }
      if (found.length > most) found.length = most;
      return { rows: project(found), changes: 0 };
    };
  }
}

/** A row, and what is joined to it. */
interface Pair {
  row: Row;
  other?: Row | null;
}

/** The rows that meet a condition, looked up by one that is equal to something outside of the row, where there is one. */
function finder(
  table: Table,
  where: Expression | null,
  hints: Expression | null = where,
): (parameters: Parameters) => readonly Slot[] {
  const scope = { table, other: null };
  const equal = equalities(hints).find(({ column, value }) => {
    const isOwn = column.table === null || column.table === table.name;
    return (
      isOwn && table.columns.includes(column.name) && (value.is === 'parameter' || value.is === 'constant')
    );
  });
  // What the look-up has made sure of is not asked again.
  const rest = equal && where ? without(where, equal.value) : where;
  const holds = rest === null ? null : tester(rest, scope);
  const wanted = equal ? evaluator(equal.value, scope) : null;
  const having = equal ? table.lookup(equal.column.name) : null;
  return (parameters) => {
    const slots = having && wanted ? having(wanted(NO_ROW, null, parameters)) : table.slots;
    if (!holds) return Array.isArray(slots) ? slots : [...slots];
    const found: Slot[] = [];
    for (const slot of slots) if (holds(slot.row, null, parameters)) found.push(slot);
    return found;
  };
}

const NO_ROW: Row = {};

/** A condition without the comparison with this value. */
function without(where: Expression, value: Expression): Expression | null {
  if (where.is === 'compare' && where.right === value) return null;
  if (where.is !== 'both') return where;
  const [left, right] = [without(where.left, value), without(where.right, value)];
  return left && right ? { is: 'both', left, right } : (left ?? right);
}

/** The questions to other tables that a condition asks, in the order of their numbers. */
function withinsOf(where: Expression | null): Select[] {
  if (where?.is === 'within') return [where.select];
  if (where?.is !== 'both' && where?.is !== 'either') return [];
  return [...withinsOf(where.left), ...withinsOf(where.right)];
}

type Column = Extract<Expression, { is: 'column' }>;

/** What a condition says must be equal, whatever else holds. */
function equalities(where: Expression | null): { column: Column; value: Expression }[] {
  if (where?.is === 'both') return [...equalities(where.left), ...equalities(where.right)];
  if (where?.is !== 'compare' || where.operator !== '=' || where.left.is !== 'column') return [];
  return [{ column: where.left, value: where.right }];
}

/** The one row of another table that belongs to a row: joins here are by a key of the other. */
function joiner(on: Expression, table: Table, joined: Table): (row: Row) => Row | null {
  if (on.is !== 'compare' || on.operator !== '=') throw new Error('only equal things are joined');
  const [own, key] =
    on.left.is === 'column' && on.left.table === joined.name ? [on.right, on.left] : [on.left, on.right];
  if (key.is !== 'column') throw new Error('a join is by a column of the joined table');
  const value = evaluator(own, { table, other: null });
  const having = joined.lookup(key.name);
  return (row) => {
    let found: Row | null = null;
    for (const slot of having(value(row, null, []))) {
      if (found !== null)
        throw new Error(
          `${joined.name} has several rows for one of ${table.name}; join it the other way round`,
        );
      found = slot.row;
    }
    return found;
  };
}

function changer(
  table: Table,
  set: readonly { column: string; value: Expression }[],
  other: { name: string; columns: readonly string[] } | null,
): Make {
  for (const { column } of set)
    if (!table.columns.includes(column)) throw new Error(`${table.name} has no column ${column}`);
  return maker(
    table.columns.map((column) => {
      const change = set.find((one) => one.column === column);
      return [
        column,
        valueOf(change ? change.value : { is: 'column', table: null, name: column }, { table, other }),
      ];
    }),
  );
}

function projector(
  select: Select,
  table: Table,
  joined: Table | null,
): (found: readonly Pair[]) => ResultRow[] {
  const { columns, groupBy } = select;
  const isAggregate = columns.some((column) => 'value' in column && column.value.is === 'aggregate');
  if (isAggregate) return grouper(select, table);
  if (groupBy.length > 0) throw new Error('a group without an aggregate');
  const [first] = columns;
  if (columns.length === 1 && first && 'all' in first) return (found) => found.map(({ row }) => row);
  const scope = { table, other: joined };
  const make = maker(
    columns.map((column) => {
      if ('all' in column) throw new Error('all columns, and others');
      return [column.as, valueOf(column.value, scope)];
    }),
  );
  return (found) => found.map(({ row, other }) => make(row, other ?? null, []));
}

/** One row for each group, or for all rows where there are no groups. */
function grouper({ columns, groupBy }: Select, table: Table): (found: readonly Pair[]) => ResultRow[] {
  const scope = { table, other: null };
  const keys = groupBy.map((key) => evaluator(key, scope));
  return (found) => {
    const groups = new Map<string, Row[]>(groupBy.length === 0 ? [['[]', []]] : []);
    for (const { row } of found) {
      const key = JSON.stringify(keys.map((value) => value(row, null, [])));
      const group = groups.get(key);
      if (group) group.push(row);
      else groups.set(key, [row]);
    }
    return [...groups.values()].map((rows) => {
      const result: ResultRow = {};
      for (const column of columns) {
        if ('all' in column) throw new Error('all columns of a group');
        result[column.as] =
          column.value.is === 'aggregate'
            ? aggregate(column.value.how, column.value.of ? evaluator(column.value.of, scope) : null, rows)
            : evaluator(column.value, scope)(rows[0] ?? {}, null, []);
      }
      return result;
    });
  };
}

function aggregate(how: 'sum' | 'min' | 'max' | 'count', of: Evaluate | null, rows: readonly Row[]): Value {
  const values = of ? rows.map((row) => of(row, null, [])).filter((value) => value !== null) : [];
  if (how === 'count') return of ? values.length : rows.length;
  if (values.length === 0) return null;
  if (how === 'sum') return values.reduce<number>((sum, value) => sum + Number(value), 0);
  const sign = how === 'min' ? -1 : 1;
  return values.reduce((best, value) => (order(value, best) === sign ? value : best));
}
