/** Runs a whole `mctl` command line in this process, and keeps what it said. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMctl } from '../../src/cli/run-mctl.ts';

export interface CommandResult {
  code: number;
  out: string;
  err: string;
}

export interface CommandOptions {
  url?: string;
  env?: Record<string, string>;
  input?: string;
  columns?: number;
  now?: string;
  signal?: AbortSignal;
  /** Told each piece that goes to standard output, as it goes. */
  onOut?: (text: string) => void;
}

let home: string | undefined;

/** @param line what stands after `mctl`; double quotes keep words together */
export async function mctl(line: string | string[], options: CommandOptions = {}): Promise<CommandResult> {
  const args =
    typeof line === 'string'
      ? [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word)
      : line;
  home ??= mkdtempSync(join(tmpdir(), 'mctl-home-'));
  const result = { code: 0, out: '', err: '' };
  const connection: Record<string, string> =
    options.url === undefined ? {} : { MC_URL: options.url, MC_ADMIN_TOKEN: 'secret' };
  result.code = await runMctl(args, {
    out: (text) => {
      result.out += text;
      options.onOut?.(text);
    },
    err: (text) => void (result.err += text),
    readInput: () => Promise.resolve(options.input ?? ''),
    env: { HOME: home, ...connection, ...options.env },
    columns: options.columns ?? null,
    now: () => Date.parse(options.now ?? '2026-06-18T05:37:27.000Z'),
    signal: options.signal ?? new AbortController().signal,
  });
  return result;
}
