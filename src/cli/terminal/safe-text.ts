/**
 * Text that may be printed. Titles, comments, output and answers come from agents and from strangers' issues; a
 * terminal obeys what it is sent, so nothing of theirs may reach it raw. `Safe` is the only thing the printer takes,
 * and the only ways to make one strip escape sequences and control characters: forgetting it does not compile.
 */

/** Escape sequences: OSC, DCS, SOS, PM and APC with their payload; CSI; then any other escape with one character. */
const SEQUENCES =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g;
/** C0 but tab and newline, DEL, C1, the bidirectional controls and the invisible separators that can hide text. */
const CONTROLS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Strips everything a terminal could obey; keeps lines and tabs. A lone carriage return (a progress bar) is a new line. */
export function plainText(text: string): string {
  return text
    .replaceAll(SEQUENCES, '')
    .replaceAll(/\r+\n/g, '\n')
    .replaceAll('\r', '\n')
    .replaceAll(CONTROLS, '');
}

/** As plainText, on one line. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll(/\s*[\n\t]+\s*/g, ' ');
}

export class Safe {
  readonly text: string;
  private constructor(text: string) {
    this.text = text;
  }
  /** For this room's own colour codes and layout; never for text that came from outside. */
  static trusted(text: string): Safe {
    return new Safe(text);
  }
  toString(): string {
    return this.text;
  }
}

export type Printable = Safe | string | number | null | undefined;

const inline = (value: Printable): string =>
  value instanceof Safe ? value.text : value === null || value === undefined ? '' : plainLine(String(value));

/** A template whose values are made safe, and are kept on one line. */
export function text(strings: TemplateStringsArray, ...values: Printable[]): Safe {
  return Safe.trusted(strings.map((part, index) => part + inline(values[index])).join(''));
}

/** One value, safe and on one line. */
export function line(value: Printable): Safe {
  return Safe.trusted(inline(value));
}

/** Text of several lines, safe, with its lines kept and tabs as spaces. */
export function block(value: string): Safe {
  return Safe.trusted(plainText(value).replaceAll('\t', '    '));
}

export function join(parts: Safe[], separator: string): Safe {
  return Safe.trusted(parts.map((part) => part.text).join(separator));
}

/**
 * Makes a stream of chunks safe when a sequence may be cut in two between them: an unfinished one at the end of a
 * chunk waits for the next. It waits for at most 4 KiB, so that an escape that never ends cannot swallow the rest.
 */
export function createSafeStream(): (chunk: string) => Safe {
  let rest = '';
  return (chunk) => {
    const all = rest + chunk;
    const start = unfinishedFrom(all);
    rest = all.slice(start);
    return block(all.slice(0, start));
  };
}

const UNFINISHED =
  /(?:(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*\u001b?|(?:\u001b\[|\u009b)[0-?]*[ -/]*|\u001b[ -/]*|\r)$/;

function unfinishedFrom(all: string): number {
  const match = UNFINISHED.exec(all.slice(-4096));
  return match === null ? all.length : all.length - match[0].length;
}
