/**
 * `mctl logs`: what an attempt wrote. With -f it follows until the attempt has ended, by long polls, and goes on where
 * it was when the server restarts meanwhile.
 */
import type { Command } from 'commander';
import { ApiProblem, Unreachable } from '../../../client/api-client.ts';
import { TRANSCRIPT_STREAM } from '../../../client/transcript-reader.ts';
import type { Attempt, Output } from '../../../contract/shapes.ts';
import { runs, type Context, type Io } from '../../context.ts';
import { findAttempt } from '../../references.ts';
import { createSafeStream, text } from '../../terminal/safe-text.ts';
import { number } from '../../values.ts';
import { TranscriptText } from './transcript-text.ts';

interface LogsOptions {
  follow?: boolean;
  tail?: string;
  after?: string;
  timestamps?: boolean;
}

/** Longer than any pause in which a proxy would cut the connection, shorter than the client's own patience. */
const WAIT_MS = 20_000;
const RETRY_MS = 1000;

export function defineLogs(parent: Command, io: Io): void {
  const command = parent
    .command('logs')
    .description('print what an attempt wrote; -f follows it until it ends')
    .argument('<attempt>', 'MC-12 (its newest attempt), MC-12/2, or an attempt’s id')
    .option('-f, --follow', 'go on until the attempt has ended')
    .option('--tail <n>', 'begin with the last n pieces of output')
    .option('--after <n>', 'begin after this number of the sequence')
    .option('-t, --timestamps', 'put the time before each piece');
  runs<LogsOptions>(command, io, async (context, options, given) => {
    const attempt = await findAttempt(context.api, given ?? '');
    const after = number(options.after, '--after');
    if (context.json && options.follow !== true) {
      return context.printJson(await readOutput(context, attempt, { after }));
    }
    await follow(context, attempt, options, after);
  });
}

function readOutput(
  context: Context,
  attempt: Attempt,
  query: { after: number | undefined; wait?: number },
): Promise<Output> {
  return context.api.get<Output>(`/attempts/${attempt.id}/output`, {
    query,
    timeoutMs: (query.wait ?? 0) + 30_000,
    signal: context.io.signal,
  });
}

async function follow(
  context: Context,
  attempt: Attempt,
  options: LogsOptions,
  from: number | undefined,
): Promise<void> {
  const print = createPrinter(context, options);
  let after = from;
  let tail = number(options.tail, '--tail');
  let isAway = false;
  while (!context.io.signal.aborted) {
    let output: Output;
    try {
      const wait = options.follow === true && tail === undefined ? WAIT_MS : undefined;
      output = await readOutput(context, attempt, { after, wait });
    } catch (error) {
      if (context.io.signal.aborted) return;
      if (options.follow !== true || !isPassing(error)) throw error;
      if (!isAway) context.note(context.style.dim('Mission Control does not answer; waiting for it …'));
      isAway = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    if (isAway) context.note(context.style.dim('It is back.'));
    isAway = false;
    const isLastPage = output.items.length === 0 || output.nextAfter === after;
    if (tail === undefined) print(output);
    else if (isLastPage || output.items.length >= tail) {
      print({ ...output, items: output.items.slice(-tail) });
      tail = undefined;
    }
    after = output.nextAfter;
    // An ended attempt is read to its last page; a running one is waited for only when following.
    if (isLastPage && (output.ended || options.follow !== true)) break;
  }
  print(null);
  if (options.follow === true && !context.io.signal.aborted) await noteEnd(context, attempt);
}

function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiProblem && error.problem.retryable);
}

/** Prints items so that streams do not run into each other in the middle of a line. Called with null at the end. */
function createPrinter(context: Context, options: LogsOptions): (output: Output | null) => void {
  const streams = new Map<string, (chunk: string) => { text: string }>();
  const transcript = new TranscriptText();
  let open: string | null = null;
  return (output) => {
    if (output === null) {
      if (open !== null) context.io.out('\n');
      return;
    }
    for (const item of output.items) {
      if (context.json) {
        context.io.out(`${JSON.stringify(item)}\n`);
        continue;
      }
      const makeSafe = streams.get(item.stream) ?? createSafeStream();
      streams.set(item.stream, makeSafe);
      const shown = makeSafe(item.stream === TRANSCRIPT_STREAM ? transcript.push(item.text) : item.text).text;
      if (shown === '') continue;
      if (open !== null && open !== item.stream) context.io.out('\n');
      const continues = open === item.stream;
      const time = options.timestamps === true ? `${item.at.slice(11, 23)} ` : '';
      // One piece may hold many lines; each gets the time at which the piece came.
      context.io.out((continues ? '' : time) + shown.replaceAll(/\n(?!$)/g, `\n${time}`));
      open = shown.endsWith('\n') ? null : item.stream;
    }
  };
}

async function noteEnd(context: Context, attempt: Attempt): Promise<void> {
  const now = await context.api.get<Attempt>(`/attempts/${attempt.id}`);
  const reason = now.reason === null ? '' : `: ${now.reason}`;
  context.note(
    text`${context.style.bold(`${now.ticket}/${now.number}`)} ${context.word(now.outcome ?? now.state)}${reason}`,
  );
}
