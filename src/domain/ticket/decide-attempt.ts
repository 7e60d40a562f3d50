/** What the runner reports about an attempt that it runs: a permission request, parking, the end. And the stop switch. */
import type { BudgetScope } from '../budget.ts';
import type { Outcome } from '../words.ts';
import { isRefusal, refuse } from '../refusal.ts';
import {
  type DecideContext,
  type Decision,
  CONTROL_PLANE,
  Draft,
  decided,
  endFromOffer,
  settleOutcome,
} from './decide.ts';
import { currentAttempt, stale, stoppingReason } from './fence.ts';
import { type Attempt, type Cost, type Ticket, openAttempt, openQuestions } from './state.ts';

type Who = { attempt: string; fence: number };

/** A tool permission that the profile's policy does not answer: held, while process and slot stay. */
export function decidePermission(
  state: Ticket,
  command: Who & { text: string; choices: { id: string; label: string }[] },
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, command.attempt, command.fence);
  if (isRefusal(attempt)) return attempt;
  if (attempt.state !== 'running') return stale(attempt, stoppingReason(attempt));
  return new Draft(state, context).add('question.opened', {
    question: context.newId('que'),
    kind: 'permission',
    text: command.text,
    context: null,
    choices: command.choices,
    attempt: attempt.id,
  }).events;
}

/** Parks after an `ask`, or turns a held permission request into one (`ask` by the runner). */
export function decidePark(
  state: Ticket,
  command: Who & { session: string | null; treeGone: boolean },
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, command.attempt, command.fence);
  if (isRefusal(attempt)) return attempt;
  const draft = new Draft(state, context);
  if (attempt.state === 'running') {
    if (!openQuestions(state).some((question) => question.attempt === attempt.id)) {
      return refuse('transition_not_allowed', `Attempt ${attempt.number} has no open question to park for.`);
    }
    const refused = draft.transition('ask', { attempt: attempt.id });
    if (refused) return refused;
    draft.add('attempt.stopping', {
      attempt: attempt.id,
      fence: attempt.fence,
      to: 'parked',
      outcome: null,
      reason: 'waits for an answer',
      session: command.session,
    });
  } else if (attempt.stoppingTo !== 'parked') {
    return stale(attempt, stoppingReason(attempt));
  }
  if (command.treeGone) {
    draft.add('attempt.parked', { attempt: attempt.id, fence: attempt.fence, session: command.session });
  }
  return decided(draft);
}

export interface EndCommand extends Who {
  outcome: Outcome;
  reason: string | null;
  exitCode: number | null;
  head: string | null;
  session: string | null;
  notBefore: number | null;
  treeGone: boolean;
}

/**
 * The runner's report of the end. While the attempt runs, the report fixes the outcome; once it is stopping, the
 * outcome is fixed already and the report only completes it, when the whole tree is gone.
 */
export function decideEnd(state: Ticket, command: EndCommand, context: DecideContext): Decision {
  const attempt = currentAttempt(state, command.attempt, command.fence);
  if (isRefusal(attempt)) return attempt;
  const draft = new Draft(state, context);
  const report = {
    exitCode: command.exitCode,
    session: command.session,
    head: command.head,
  };
  if (attempt.state === 'stopping') {
    if (!command.treeGone) return [];
    if (attempt.stoppingTo === 'parked') {
      draft.add('attempt.parked', { attempt: attempt.id, fence: attempt.fence, session: command.session });
    } else {
      draft.add('attempt.ended', {
        attempt: attempt.id,
        fence: attempt.fence,
        outcome: attempt.outcome ?? 'stopped',
        reason: attempt.reason,
        ...report,
        // What was submitted stands; a head moved after the submit does not replace it.
        head: attempt.outcome === 'submitted' && attempt.head !== null ? attempt.head : command.head,
      });
    }
    return decided(draft);
  }
  const outcome = reportable(command.outcome);
  const reason = command.reason ?? (outcome === 'failed' ? 'exited_without_result' : null);
  if (attempt.state === 'offered') return endFromOffer(draft, attempt, outcome, reason, command.notBefore);
  const fixed = { attempt: attempt.id, fence: attempt.fence, outcome, reason };
  if (command.treeGone) draft.add('attempt.ended', { ...fixed, ...report });
  else
    draft.add('attempt.stopping', {
      ...fixed,
      to: 'ended',
      session: command.session,
      exitCode: command.exitCode,
      head: command.head,
    });
  draft.withdrawQuestions('the attempt ended', (id) => id === attempt.id);
  return decided(draft, settleOutcome(draft, attempt, outcome, { reason, notBefore: command.notBefore }));
}

/** A runner's word alone makes nothing submitted or cancelled: without the signal, the agent left without a result. */
function reportable(outcome: Outcome): Outcome {
  return outcome === 'submitted' || outcome === 'cancelled' ? 'failed' : outcome;
}

/** The emergency stop of a running attempt (`pause --stop`): no retry is spent, and the next attempt continues it. */
export function decideStop(state: Ticket, reason: string, context: DecideContext): Decision {
  const attempt = openAttempt(state);
  if (!attempt || attempt.state === 'parked' || attempt.state === 'stopping') return [];
  const draft = new Draft(state, context);
  stopOrEnd(draft, attempt, 'stopped', reason);
  draft.withdrawQuestions('the attempt was stopped', (id) => id === attempt.id);
  return decided(draft, settleOutcome(draft, attempt, 'stopped', { reason }));
}

/**
 * A budget has been met while the attempt runs. Its own ends it as `failed`, and spends a retry like any failure; the
 * others stop it, at no retry's cost: the ticket's asks what to do, the project's and the day's let it wait.
 */
export function decideOverBudget(
  state: Ticket,
  command: Who & { scope: BudgetScope; detail: string },
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, command.attempt, command.fence);
  if (isRefusal(attempt)) return attempt;
  if (attempt.state !== 'running') return [];
  const draft = new Draft(state, context);
  const outcome = command.scope === 'attempt' ? 'failed' : 'stopped';
  draft.add('attempt.stopping', {
    attempt: attempt.id,
    fence: attempt.fence,
    to: 'ended',
    outcome,
    reason: 'budget_exhausted',
  });
  draft.withdrawQuestions('the budget was spent', (id) => id === attempt.id);
  const reason = `budget_exhausted: ${command.detail}`;
  return decided(
    draft,
    settleOutcome(draft, attempt, outcome, {
      reason,
      ...(command.scope === 'ticket' ? { retry: false } : {}),
    }),
  );
}

/** What all runs of an attempt have used goes on record with the event that ends it or parks it. */
export function withCost(decision: Decision, attempt: string, cost: Cost): Decision {
  if (isRefusal(decision)) return decision;
  return decision.map((event) =>
    (event.type === 'attempt.ended' || event.type === 'attempt.parked') && event.data.attempt === attempt
      ? ({ ...event, data: { ...event.data, cost } } as typeof event)
      : event,
  );
}

/** Ends what has no process (offered, parked), and stops what may have one. */
export function stopOrEnd(
  draft: Draft,
  attempt: Attempt,
  outcome: 'stopped' | 'cancelled',
  reason: string,
): void {
  const fixed = { attempt: attempt.id, fence: attempt.fence, outcome, reason };
  if (attempt.state === 'offered' || attempt.state === 'parked')
    draft.add('attempt.ended', fixed, CONTROL_PLANE);
  else if (attempt.state === 'running' || attempt.stoppingTo === 'parked') {
    draft.add('attempt.stopping', { ...fixed, to: 'ended' }, CONTROL_PLANE);
  }
}
