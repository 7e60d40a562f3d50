/**
 * Calm colours, and only where a person looks: on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is
 * dumb. A status is never told by colour alone; the word always stands there too.
 */
import { line, Safe, type Printable } from './safe-text.ts';

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
} as const;
export type StyleName = keyof typeof CODES;
export type Style = Record<StyleName, (value: Printable) => Safe>;

export function createStyle(coloured: boolean): Style {
  const paint =
    ([on, off]: readonly [number, number]) =>
    (value: Printable): Safe => {
      const safe = line(value);
      return coloured && safe.text !== '' ? Safe.trusted(`\u001b[${on}m${safe.text}\u001b[${off}m`) : safe;
    };
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    blue: paint(CODES.blue),
    cyan: paint(CODES.cyan),
  };
}

export function wantsColour(isTerminal: boolean, env: Record<string, string | undefined>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  return isTerminal || (env['FORCE_COLOR'] ?? '') !== '';
}

/** What colour a word of the domain has, where it has one: green is finished, yellow waits for someone, red is wrong. */
const COLOURS: Record<string, StyleName> = {
  done: 'green',
  verified: 'green',
  submitted: 'green',
  ready: 'green',
  resolved: 'green',
  enabled: 'green',
  in_progress: 'cyan',
  running: 'cyan',
  starting: 'cyan',
  verifying: 'cyan',
  landing: 'cyan',
  needs_input: 'yellow',
  in_review: 'yellow',
  parked: 'yellow',
  warning: 'yellow',
  acknowledged: 'yellow',
  disabled: 'yellow',
  draining: 'yellow',
  refuted: 'red',
  failed: 'red',
  lost: 'red',
  timed_out: 'red',
  stalled: 'red',
  critical: 'red',
  open: 'yellow',
  silent: 'red',
  cancelled: 'dim',
  closed: 'dim',
  backlog: 'dim',
  withdrawn: 'dim',
  idle: 'dim',
  ended: 'dim',
};

export function coloured(style: Style, word: string, shown: Printable = word): Safe {
  const name = COLOURS[word];
  return name === undefined ? line(shown) : style[name](shown);
}

/** `in_progress` → `In progress`. */
export function labelOf(word: string): string {
  const spaced = word.replaceAll('_', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
