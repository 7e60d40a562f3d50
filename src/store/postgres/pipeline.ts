/**
 * Several statements on one journey to PostgreSQL: all are sent, then one Sync, and the answers come in order. `pg` itself
 * waits for each answer before it sends the next statement; it takes what knows how to submit itself (as its cursors do).
 */
import type { QueryResult, ResultRow } from '../program.ts';
import { getTypeParser } from './column-types.ts';

export interface Statement {
  text: string;
  /** Under which the connection keeps it parsed; empty for once. */
  name: string;
  values: readonly unknown[];
}

/** What `pg` gives a query to submit itself to. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  /** Texts by the names under which this connection has parsed them. */
  readonly parsedStatements: Record<string, string>;
  parse(statement: { text: string; name: string }): void;
  bind(portal: {
    portal: string;
    statement: string;
    values: (string | null)[];
    valueMapper: (value: string) => string;
  }): void;
  describe(of: { type: 'P'; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
  on(event: 'parseComplete', listener: () => void): void;
  off(event: 'parseComplete', listener: () => void): void;
}

/** Texts, numbers and null are all that is stored. */
function wireValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new TypeError(`a ${typeof value} cannot be stored: only texts, numbers and null can`);
}

interface Column {
  name: string;
  parse: (text: string) => ResultRow[string];
}

export class Pipeline {
  readonly #statements: readonly { text: string; name: string; values: (string | null)[] }[];
  readonly #results: QueryResult[] = [];
  /** Sent to be parsed, in order; what comes behind a failure never is. */
  readonly #parsing: { text: string; name: string }[] = [];
  #columns: Column[] = [];
  #rows: ResultRow[] = [];
  #leave = (): void => undefined;
  /** `pg` puts its time limit around it. */
  callback: (error: Error | null, results: readonly QueryResult[]) => void;

  constructor(statements: readonly Statement[], ended: Pipeline['callback']) {
    // Before anything is sent: what broke off half way would leave the connection waiting.
    this.#statements = statements.map(({ text, name, values }) => ({
      text,
      name,
      values: values.map(wireValue),
    }));
    this.callback = ended;
  }

  submit(connection: unknown): null {
    const wire = connection as Wire;
    const parsed = (): void => {
      const statement = this.#parsing.shift();
      if (statement?.name) wire.parsedStatements[statement.name] = statement.text;
    };
    wire.on('parseComplete', parsed);
    this.#leave = () => wire.off('parseComplete', parsed);
    const sent = new Set<string>();
    wire.stream.cork();
    try {
      for (const { text, name, values } of this.#statements) {
        if (name === '' || (wire.parsedStatements[name] === undefined && !sent.has(name))) {
          wire.parse({ text, name });
          sent.add(name);
          this.#parsing.push({ text, name });
        }
        wire.bind({ portal: '', statement: name, values, valueMapper: (value) => value });
        wire.describe({ type: 'P', name: '' });
        wire.execute({ portal: '' });
      }
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: getTypeParser(dataTypeID, 'text'),
    }));
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row: ResultRow = {};
    for (const [n, { name, parse }] of this.#columns.entries()) {
      const text = fields[n] ?? null;
      row[name] = text === null ? null : parse(text);
    }
    this.#rows.push(row);
  }

  /** @param message its text is the command and how many rows it was about: INSERT 0 1, SELECT 3 */
  handleCommandComplete({ text }: { text: string }): void {
    const changes = text.startsWith('SELECT') ? 0 : Number(text.slice(text.lastIndexOf(' ') + 1)) || 0;
    this.#results.push({ rows: this.#rows, changes });
    this.#rows = [];
  }

  handleError(error: Error): void {
    this.#leave();
    this.callback(error, []);
  }

  handleReadyForQuery(): void {
    this.#leave();
    this.callback(null, this.#results);
  }
}
