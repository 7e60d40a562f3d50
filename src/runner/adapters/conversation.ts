/**
 * Holds an agent to the protocol: whatever its turn's end says ("success", exit 0), only a signal that the server has
 * is a result. An agent that ends its turn without one is reminded in the same session, twice at most; one that died is
 * started again in its session, out of the same allowance; one whose provider refuses it is not pressed.
 */
import type { AgentEnd, AgentHost } from './adapter.ts';
import { findRateLimit } from './rate-limit.ts';

export type TurnEnd =
  /** It stopped talking. */
  | { kind: 'ended'; reason: string }
  /** It, or its provider, reported an error. */
  | { kind: 'failed'; message: string; notBefore?: number }
  /** Its program is gone. */
  | { kind: 'gone'; exitCode: number | null };

export interface Speaker {
  /**
   * Starts the agent where it does not run, in its session where it has one, and tells it this; what it is told goes
   * into the transcript. @throws AgentProblem
   */
  say(text: string): Promise<TurnEnd>;
}

/** The agent cannot be used as it is; the message is the attempt's reason, and says what to do. */
export class AgentProblem extends Error {}

const MOST_REMINDERS = 2;

export async function converse(
  speaker: Speaker,
  host: AgentHost,
  first: { prompt: string; ticket: string } | { ongoing: Promise<TurnEnd>; ticket: string },
): Promise<AgentEnd> {
  let next = 'ongoing' in first ? first.ongoing : speaker.say(first.prompt);
  for (;;) {
    let end: TurnEnd;
    try {
      end = await next;
    } catch (error) {
      if (host.isEnding) return { exitCode: null };
      const reason = error instanceof AgentProblem ? error.message : `agent_failed: ${messageOf(error)}`;
      host.transcript.add({ kind: 'notice', code: 'agent_failed', text: reason });
      return { exitCode: null, outcome: 'failed', reason };
    }
    if (end.kind !== 'gone') host.transcript.add({ kind: 'turn_end', reason: turnReason(end) });
    if (host.isEnding || (await host.isOver()))
      return { exitCode: end.kind === 'gone' ? end.exitCode : null };
    if (end.kind === 'failed') return failedEnd(host, end);
    const reminders = Number(host.memory()['reminders'] ?? 0);
    const exitCode = end.kind === 'gone' ? end.exitCode : null;
    if (reminders >= MOST_REMINDERS) return { exitCode };
    host.remember({ ...host.memory(), reminders: reminders + 1 });
    host.transcript.add(
      end.kind === 'gone'
        ? {
            kind: 'notice',
            code: 'agent_restarted',
            text: `The agent's program is gone (exit code ${exitCode ?? 'unknown'}) and no result was reported. It is started again (${reminders + 1} of ${MOST_REMINDERS}).`,
          }
        : {
            kind: 'notice',
            code: 'reminded',
            text: `The agent ended its turn without submit, ask or fail. It is reminded (${reminders + 1} of ${MOST_REMINDERS}).`,
          },
    );
    if (end.kind === 'gone') await host.clear();
    next = speaker.say(end.kind === 'gone' ? interruptedText(first.ticket) : reminderText(first.ticket));
  }
}

function failedEnd(host: AgentHost, end: { message: string; notBefore?: number }): AgentEnd {
  const limit =
    end.notBefore === undefined ? findRateLimit(end.message, host.now()) : { notBefore: end.notBefore };
  const reason = end.message.slice(0, 2000);
  if (limit) {
    host.transcript.add({
      kind: 'notice',
      code: 'rate_limited',
      text: `The agent's provider refuses it until about ${new Date(limit.notBefore).toISOString()}.`,
    });
    return { exitCode: null, outcome: 'rate_limited', reason, notBefore: limit.notBefore };
  }
  return { exitCode: null, outcome: 'failed', reason: `agent_error: ${reason}` };
}

function turnReason(end: Exclude<TurnEnd, { kind: 'gone' }>): string {
  return end.kind === 'ended' ? end.reason : `error: ${end.message.slice(0, 2000)}`;
}

/** For what should not happen: the attempt ends and says so, and the runner lives. */
export function brokenEnd(error: unknown): AgentEnd {
  return { exitCode: null, outcome: 'failed', reason: `runner_error: ${messageOf(error)}` };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const HOW = `If the work is not finished, go on with it now. Then report with one of these commands:
- mc-coord submit --summary "what you did": when the work is committed on the current branch.
- mc-coord ask "question": when only a person can decide.
- mc-coord fail "why": when it cannot be done.
Without one of them this counts as a failed attempt, whatever you wrote.`;

function reminderText(ticket: string): string {
  return `Your turn has ended, but Mission Control has no result for ticket ${ticket}. ${HOW}`;
}

function interruptedText(ticket: string): string {
  return `You were interrupted: your program ended while you worked on ticket ${ticket}. Look at git status and git log for where you were. ${HOW}`;
}
