/** One call of `mc-coord`, with the world as arguments. @see mc-coord.ts */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ApiClient, ApiProblem, Unreachable } from '../../client/api-client.ts';
import type { Signal } from '../../contract/requests.ts';
import type { TicketForWorker } from '../../contract/runner-protocol.ts';
import type { Problem } from '../../contract/shapes.ts';
import {
  type CoordCommand,
  COORD_USAGE,
  CoordUsageError,
  parseCoordCommand,
  type Revision,
} from './coord-command.ts';
import { printable, printTicket } from './print-ticket.ts';

export const EXIT = { accepted: 0, usage: 2, refused: 3, stale: 4, unreachable: 5 } as const;

export interface CoordIo {
  env: Record<string, string | undefined>;
  cwd: string;
  out: (text: string) => void;
  err: (text: string) => void;
  readInput: () => Promise<string>;
  /** How long a server that does not answer is asked again. */
  retryForMs: number;
}

export async function runCoord(args: readonly string[], io: CoordIo): Promise<number> {
  let json = args.includes('--json');
  try {
    const command = parseCoordCommand(args);
    if (command.do === 'help') {
      io.out(COORD_USAGE);
      return args.length === 0 ? EXIT.usage : EXIT.accepted;
    }
    json = command.json;
    const client = connect(io);
    if (command.do === 'ticket') {
      const ticket = await retrying(io, () => client.get<TicketForWorker>('/attempts/self/ticket'));
      io.out(json ? `${JSON.stringify(ticket)}\n` : printTicket(ticket));
      return EXIT.accepted;
    }
    const signal = await complete(command, io);
    if (command.file !== null) await upload(client, command.file, io);
    const idempotencyKey = randomUUID();
    const answer = await retrying(io, () =>
      client.post('/attempts/self/signals', signal, { idempotencyKey }),
    );
    io.out(json ? `${JSON.stringify(answer)}\n` : `${whatNow(signal)}\n`);
    return EXIT.accepted;
  } catch (error) {
    return report(error, json, io);
  }
}

function connect(io: CoordIo): ApiClient {
  const { MC_URL: url, MC_TOKEN: token } = io.env;
  if (url === undefined || url === '' || token === undefined || token === '') {
    throw new CoordUsageError(
      'MC_URL and MC_TOKEN are not set. mc-coord works in the environment that a runner gives to an agent; people use mctl.',
    );
  }
  return new ApiClient(url, token);
}

async function complete(command: Extract<CoordCommand, { do: 'signal' }>, io: CoordIo): Promise<Signal> {
  let { signal } = command;
  if (
    command.file !== null &&
    !statSync(resolve(io.cwd, command.file), { throwIfNoEntry: false })?.isFile()
  ) {
    throw new CoordUsageError(`${command.file} is not a file.`);
  }
  if ('text' in signal && signal.text === '-') signal = { ...signal, text: await readText(io) };
  if (signal.type === 'fail' && signal.reason === '-') signal = { ...signal, reason: await readText(io) };
  if (signal.type === 'submit' && signal.summary === '-') signal = { ...signal, summary: await readText(io) };
  if (command.revision && (signal.type === 'submit' || signal.type === 'evidence')) {
    const commit = resolveRevision(command.revision, io.cwd);
    if (commit !== null) signal = { ...signal, commit };
    if (signal.type === 'submit') noteUncommitted(io);
  }
  return signal;
}

/** The upload is itself a claim; the signal that follows says it once more, and finds it there. */
async function upload(client: ApiClient, file: string, io: CoordIo): Promise<void> {
  const content = readFileSync(resolve(io.cwd, file)).toString('base64');
  const body = { name: basename(file), content, encoding: 'base64' };
  const idempotencyKey = randomUUID();
  await retrying(io, () =>
    client.post('/attempts/self/artifacts', body, { idempotencyKey, timeoutMs: 120_000 }),
  );
}

async function readText(io: CoordIo): Promise<string> {
  const text = (await io.readInput()).trim();
  if (text === '') throw new CoordUsageError('Standard input was empty.');
  return text;
}

function git(cwd: string, args: string[]): string {
  return execFileSync('git', args, { cwd, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 16 * 1024 * 1024 })
    .toString()
    .trimEnd();
}

function resolveRevision(revision: Revision, cwd: string): string | null {
  try {
    return git(cwd, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision.name}^{commit}`]);
  } catch {
    if (revision.optional) return null;
    throw new CoordUsageError(`git knows no commit "${revision.name}" in ${cwd}.`);
  }
}

/** Work that is not committed is no part of what is handed in: better said now than found in the review. */
function noteUncommitted(io: CoordIo): void {
  try {
    const files = git(io.cwd, ['status', '--porcelain'])
      .split('\n')
      .filter((line) => line !== '');
    if (files.length > 0) {
      io.err(
        `Note: ${files.length} changed file(s) are not committed, and so no part of what you hand in.\n`,
      );
    }
  } catch {
    // Not a repository: nothing to note.
  }
}

/** One Idempotency-Key for all tries, so that a lost answer cannot make two questions of one. */
async function retrying<T>(io: CoordIo, call: () => Promise<T>): Promise<T> {
  const givesUpAt = performance.now() + io.retryForMs;
  for (let waitMs = 200; ; waitMs = Math.min(waitMs * 2, 3000)) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || performance.now() + waitMs > givesUpAt) throw error;
    }
    await new Promise((done) => setTimeout(done, waitMs * (0.5 + Math.random() / 2)));
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof ApiProblem) return error.status >= 500 || error.status === 429;
  // Besides `Unreachable`: an answer that was cut off in the middle.
  return error instanceof Unreachable || error instanceof TypeError;
}

function whatNow(signal: Signal): string {
  switch (signal.type) {
    case 'progress':
      return 'Noted.';
    case 'ask':
      return 'Asked. Stop now: you go on here, in this worktree, once it is answered.';
    case 'evidence':
      return 'Noted; Mission Control will look at it itself.';
    case 'submit':
      return 'Submitted. Stop now: the work is being verified.';
    case 'fail':
      return 'Noted as failed. Stop now.';
  }
}

function report(error: unknown, json: boolean, io: CoordIo): number {
  if (error instanceof CoordUsageError) {
    io.err(`${error.message}\n\n${COORD_USAGE}`);
    return EXIT.usage;
  }
  if (!(error instanceof ApiProblem)) {
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.unreachable;
  }
  const { problem } = error;
  if (json) io.out(`${JSON.stringify(problem)}\n`);
  io.err(describe(problem));
  if (problem.code === 'stale_attempt' || problem.status === 401) return EXIT.stale;
  return problem.status >= 500 || problem.status === 429 ? EXIT.unreachable : EXIT.refused;
}

function describe(problem: Problem): string {
  const lines = [`${problem.title}: ${problem.detail}`];
  for (const { path, message } of problem.errors ?? []) lines.push(`  ${path}: ${message}`);
  if (problem.missing && problem.missing.length > 0) lines.push(`Missing: ${problem.missing.join(', ')}.`);
  if (problem.status === 401) lines.push('The token of this attempt is not valid any more. Stop working.');
  else if (problem.advice) lines.push(problem.advice);
  return `${printable(lines.join('\n'))}\n`;
}
