/** What was typed, as a signal to send or a thing to read. Pure, but for the git revision that is resolved later. */
import { basename } from 'node:path';
import type { Signal } from '../../contract/requests.ts';

export type CoordCommand =
  | { do: 'help' }
  | { do: 'ticket'; json: boolean }
  | { do: 'signal'; json: boolean; signal: Signal; revision: Revision | null; file: string | null };

/** Where a commit has to be looked up before the signal is complete; `optional` where there may be no repository. */
export interface Revision {
  name: string;
  optional: boolean;
}

export class CoordUsageError extends Error {}

export const COORD_USAGE = `Usage: mc-coord <command> [--json]

  progress "text" [--percent N]                 say what you are doing; nobody waits for it
  ask "text" [--choice A --choice B] [--context "text"]
                                                ask a person or the orchestrator; then stop, you go on with the answer
  evidence commit REV | check NAME | deploy ENV [--version V] | artifact FILE
                                                claim something that Mission Control will look at itself
  submit --summary "text" [--commit REV]        hand in the work, committed (default: HEAD); then stop
  fail "text" [--no-retry]                      say that it cannot be done; then stop
  ticket                                        read the ticket, its feedback, answers and earlier attempts

A text of - is read from standard input.
Exit codes: 0 accepted, 2 usage, 3 refused (the reason is on standard error), 4 this attempt is no longer current:
stop working, 5 cannot reach Mission Control.
`;

interface Parsed {
  words: string[];
  options: Map<string, string[]>;
}

const FLAGS = new Set(['--json', '--help', '--no-retry']);
const OPTIONS: Record<string, readonly string[]> = {
  progress: ['--percent'],
  ask: ['--choice', '--context'],
  evidence: ['--version'],
  submit: ['--summary', '--commit'],
  fail: ['--no-retry'],
  ticket: [],
};

export function parseCoordCommand(args: readonly string[]): CoordCommand {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === 'help' || args.includes('--help') || verb === '-h')
    return { do: 'help' };
  const allowed = OPTIONS[verb];
  if (!allowed) throw new CoordUsageError(`There is no command "${verb}".`);
  const { words, options } = split(verb, rest, allowed);
  const json = options.has('--json');
  const send = (
    signal: Signal,
    revision: Revision | null = null,
    file: string | null = null,
  ): CoordCommand => ({
    do: 'signal',
    json,
    signal,
    revision,
    file,
  });
  switch (verb) {
    case 'ticket':
      return { do: 'ticket', json };
    case 'progress':
      return send({
        type: 'progress',
        text: textOf(words, 'what you are doing'),
        percent: percentOf(options),
      });
    case 'ask': {
      const choices = options.get('--choice');
      const context = options.get('--context')?.at(-1);
      return send({ type: 'ask', text: textOf(words, 'the question'), choices, context });
    }
    case 'fail':
      return send({ type: 'fail', reason: textOf(words, 'the reason'), retry: !options.has('--no-retry') });
    case 'submit': {
      const commit = options.get('--commit')?.at(-1);
      const summary = textOf(
        options.get('--summary')?.slice(-1) ?? words,
        'the summary (--summary "what you did")',
      );
      return send({ type: 'submit', summary }, { name: commit ?? 'HEAD', optional: commit === undefined });
    }
    default:
      return evidence(words, options, send);
  }
}

function evidence(
  [kind = '', value, ...more]: string[],
  options: Map<string, string[]>,
  send: (signal: Signal, revision?: Revision | null, file?: string | null) => CoordCommand,
): CoordCommand {
  if (value === undefined || value === '' || more.length > 0) {
    throw new CoordUsageError('Give one kind and one value, such as: mc-coord evidence commit HEAD');
  }
  switch (kind) {
    case 'commit':
      return send({ type: 'evidence', kind, commit: value }, { name: value, optional: false });
    case 'check':
      return send({ type: 'evidence', kind, name: value });
    case 'deploy':
      return send({ type: 'evidence', kind, environment: value, version: options.get('--version')?.at(-1) });
    case 'artifact':
      return send({ type: 'evidence', kind, name: basename(value) }, null, value);
    default:
      throw new CoordUsageError(`Evidence is a commit, check, deploy or artifact, not "${kind}".`);
  }
}

function split(verb: string, args: readonly string[], allowed: readonly string[]): Parsed {
  const words: string[] = [];
  const options = new Map<string, string[]>();
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    if (name !== '--json' && !allowed.includes(name)) {
      throw new CoordUsageError(
        `mc-coord ${verb} has no option ${name}. Put a text that begins with dashes after --.`,
      );
    }
    const value = FLAGS.has(name) ? '' : equals < 0 ? args[++at] : word.slice(equals + 1);
    if (value === undefined) throw new CoordUsageError(`${name} needs a value.`);
    options.set(name, [...(options.get(name) ?? []), value]);
  }
  return { words, options };
}

/** Several words without quotes are one text: agents forget quotes. */
function textOf(words: readonly string[], what: string): string {
  const text = words.join(' ');
  if (text.trim() === '') throw new CoordUsageError(`Say ${what}.`);
  return text;
}

function percentOf(options: Map<string, string[]>): number | undefined {
  const text = options.get('--percent')?.at(-1);
  if (text === undefined) return undefined;
  const percent = Number(text.replace(/%$/, ''));
  if (text === '' || !(percent >= 0 && percent <= 100))
    throw new CoordUsageError(`--percent ${text}: give 0 to 100.`);
  return percent;
}
