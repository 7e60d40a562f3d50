/**
 * How a command ends when it does not end well: one exit code per kind of failure, and a text that names what was
 * found and what to do next. Scripts and agents read the code, people the text.
 */
import { ApiProblem, Unreachable } from '../client/api-client.ts';
import type { Problem } from '../contract/shapes.ts';
import { plainText } from './terminal/safe-text.ts';

export const EXIT = {
  ok: 0,
  /** A bug in mctl, or of the machine under it. */
  crashed: 1,
  usage: 2,
  refused: 3,
  stale: 4,
  unreachable: 5,
} as const;

/** The person asked for something that cannot be asked like that; nothing was sent. */
export class UsageError extends Error {
  readonly advice: string | undefined;
  constructor(message: string, advice?: string) {
    super(message);
    this.name = 'UsageError';
    this.advice = advice;
  }
}

/** The command ran, has said what it found, and what it found is not good (an invariant is violated). */
export class Unwell extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unwell';
  }
}

/** No server is known, or no token for it. */
export class NotConnected extends Error {
  readonly advice: string;
  constructor(message: string, advice: string) {
    super(message);
    this.name = 'NotConnected';
    this.advice = advice;
  }
}

export interface Failure {
  exitCode: number;
  /** For standard error. */
  text: string;
}

export function describeFailure(error: unknown, json: boolean): Failure {
  if (error instanceof ApiProblem) {
    const exitCode = error.code === 'stale_attempt' ? EXIT.stale : EXIT.refused;
    return {
      exitCode,
      text: json ? JSON.stringify(error.problem, null, 2) : describeProblem(error.problem),
    };
  }
  if (error instanceof Unreachable) {
    return {
      exitCode: EXIT.unreachable,
      text: lines(
        error.message,
        'Next: start it with `npm start`, or name another with --server; `mctl doctor` looks closer.',
      ),
    };
  }
  if (error instanceof NotConnected) {
    return { exitCode: EXIT.unreachable, text: lines(error.message, `Next: ${error.advice}`) };
  }
  if (error instanceof UsageError) {
    return { exitCode: EXIT.usage, text: lines(error.message, error.advice && `Next: ${error.advice}`) };
  }
  if (error instanceof Unwell) return { exitCode: EXIT.refused, text: lines(error.message) };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: EXIT.crashed,
    text: lines('mctl failed in a way that it should not. Please report this:', stack),
  };
}

function describeProblem(problem: Problem): string {
  return lines(
    `Refused: ${problem.title} (${problem.code})`,
    `  ${problem.detail}`,
    ...(problem.errors ?? []).map(({ path, message }) => `  - ${path === '' ? 'body' : path}: ${message}`),
    problem.missing && problem.missing.length > 0 && `  Missing: ${problem.missing.join(', ')}`,
    problem.reason && `  Reason: ${problem.reason}`,
    problem.current &&
      `  It is now: ${problem.current.status.replaceAll('_', ' ')}, version ${problem.current.version}`,
    isResult(problem.result) &&
      `  Decided: ${problem.result.decision} by ${problem.result.by}, because: ${problem.result.reason}`,
    `  Next: ${problem.advice}`,
  );
}

function isResult(value: unknown): value is { decision: string; by: string; reason: string } {
  return typeof value === 'object' && value !== null && 'decision' in value && 'by' in value;
}

function lines(...parts: (string | false | undefined)[]): string {
  return parts
    .filter((part) => typeof part === 'string' && part !== '')
    .map((part) => plainText(part as string))
    .join('\n');
}
