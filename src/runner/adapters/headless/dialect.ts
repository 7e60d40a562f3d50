/** What is different between programs that take a prompt, print events as JSON lines, and exit. */
import type { TranscriptEntry } from '../../../contract/transcript.ts';
import type { Launch, Memory, Usage } from '../adapter.ts';

export interface Dialect {
  /** The command of one turn; the prompt comes on standard input. */
  command(launch: Launch, session: string | null, files: { mcp: string }): string[];
  /** A file that the command needs, written before it starts; null for none. */
  mcpFile?(launch: Launch): string | null;
  /** @param memory what `remember` of an earlier parser gave */
  parser(memory: Memory, now: () => number): EventParser;
}

/** One turn's events, read line by line. Pure, but for what it has read: the same lines give the same entries. */
export interface EventParser {
  feed(line: string): TranscriptEntry[];
  /** The agent's session, once it has named one. */
  session(): string | null;
  /** Of this turn. */
  usage(): Usage;
  /** What the agent said about its end; null when it said nothing. */
  end(): { kind: 'ended'; reason: string } | { kind: 'failed'; message: string; notBefore?: number } | null;
  /** For the parser of the next turn. */
  remember(): Memory;
}

/** A line as an object with a type; banners and other text are none. */
export function eventOf(line: string): ({ type: string } & Record<string, unknown>) | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' &&
      value !== null &&
      typeof (value as { type?: unknown }).type === 'string'
      ? (value as { type: string } & Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
/** Tokens and money; less than nothing is none. */
export const figure = (value: unknown): number | undefined => {
  const found = number(value);
  return found === undefined || found < 0 ? undefined : found;
};
