/**
 * Expressions as JavaScript, made once for each statement: over the row (`r`), the row that is joined to it or proposed
 * instead of it (`o`), and the parameters (`p`). As closures they took twice as long, and this is what most of a
 * world's reads do.
 */
import type { Expression } from './parse-sql.ts';
import type { Row, Value } from './table.ts';

/** With what each `within` of the statement has found. */
export type Parameters = readonly unknown[] & { within?: readonly ReadonlySet<unknown>[] };
export type Evaluate = (row: Row, other: Row | null, parameters: Parameters) => Value;
export type Test = (row: Row, other: Row | null, parameters: Parameters) => boolean;
export type Make = (row: Row, other: Row | null, parameters: Parameters) => Record<string, Value>;

/** The tables that a name may be of: the one that is read, and the one beside it. */
export interface Scope {
  table: { name: string; columns: readonly string[] };
  other: { name: string; columns: readonly string[] } | null;
}

export function evaluator(expression: Expression, scope: Scope): Evaluate {
  return compiled<Evaluate>(`return ${valueOf(expression, scope)}`);
}

export function tester(expression: Expression, scope: Scope): Test {
  return compiled<Test>(`return ${conditionOf(expression, scope)}`);
}

/** Makes a row; every row of a table is made with the same columns in the same order. */
export function maker(columns: readonly (readonly [name: string, source: string])[]): Make {
  const members = columns.map(([name, source]) => `${JSON.stringify(name)}: ${source}`);
  return compiled<Make>(`return { ${members.join(', ')} }`);
}

/** Below, above or 0, as `sort` wants it, by several keys of two pairs of rows. */
export function sorter(
  keys: readonly { by: Expression; descends: boolean }[],
  scope: Scope,
): (a: Row, aOther: Row | null, b: Row, bOther: Row | null) => number {
  const body = keys.map(({ by, descends }) => {
    const [x, y] = [valueOf(by, scope), valueOf(by, scope, 's', 'q')];
    return `c = order(${x}, ${y}); if (c !== 0) return ${descends ? '-c' : 'c'};`;
  });
  // oxlint-disable-next-line no-implied-eval -- the text is made here, from a statement of the product's own
  const make = new Function('order', `return (r, o, s, q) => { let c; ${body.join(' ')} return 0; }`) as (
    by: typeof order,
  ) => (a: Row, aOther: Row | null, b: Row, bOther: Row | null) => number;
  return make(order);
}

/** Null comes first, then numbers, then texts. */
export function order(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : 1;
}

export function checkParameters(parameters: Parameters): void {
  for (const value of parameters)
    if (typeof value !== 'string' && typeof value !== 'number' && value !== null)
      throw new TypeError(`a parameter of type ${typeof value} cannot be bound`);
}

function compiled<F>(body: string): F {
  // oxlint-disable-next-line no-implied-eval -- the text is made here, from a statement of the product's own
  const make = new Function('order', 'like', `return (r, o, p) => { ${body}; }`) as (
    by: typeof order,
    like: typeof isLike,
  ) => F;
  return make(order, isLike);
}

/** The JavaScript of a value; unknown is null. @param row and other: how the two rows are called */
export function valueOf(expression: Expression, scope: Scope, row = 'r', other = 'o'): string {
  const value = (part: Expression): string => valueOf(part, scope, row, other);
  switch (expression.is) {
    case 'parameter':
      return `p[${expression.index}]`;
    case 'constant':
      return JSON.stringify(expression.value);
    case 'column':
      return columnOf(expression, scope, row, other);
    case 'plus':
      return `Number(${value(expression.left)}) + Number(${value(expression.right)})`;
    case 'concat':
      return `[${expression.parts.map(value).join(', ')}].join('')`;
    case 'coalesce':
      return `(${expression.parts.map(value).join(' ?? ')})`;
    case 'cast':
      return `${expression.to === 'text' ? 'String' : 'Number'}(${value(expression.of)})`;
    default:
      throw new Error(`${expression.is} is no value of one row`);
  }
}

/** Unknown (a comparison with null) counts as false: there is no `not` here that could tell them apart. */
function conditionOf(expression: Expression, scope: Scope): string {
  const value = (part: Expression): string => valueOf(part, scope);
  switch (expression.is) {
    case 'both':
      return `(${conditionOf(expression.left, scope)} && ${conditionOf(expression.right, scope)})`;
    case 'either':
      return `(${conditionOf(expression.left, scope)} || ${conditionOf(expression.right, scope)})`;
    case 'null':
      return `(${value(expression.of)} === null)`;
    case 'in': {
      const of = value(expression.of);
      const any = expression.list.map((item) => `${of} === ${value(item)}`).join(' || ');
      return `(${of} !== null && (${any}))`;
    }
    case 'within':
      return `p.within[${expression.at}].has(${value(expression.of)})`;
    case 'like': {
      const [of, pattern] = [value(expression.of), value(expression.pattern)];
      return `like(${of}, ${pattern}, ${JSON.stringify(expression.escape)})`;
    }
    case 'compare': {
      const [left, right] = [value(expression.left), value(expression.right)];
      if (expression.operator === '=') return `(${left} !== null && ${left} === ${right})`;
      return `(${left} !== null && ${right} !== null && order(${left}, ${right}) ${expression.operator} 0)`;
    }
    default:
      throw new Error(`${expression.is} is no condition`);
  }
}

function columnOf(
  { table, name }: { table: string | null; name: string },
  scope: Scope,
  row: string,
  other: string,
): string {
  const key = JSON.stringify(name);
  if ((table ?? scope.table.name) === scope.table.name && scope.table.columns.includes(name))
    return `${row}[${key}]`;
  if (scope.other && (table ?? scope.other.name) === scope.other.name && scope.other.columns.includes(name))
    return `(${other} === null ? null : ${other}[${key}])`;
  throw new Error(`no such column: ${table === null ? '' : `${table}.`}${name} beside ${scope.table.name}`);
}

function isLike(value: Value, pattern: Value, escape: string | null): boolean {
  if (value === null || pattern === null) return false;
  let source = '';
  const characters = Array.from(String(pattern));
  for (let i = 0; i < characters.length; i += 1) {
    const c = characters[i] ?? '';
    if (c === escape) {
      i += 1;
      source += literal(characters[i] ?? '');
    } else source += c === '%' ? '.*' : c === '_' ? '.' : literal(c);
  }
  return new RegExp(`^${source}$`, 'isu').test(String(value));
}

function literal(character: string): string {
  return /[\^$.*+?()[\]{}|\\/]/.test(character) ? `\\${character}` : character;
}
