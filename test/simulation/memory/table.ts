/** A table in memory: rows in the order of their insertion, unique keys, and look-ups by column made at first use. */

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** The place of a row, which stays when the row changes: rows are replaced, never changed, so they can be handed out. */
export interface Slot {
  row: Row;
}

export interface Unique {
  columns: readonly string[];
  slots: Map<Value, Slot>;
}

const NONE: readonly Slot[] = [];

export class Table {
  name: string;
  readonly columns: readonly string[];
  readonly #required: readonly string[];
  readonly slots = new Set<Slot>();
  readonly #uniques: Unique[] = [];
  readonly #lookups = new Map<string, Map<Value, Set<Slot>>>();

  constructor(name: string, columns: readonly string[], required: readonly string[]) {
    this.name = name;
    this.columns = columns;
    this.#required = required;
  }

  addUnique(columns: readonly string[]): void {
    if (this.slots.size > 0) throw new Error(`${this.name} has rows already`);
    this.#uniques.push({ columns, slots: new Map() });
  }

  /** As a new table has it. */
  empty(): void {
    this.slots.clear();
    for (const unique of this.#uniques) unique.slots.clear();
    for (const lookup of this.#lookups.values()) lookup.clear();
  }

  /** The rows that have a value in this column; null compares with nothing. */
  lookup(column: string): (value: Value) => Iterable<Slot> {
    const unique = this.#uniques.find(({ columns }) => columns.length === 1 && columns[0] === column);
    if (unique) {
      return (value) => {
        const slot = value === null ? undefined : unique.slots.get(value);
        return slot ? [slot] : NONE;
      };
    }
    let lookup = this.#lookups.get(column);
    if (!lookup) {
      lookup = new Map();
      this.#lookups.set(column, lookup);
      for (const slot of this.slots) into(lookup, slot.row[column] ?? null, slot);
    }
    const slots = lookup;
    return (value) => (value === null ? NONE : (slots.get(value) ?? NONE));
  }

  /** The unique key of these columns. */
  unique(columns: readonly string[]): Unique {
    const unique = this.#uniques.find((candidate) => isSame(candidate.columns, columns));
    if (!unique) throw new Error(`${this.name} has no unique key (${columns.join(', ')})`);
    return unique;
  }

  /** The row that this one may not stand beside. */
  conflicting(row: Row, self?: Slot): { slot: Slot; columns: readonly string[] } | null {
    for (const unique of this.#uniques) {
      const slot = at(unique, row);
      if (slot && slot !== self) return { slot, columns: unique.columns };
    }
    return null;
  }

  insert(row: Row): Slot {
    this.#check(row);
    const slot = { row };
    this.#put(slot);
    return slot;
  }

  /** A row that a rollback brings back; it comes last, as its place is gone. */
  restore(slot: Slot): void {
    this.#put(slot);
  }

  remove(slot: Slot): void {
    this.slots.delete(slot);
    for (const { columns, slots } of this.#uniques) {
      const key = keyOf(columns, slot.row);
      if (key !== null) slots.delete(key);
    }
    for (const [column, lookup] of this.#lookups) lookup.get(slot.row[column] ?? null)?.delete(slot);
  }

  replace(slot: Slot, row: Row): void {
    this.#check(row, slot);
    const before = slot.row;
    for (const { columns, slots } of this.#uniques) {
      if (columns.every((column) => before[column] === row[column])) continue;
      const [old, fresh] = [keyOf(columns, before), keyOf(columns, row)];
      if (old !== null) slots.delete(old);
      if (fresh !== null) slots.set(fresh, slot);
    }
    slot.row = row;
    for (const [column, lookup] of this.#lookups) {
      const [old, fresh] = [before[column] ?? null, row[column] ?? null];
      if (old === fresh) continue;
      lookup.get(old)?.delete(slot);
      into(lookup, fresh, slot);
    }
  }

  #put(slot: Slot): void {
    this.slots.add(slot);
    for (const { columns, slots } of this.#uniques) {
      const key = keyOf(columns, slot.row);
      if (key !== null) slots.set(key, slot);
    }
    for (const [column, lookup] of this.#lookups) into(lookup, slot.row[column] ?? null, slot);
  }

  /** What a database says, in its words. */
  #check(row: Row, self?: Slot): void {
    for (const column of this.#required)
      if (row[column] === null) throw new Error(`NOT NULL constraint failed: ${this.name}.${column}`);
    const conflict = this.conflicting(row, self);
    if (conflict) {
      const columns = conflict.columns.map((column) => `${this.name}.${column}`);
      throw new Error(`UNIQUE constraint failed: ${columns.join(', ')}`);
    }
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((column, index) => column === other[index]);
}

/** The row that has this one's key. */
export function at({ columns, slots }: Unique, row: Row): Slot | undefined {
  const key = keyOf(columns, row);
  return key === null ? undefined : slots.get(key);
}

/** Null where a part is null: such a row is like no other. */
function keyOf(columns: readonly string[], row: Row): Value {
  if (columns.length === 1) return row[columns[0] ?? ''] ?? null;
  let key = '';
  for (const column of columns) {
    const value = row[column] ?? null;
    if (value === null) return null;
    key += `${String(value)}\u0000`;
  }
  return key;
}

function into(lookup: Map<Value, Set<Slot>>, value: Value, slot: Slot): void {
  const slots = lookup.get(value);
  if (slots) slots.add(slot);
  else lookup.set(value, new Set([slot]));
}
