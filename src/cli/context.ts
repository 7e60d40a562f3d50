/**
 * What a command is given: the terminal, the API, and the global flags. Everything that a command does to the outside
 * goes through here, so that tests run whole commands without a process.
 */
import type { Command } from 'commander';
import { ApiClient } from '../client/api-client.ts';
import { Api } from './api.ts';
import { findServer, type Connection, type ConnectionFlags } from './find-server.ts';
import { NotConnected, UsageError } from './failures.ts';
import { ageOf } from './terminal/age.ts';
import { wrap } from './terminal/display-width.ts';
import { line, plainText, Safe, type Printable } from './terminal/safe-text.ts';
import { coloured, createStyle, labelOf, wantsColour, type Style } from './terminal/style.ts';
import { renderTable, type Column } from './terminal/table.ts';

/** The world outside the command. */
export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  readInput: () => Promise<string>;
  env: Record<string, string | undefined>;
  /** Width of the terminal; null where standard output is none. */
  columns: number | null;
  now: () => number;
  /** Aborts when the person presses Ctrl-C. */
  signal: AbortSignal;
}

interface GlobalOptions extends ConnectionFlags {
  json?: boolean;
  idempotencyKey?: string;
}

export class Context {
  readonly io: Io;
  readonly json: boolean;
  readonly style: Style;
  readonly flags: GlobalOptions;
  #connection: Connection | undefined;
  #api: Api | undefined;

  constructor(io: Io, flags: GlobalOptions) {
    this.io = io;
    this.flags = flags;
    this.json = flags.json === true;
    this.style = createStyle(wantsColour(io.columns !== null, io.env));
  }

  get connection(): Connection {
    this.#connection ??= findServer(this.flags, this.io.env);
    return this.#connection;
  }

  get api(): Api {
    if (this.#api === undefined) {
      const { url, token, dataDir } = this.connection;
      if (token === undefined) {
        throw new NotConnected(
          `No token is known for ${url}: ${dataDir} is not the data directory of that server.`,
          'give --token, set MC_ADMIN_TOKEN, or name the server’s data directory with --data-dir.',
        );
      }
      this.#api = new Api(new ApiClient(url, token), this.flags.idempotencyKey);
    }
    return this.#api;
  }

  /** Exactly what the API answered. */
  printJson(value: unknown): void {
    this.io.out(`${JSON.stringify(value, null, 2)}\n`);
  }

  print(...lines: Safe[]): void {
    for (const each of lines) this.io.out(`${each.text}\n`);
  }

  /** A word to the person, beside the result: never mixed into what a pipe takes. */
  note(message: Safe): void {
    this.io.err(`${message.text}\n`);
  }

  /** The API's answer under --json, else what `show` prints of it. */
  result<T>(value: T, show: (value: T) => void): void {
    if (this.json) this.printJson(value);
    else show(value);
  }

  printTable<Row>(rows: Row[], table: Column<Row>[], ifEmpty: string): void {
    if (rows.length === 0) this.note(this.style.dim(ifEmpty));
    else this.print(...renderTable(rows, table, { style: this.style, columns: this.io.columns }));
  }

  /** Names and values under each other; what has no value is left out. */
  printCard(entries: [name: string, value: Printable][]): void {
    const shown = entries
      .map(([name, value]) => [name, line(value)] as const)
      .filter(([, value]) => value.text !== '');
    const width = Math.max(0, ...shown.map(([name]) => name.length));
    for (const [name, value] of shown) {
      const [first = '', ...rest] = this.#fit(value, width + 2);
      this.print(Safe.trusted(`${this.style.dim(name.padEnd(width)).text}  ${first}`));
      for (const more of rest) this.print(Safe.trusted(`${' '.repeat(width + 2)}${more}`));
    }
  }

  /** A paragraph that may have many lines, indented and wrapped to the terminal. */
  printBlock(value: string, indent = 2): void {
    for (const each of wrap(plainText(value).replaceAll('\t', '    ').trimEnd(), this.#room(indent))) {
      this.print(Safe.trusted(`${' '.repeat(indent)}${each}`.trimEnd()));
    }
  }

  /** As printBlock, but no more than so many lines; where the rest is, `rest` says. */
  printExcerpt(
    value: string,
    { indent, lines, rest }: { indent: number; lines: number; rest: string },
  ): void {
    const all = plainText(value).trimEnd().split('\n');
    const shown = all.length <= lines + 1 ? all : all.slice(0, lines);
    this.printBlock(shown.join('\n'), indent);
    if (shown.length < all.length) {
      this.print(
        Safe.trusted(
          ' '.repeat(indent) + this.style.dim(`… ${all.length - shown.length} more lines: ${rest}`).text,
        ),
      );
    }
  }

  heading(title: string): void {
    this.print(Safe.trusted(''), this.style.bold(title));
  }

  age(moment: string | null | undefined): string {
    return ageOf(moment, this.io.now());
  }

  /** A word of the domain as people read it, in its colour. */
  word(value: string): Safe {
    return coloured(this.style, value, labelOf(value));
  }

  #room(indent: number): number {
    return Math.min(this.io.columns ?? 100, 120) - indent;
  }

  #fit(value: Safe, indent: number): string[] {
    // Coloured values are single words; only plain text is long enough to need wrapping.
    return value.text.includes('\u001b') ? [value.text] : wrap(value.text, this.#room(indent));
  }
}

/** Wires a command to what it does. Arguments that were not given are undefined; variadic ones follow flat. */
export function runs<Options extends object>(
  command: Command,
  io: Io,
  run: (context: Context, options: Options, ...args: (string | undefined)[]) => Promise<void> | void,
): Command {
  return command.action(async (...all: unknown[]) => {
    const args = all.slice(0, -2).flat() as (string | undefined)[];
    await run(new Context(io, command.optsWithGlobals()), command.opts<Options>(), ...args);
  });
}

/** An argument that commander has already required; a bug if it is missing. */
export function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UsageError(`${what} is missing.`);
  return value;
}
