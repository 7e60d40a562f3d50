/**
 * The SQL that the store's programs are compiled to, as a tree. It knows just what occurs there; anything else is an
 * error that shows the text, so that nothing is ever understood by half.
 */

export type Expression =
  | { is: 'parameter'; index: number }
  | { is: 'constant'; value: string | number | null }
  | { is: 'column'; table: string | null; name: string }
  | { is: 'compare'; operator: Comparison; left: Expression; right: Expression }
  | { is: 'null'; of: Expression }
  | { is: 'in'; of: Expression; list: Expression[] }
  /** In what another table has; `at` is which of its statement's such questions it is. */
  | { is: 'within'; of: Expression; select: Select; at: number }
  | { is: 'like'; of: Expression; pattern: Expression; escape: string | null }
  | { is: 'both' | 'either'; left: Expression; right: Expression }
  | { is: 'plus'; left: Expression; right: Expression }
  | { is: 'concat' | 'coalesce'; parts: Expression[] }
  | { is: 'cast'; of: Expression; to: 'text' | 'bigint' }
  | { is: 'aggregate'; how: 'sum' | 'min' | 'max' | 'count'; of: Expression | null };

export type Comparison = '=' | '>' | '<' | '>=' | '<=';

/** `*` of a table or of all of them, or an expression under a name. */
export type Selected = { all: string | null } | { value: Expression; as: string };

export interface Select {
  statement: 'select';
  columns: Selected[];
  from: string;
  join: { table: string; on: Expression; isInner: boolean } | null;
  where: Expression | null;
  groupBy: Expression[];
  orderBy: { by: Expression; descends: boolean }[];
  limit: Expression | null;
}

export interface Insert {
  statement: 'insert';
  table: string;
  columns: string[];
  /** Of each row. */
  rows: Expression[][];
  onConflict: 'fail' | 'nothing' | { columns: string[]; set: Assignment[] };
}

export type Assignment = { column: string; value: Expression };

export type Statement =
  | Select
  | Insert
  | { statement: 'update'; table: string; set: Assignment[]; where: Expression | null }
  | { statement: 'delete'; table: string; where: Expression | null }
  | { statement: 'create table'; table: string; columns: string[]; required: string[]; unique: string[][] }
  | { statement: 'create index'; table: string; columns: string[]; isUnique: boolean }
  | { statement: 'copy'; from: string; to: string }
  | { statement: 'rename'; from: string; to: string }
  | { statement: 'drop table'; table: string }
  | { statement: 'drop index' };

const TOKEN = /\s*(?:"([^"]+)"|'((?:[^']|'')*)'|(\d+)|([A-Za-z_][A-Za-z_0-9]*)|(>=|<=|[(),.?*+=<>]))/y;
type Token = { kind: 'name' | 'text' | 'number' | 'word' | 'sign'; text: string };

export function parseSql(sql: string): Statement {
  return new Parser(sql).statement();
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  const text = sql.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (!found) throw new Error(`the simulation's database cannot read this from character ${at}: ${sql}`);
    const [, name, quoted, digits, word, sign] = found;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    else if (digits !== undefined) tokens.push({ kind: 'number', text: digits });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase() });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
  }
  return tokens;
}

class Parser {
  readonly #sql: string;
  readonly #tokens: Token[];
  #at = 0;
  #parameters = 0;
  #withins = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokensOf(sql);
  }

  statement(): Statement {
    const parsed = this.#statement();
    if (this.#at < this.#tokens.length) this.#fail();
    return parsed;
  }

  #statement(): Statement {
    if (this.#takes('select')) return this.#select();
    if (this.#takes('insert')) return this.#insert();
    if (this.#takes('update')) {
      const table = this.#name();
      this.#expect('set');
      return { statement: 'update', table, set: this.#assignments(), where: this.#where() };
    }
    if (this.#takes('delete')) {
      this.#expect('from');
      return { statement: 'delete', table: this.#name(), where: this.#where() };
    }
    if (this.#takes('drop', 'table')) return { statement: 'drop table', table: this.#name() };
    if (this.#takes('drop', 'index')) {
      this.#name();
      return { statement: 'drop index' };
    }
    if (this.#takes('alter', 'table')) {
      const from = this.#name();
      this.#expect('rename');
      this.#expect('to');
      return { statement: 'rename', from, to: this.#name() };
    }
    this.#expect('create');
    if (this.#takes('table')) return this.#table();
    const isUnique = this.#takes('unique');
    this.#expect('index');
    this.#name();
    this.#expect('on');
    const index = {
      statement: 'create index' as const,
      table: this.#name(),
      columns: this.#names(),
      isUnique,
    };
    // Which rows an index holds only says how fast they are found.
    if (!isUnique && this.#takes('where')) {
      this.#sum();
      if (!this.#takes('is', 'not', 'null') && !this.#takes('is', 'null')) {
        this.#expect('=');
        this.#sum();
      }
    }
    return index;
  }

  #select(): Select {
    const columns = this.#list(() => this.#selected());
    this.#expect('from');
    const from = this.#name();
    let join: Select['join'] = null;
    const isInner = this.#takes('inner');
    if (isInner || this.#takes('left')) {
      this.#expect('join');
      const table = this.#name();
      this.#expect('on');
      join = { table, on: this.#expression(), isInner };
    }
    const where = this.#where();
    const groupBy = this.#takes('group', 'by') ? this.#list(() => this.#sum()) : [];
    const orderBy = this.#takes('order', 'by')
      ? this.#list(() => {
          const by = this.#sum();
          const descends = this.#takes('desc');
          if (!descends) this.#takes('asc');
          return { by, descends };
        })
      : [];
    const limit = this.#takes('limit') ? this.#sum() : null;
    return { statement: 'select', columns, from, join, where, groupBy, orderBy, limit };
  }

  #selected(): Selected {
    if (this.#takes('*')) return { all: null };
    const [table, dot, star] = this.#tokens.slice(this.#at, this.#at + 3);
    if (table?.kind === 'name' && dot?.text === '.' && star?.text === '*') {
      this.#at += 3;
      return { all: table.text };
    }
    const value = this.#sum();
    if (this.#takes('as')) return { value, as: this.#name() };
    if (value.is !== 'column') return this.#fail();
    return { value, as: value.name };
  }

  #insert(): Statement {
    this.#expect('into');
    const table = this.#name();
    if (this.#takes('select', '*', 'from')) {
      const from = this.#name();
      if (this.#takes('order', 'by')) this.#name();
      return { statement: 'copy', from, to: table };
    }
    const columns = this.#names();
    this.#expect('values');
    const rows = this.#list(() => {
      this.#expect('(');
      return this.#until(this.#list(() => this.#sum()));
    });
    let onConflict: Insert['onConflict'] = 'fail';
    if (this.#takes('on', 'conflict')) {
      const target = this.#peek('(') ? this.#names() : null;
      this.#expect('do');
      if (this.#takes('nothing')) onConflict = 'nothing';
      else {
        this.#expect('update');
        this.#expect('set');
        if (!target) return this.#fail();
        onConflict = { columns: target, set: this.#assignments() };
      }
    }
    return { statement: 'insert', table, columns, rows, onConflict };
  }

  #table(): Statement {
    const table = this.#name();
    const columns: string[] = [];
    const required: string[] = [];
    const unique: string[][] = [];
    this.#expect('(');
    this.#list(() => {
      if (this.#takes('constraint')) {
        this.#name();
        this.#expect('primary');
        this.#expect('key');
        unique.push(this.#names());
        return;
      }
      const column = this.#name();
      columns.push(column);
      this.#at += 1;
      for (;;) {
        if (this.#takes('not', 'null')) required.push(column);
        else if (this.#takes('primary', 'key') || this.#takes('unique')) unique.push([column]);
        else return;
      }
    });
    this.#expect(')');
    return { statement: 'create table', table, columns, required, unique };
  }

  #assignments(): Assignment[] {
    return this.#list(() => {
      const column = this.#name();
      this.#expect('=');
      return { column, value: this.#sum() };
    });
  }

  #where(): Expression | null {
    return this.#takes('where') ? this.#expression() : null;
  }

  #expression(): Expression {
    let left = this.#conjunction();
    while (this.#takes('or')) left = { is: 'either', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Expression {
    let left = this.#condition();
    while (this.#takes('and')) left = { is: 'both', left, right: this.#condition() };
    return left;
  }

  #condition(): Expression {
    const left = this.#sum();
    for (const operator of ['>=', '<=', '=', '>', '<'] as const)
      if (this.#takes(operator)) return { is: 'compare', operator, left, right: this.#sum() };
    if (this.#takes('is', 'null')) return { is: 'null', of: left };
    if (this.#takes('like')) {
      const pattern = this.#sum();
      return { is: 'like', of: left, pattern, escape: this.#takes('escape') ? this.#next('text') : null };
    }
    if (this.#takes('in')) {
      this.#expect('(');
      if (this.#takes('select')) {
        const at = this.#withins++;
        return this.#until({ is: 'within', of: left, select: this.#select(), at });
      }
      return this.#until({ is: 'in', of: left, list: this.#list(() => this.#sum()) });
    }
    return left;
  }

  #sum(): Expression {
    let left = this.#term();
    while (this.#takes('+')) left = { is: 'plus', left, right: this.#term() };
    return left;
  }

  #term(): Expression {
    if (this.#takes('?')) return { is: 'parameter', index: this.#parameters++ };
    if (this.#takes('(')) return this.#until(this.#expression());
    if (this.#takes('null')) return { is: 'constant', value: null };
    for (const is of ['concat', 'coalesce'] as const) {
      if (!this.#takes(is, '(')) continue;
      const parts = this.#list(() => this.#sum());
      return this.#until({ is, parts });
    }
    if (this.#takes('cast', '(')) {
      const of = this.#sum();
      this.#expect('as');
      const to = this.#takes('text') ? 'text' : 'bigint';
      if (to === 'bigint') this.#expect('bigint');
      return this.#until({ is: 'cast', of, to });
    }
    for (const how of ['sum', 'min', 'max', 'count'] as const)
      if (this.#takes(how, '('))
        return this.#until({ is: 'aggregate', how, of: this.#takes('*') ? null : this.#sum() });
    const token = this.#tokens[this.#at];
    if (token?.kind === 'text') return { is: 'constant', value: this.#next('text') };
    if (token?.kind === 'number') return { is: 'constant', value: Number(this.#next('number')) };
    const name = this.#name();
    return this.#takes('.')
      ? { is: 'column', table: name, name: this.#name() }
      : { is: 'column', table: null, name };
  }

  #until<T>(value: T): T {
    this.#expect(')');
    return value;
  }

  #names(): string[] {
    this.#expect('(');
    return this.#until(this.#list(() => this.#name()));
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#takes(',')) items.push(item());
    return items;
  }

  /** A quoted name, or a bare word in its place. */
  #name(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name' && token?.kind !== 'word') return this.#fail();
    this.#at += 1;
    return token.text;
  }

  #next(kind: Token['kind']): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind) return this.#fail();
    this.#at += 1;
    return token.text;
  }

  #peek(...words: string[]): boolean {
    return words.every((word, i) => {
      const token = this.#tokens[this.#at + i];
      return (token?.kind === 'word' || token?.kind === 'sign') && token.text === word;
    });
  }

  #takes(...words: string[]): boolean {
    if (!this.#peek(...words)) return false;
    this.#at += words.length;
    return true;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) this.#fail();
  }

  #fail(): never {
    const near = this.#tokens[this.#at]?.text ?? 'the end';
    throw new Error(
      `the simulation's database cannot read this at ${near}; teach it in test/simulation/memory/: ${this.#sql}`,
    );
  }
}
