/**
 * What is shown beside the status, derived and never stored: the next action and whose turn it is, the runtime, and
 * the sentence under the title. Pure, so that the browser, the server and `verify` say the same.
 */
import type { Runtime, SkipReason } from '../words.ts';
import { completionGaps, isReviewReady } from './completion.ts';
import { isClosed } from './transitions.ts';
import { isLanding, landingOf } from './landing.ts';
import { type Completion, type Landing, type Ticket, newestAttempt, openQuestions } from './state.ts';

export interface ViewContext {
  now: number;
  completion: Completion;
  skip: { code: SkipReason; detail: string } | null;
  paused: boolean;
  /** Nothing from the agent for so long that it will be stopped; the stall limit of its profile. */
  stalled: boolean;
  resolvedProfile: string | null;
}

export interface NextAction {
  text: string;
  /** Whose turn it is: a person or role, a loop, an attempt; null once closed. */
  actor: string | null;
}

export function runtimeOf(
  ticket: Ticket,
  context: Pick<ViewContext, 'completion' | 'now' | 'stalled'>,
): Runtime {
  if (isClosed(ticket.status)) {
    return newestAttempt(ticket)?.state === 'stopping' ? 'stopping' : 'closed';
  }
  if (isLanding(ticket)) return 'landing';
  const attempt = newestAttempt(ticket);
  if (attempt?.state === 'stopping') return 'stopping';
  switch (ticket.status) {
    case 'in_progress':
      if (attempt?.state === 'offered') return 'starting';
      return context.stalled ? 'stalled' : 'running';
    case 'needs_input':
      if (openQuestions(ticket).length === 0) return 'queued';
      return attempt?.state === 'parked' ? 'parked' : 'idle';
    case 'in_review':
      return isReviewReady(ticket, context.completion, context.now) ? 'idle' : 'verifying';
    case 'todo':
      return 'queued';
    default:
      return 'idle';
  }
}

export function nextActionOf(ticket: Ticket, context: ViewContext): NextAction {
  const attempt = newestAttempt(ticket);
  const decider = context.completion.decidedBy === 'orchestrator' ? 'orchestrator' : 'a person';
  switch (ticket.status) {
    case 'done':
    case 'cancelled':
      return { text: 'Closed', actor: null };
    case 'backlog':
      return { text: 'Move to todo when it is ready', actor: 'a person' };
    case 'todo':
      return waiting(ticket, context);
    case 'in_progress':
      if (openQuestions(ticket).length > 0) return answerQuestions(ticket, decider);
      if (attempt?.state === 'offered') return { text: 'Start the worker', actor: attempt.runner };
      return {
        text: attempt?.state === 'stopping' ? 'Stop the worker' : 'Work on it',
        actor: attempt?.profile ?? 'runner',
      };
    case 'needs_input':
      return openQuestions(ticket).length > 0 ? answerQuestions(ticket, decider) : waiting(ticket, context);
    case 'in_review': {
      const landing = landingOf(ticket);
      if (landing) return landingAction(landing, context, decider);
      if (!isReviewReady(ticket, context.completion, context.now)) {
        return attempt?.state === 'stopping'
          ? { text: 'Stop the worker, then verify the evidence', actor: attempt.runner }
          : { text: 'Verify the evidence', actor: 'verifier' };
      }
      const gaps = completionGaps(ticket, context.completion, context.now);
      if (
        context.completion.decidedBy === 'policy' &&
        gaps.givenUp.length === 0 &&
        gaps.protectedPaths.length === 0
      ) {
        if (gaps.missing.length === 0 || gaps.refuted.length > 0) {
          return {
            text: context.paused ? 'Decide by policy once the pause ends' : 'Decide by policy',
            actor: context.paused ? 'a person' : 'policy',
          };
        }
      }
      return {
        text: 'Decide the review',
        actor: context.completion.decidedBy === 'policy' ? 'a person' : decider,
      };
    }
  }
}

function landingAction(landing: Landing, context: ViewContext, decider: string): NextAction {
  switch (landing.state) {
    case 'queued':
      return context.paused
        ? { text: 'Land it once the pause ends', actor: 'a person' }
        : { text: 'Waiting for a runner to land it', actor: 'runner' };
    case 'building':
      return { text: 'Build the merge and run the checks on it', actor: 'runner' };
    case 'pushing':
      return { text: 'Push the merge', actor: 'runner' };
    case 'awaiting_merge':
      return { text: `Merge the pull request of ${landing.branch ?? 'its branch'}`, actor: 'a person' };
    case 'deploying':
      return { text: 'Waiting for the deploy to be seen', actor: 'runner' };
    case 'landed':
    case 'ended':
    case 'withdrawn':
      return { text: 'Decide what to do: it did not land', actor: decider };
  }
}

function answerQuestions(ticket: Ticket, decider: string): NextAction {
  const open = openQuestions(ticket);
  if (open.some((q) => q.kind === 'attempts_exhausted'))
    return { text: 'Decide whether to try again', actor: decider };
  return { text: `Answer ${open.length} question${open.length === 1 ? '' : 's'}`, actor: decider };
}

/** Whose turn a skip reason makes it; what a person has to change is a person's turn, the rest ends by itself. */
function waiting(ticket: Ticket, context: ViewContext): NextAction {
  if (context.paused) return { text: 'Resume Mission Control, which is paused', actor: 'a person' };
  switch (context.skip?.code) {
    case undefined:
    case 'claim_conflict':
      return { text: 'Waiting for the dispatcher', actor: 'dispatcher' };
    case 'paused':
      return { text: 'Waiting for the dispatcher', actor: 'dispatcher' };
    case 'job_disabled':
      return { text: 'Enable the pickup job', actor: 'a person' };
    case 'maintenance_window':
      return { text: 'Waiting for the maintenance window to end', actor: 'dispatcher' };
    case 'not_before':
      return {
        text: `Waiting until ${new Date(ticket.notBefore ?? context.now).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
        actor: 'dispatcher',
      };
    case 'blocked_by':
      return { text: context.skip.detail.replace(/\.$/, ''), actor: ticket.blockedBy[0] ?? 'a person' };
    case 'assignee_not_runnable':
      return ticket.status === 'todo'
        ? { text: 'Work on it and hand it in', actor: ticket.assignee }
        : { text: 'Assign it to a profile, so that the answered attempt can go on', actor: 'a person' };
    case 'campaign_owner_mismatch':
      return { text: "Give it the campaign owner's profile, or another campaign", actor: 'a person' };
    case 'profile_unavailable':
      return { text: 'Choose a profile', actor: 'a person' };
    case 'project_unavailable':
      return { text: 'Repair the project', actor: 'a person' };
    case 'runner_unavailable':
      return { text: 'Connect a runner', actor: 'a person' };
    case 'previous_attempt_stopping':
      return { text: 'Waiting for the previous worker to stop', actor: 'runner' };
    case 'budget_exhausted':
      return { text: 'Raise the budget', actor: 'a person' };
    case 'worker_count_unknown':
      return { text: 'Waiting until workers can be counted', actor: 'dispatcher' };
    case 'profile_limit':
    case 'project_limit':
    case 'campaign_limit':
    case 'no_free_slot':
      return { text: 'Waiting for a worker slot', actor: 'dispatcher' };
  }
}

/** As on the ticket page: *Ticket is done; runtime is closed. · profile claude_opus_1m_medium* */
export function sentenceOf(ticket: Ticket, runtime: Runtime, profile: string | null): string {
  const is = ticket.status === 'needs_input' ? 'needs input' : `is ${ticket.status.replace('_', ' ')}`;
  const said = `Ticket ${is}; runtime is ${runtime}.`;
  return profile === null ? said : `${said} · profile ${profile}`;
}
