/**
 * Writes the transcript of one attempt: a file of JSON lines that the output pump brings to the server. Long texts are
 * shortened here, so that one tool cannot fill the cap of the whole attempt.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import type { TranscriptEntry } from '../../contract/transcript.ts';

/** Of one tool call, in characters; the whole attempt has 64 MiB. */
const LONGEST_OUTPUT = 65_536;
const LONGEST_INPUT = 16_384;
const LONGEST_DIFF = 65_536;
const LONGEST_TEXT = 262_144;
const MOST_DIFFS = 50;
const MOST_LOCATIONS = 50;

export interface Transcript {
  add(entry: TranscriptEntry): void;
}

export class TranscriptFile implements Transcript {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }

  add(entry: TranscriptEntry): void {
    try {
      appendFileSync(this.#path, `${JSON.stringify(shorten(entry))}\n`, { mode: 0o600 });
    } catch (error) {
      // A last word after the attempt's files are gone has nobody to hear it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** How many entries an adapter has written; those of the runner itself are not counted. */
  countFromAgent(): number {
    let lines: string[];
    try {
      lines = readFileSync(this.#path, 'utf8').split('\n');
    } catch {
      return 0;
    }
    return lines.filter((line) => line !== '' && !/^\{"kind":"(notice|prompt|turn_end)"/.test(line)).length;
  }
}

export function shorten(entry: TranscriptEntry): TranscriptEntry {
  switch (entry.kind) {
    case 'tool': {
      const { kind, id, input, output, diffs, locations, ...rest } = entry;
      return {
        kind,
        id,
        ...rest,
        ...(input === undefined ? {} : { input: cut(input, LONGEST_INPUT) }),
        ...(output === undefined ? {} : { output: cut(output, LONGEST_OUTPUT) }),
        ...(locations === undefined ? {} : { locations: locations.slice(0, MOST_LOCATIONS) }),
        ...(diffs === undefined
          ? {}
          : {
              diffs: diffs.slice(0, MOST_DIFFS).map((diff) => ({
                path: diff.path,
                before: diff.before === null ? null : cut(diff.before, LONGEST_DIFF),
                after: cut(diff.after, LONGEST_DIFF),
              })),
            }),
      };
    }
    case 'prompt':
    case 'message':
    case 'thought':
    case 'notice':
    case 'error':
      return { ...entry, text: cut(entry.text, LONGEST_TEXT) };
    default:
      return entry;
  }
}

/** The beginning and the end: a failing build says at its end why. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}
