/** Claim and resume by the dispatcher; acceptance of the offer by a runner; what happens when a lease runs out. */
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
import { type Attempt, type Ticket, newestAttempt, openAttempt, openQuestions } from './state.ts';

export interface StartCommand {
  profile: string;
  runner: string;
  /** The epoch of the dispatch lease; the commit's guard checks it again. */
  epoch: number;
  /** No token given before a restore may be given again. */
  fenceFloor: number;
}

export function branchName(ticket: string, number: number): string {
  return `mc/${ticket}/${number}`;
}

/** todo → in_progress: creates the next attempt. */
export function decideClaim(state: Ticket, command: StartCommand, context: DecideContext): Decision {
  const open = openAttempt(state);
  if (open)
    return refuse('transition_not_allowed', `Attempt ${open.number} of ${state.key} is still ${open.state}.`);
  const draft = new Draft(state, context);
  const refused = draft.transition('claim', { epoch: command.epoch });
  if (!refused) offerNext(draft, command);
  return decided(draft, refused);
}

/** needs_input → in_progress: continues the parked attempt, or starts the next one where none is parked. */
export function decideResume(state: Ticket, command: StartCommand, context: DecideContext): Decision {
  if (openQuestions(state).length > 0) {
    return refuse('transition_not_allowed', `${state.key} still has an open question.`);
  }
  const open = openAttempt(state);
  if (open && open.state !== 'parked') {
    return refuse('transition_not_allowed', `Attempt ${open.number} of ${state.key} is still ${open.state}.`);
  }
  const draft = new Draft(state, context);
  const refused = draft.transition('resume', { epoch: command.epoch });
  if (refused) return refused;
  if (open) {
    if (open.runner !== command.runner) {
      return refuse('transition_not_allowed', `Attempt ${open.number} is parked on another runner.`);
    }
    draft.add('attempt.offered', {
      attempt: open.id,
      number: open.number,
      kind: open.kind,
      profile: open.profile,
      runner: open.runner,
      fence: nextFence(state, command),
      branch: open.branch,
      startAt: open.startAt,
      continues: open.continues,
      resumed: true,
      answers: state.questions
        .filter((q) => q.state === 'answered' && q.attempt === open.id && q.deliveredTo.length === 0)
        .map((q) => q.id),
      epoch: command.epoch,
      campaign: state.campaign,
    });
  } else {
    offerNext(draft, command);
  }
  return decided(draft);
}

function nextFence(state: Ticket, command: StartCommand): number {
  return Math.max(state.fence, command.fenceFloor) + 1;
}

function offerNext(draft: Draft, command: StartCommand): void {
  const { state } = draft;
  const newest = newestAttempt(state);
  const number = (newest?.number ?? 0) + 1;
  const previous = newest && newest.number > state.earlierRounds ? newest : null;
  // An attempt that never started has no worktree of its own: what it would have continued is continued.
  const started = previous?.startedAt === null ? previous.continues : previous?.id;
  const continues = previous && continuesWork(previous) ? (started ?? null) : null;
  draft.add('attempt.offered', {
    attempt: draft.context.newId('att'),
    number,
    kind: 'agent',
    profile: command.profile,
    runner: command.runner,
    fence: nextFence(state, command),
    branch: branchName(state.key, number),
    // Also after a try that failed or never started: the feedback is about the submitted work, so it starts there.
    startAt:
      previous?.outcome === 'submitted' ? submittedStart(state, previous) : (previous?.startAt ?? null),
    continues,
    resumed: false,
    answers: state.questions.filter((q) => q.state === 'answered').map((q) => q.id),
    epoch: command.epoch,
    campaign: state.campaign,
  });
}

/** The submitted head; where that was refuted it may not even exist, and the branch says where the work is. */
function submittedStart(state: Ticket, previous: Attempt): string | null {
  const isRefuted = state.evidence.some(
    (e) => e.attempt === previous.id && e.kind === 'commit' && e.state === 'refuted',
  );
  return isRefuted && previous.kind === 'agent'
    ? (previous.branch ?? branchName(state.key, previous.number))
    : previous.head;
}

/**
 * After a rate limit, a stop, or the loss of a parked attempt the next one goes on with its worktree and session. One
 * that left without a result may have done all of the work and forgotten to say so: its worktree goes on too.
 */
function continuesWork(previous: Attempt): boolean {
  if (previous.startedAt === null && previous.continues === null) return false;
  if (
    previous.outcome === 'rate_limited' ||
    previous.outcome === 'stopped' ||
    previous.outcome === 'declined'
  )
    return true;
  if (previous.outcome === 'failed') return previous.reason === 'exited_without_result';
  return previous.outcome === 'lost' && previous.reason !== null && previous.reason.startsWith('parked');
}

/** The runner takes the offer: the attempt runs. */
export function decideAccept(
  state: Ticket,
  command: { attempt: string; fence: number; base: string | null; branch: string | null },
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, command.attempt, command.fence);
  if (isRefusal(attempt)) return attempt;
  // A runner whose fetch took long accepts first, and says where the work starts when it knows.
  const learnsBase = attempt.state === 'running' && attempt.base === null && command.base !== null;
  if (attempt.state === 'running' && !learnsBase) return [];
  if (attempt.state !== 'offered' && !learnsBase) return stale(attempt, stoppingReason(attempt));
  return new Draft(state, context).add('attempt.started', {
    attempt: attempt.id,
    fence: attempt.fence,
    base: command.base,
    branch: command.branch,
  }).events;
}

/**
 * The lease of an attempt, and for one that runs its grace, are over; the commit's guard re-checks that by the
 * database's clock. An offer is `declined`; what ran is `lost`; what was stopping only completes.
 */
export function decideExpire(state: Ticket, attemptId: string, context: DecideContext): Decision {
  const attempt = openAttempt(state);
  if (!attempt || attempt.id !== attemptId || attempt.state === 'parked') return [];
  const draft = new Draft(state, context);
  if (attempt.state === 'offered') {
    return endFromOffer(draft, attempt, 'declined', 'the runner did not accept the offer in time');
  }
  if (attempt.state === 'running') {
    draft.add(
      'attempt.ended',
      { attempt: attempt.id, fence: attempt.fence, outcome: 'lost', reason: 'the lease ran out' },
      CONTROL_PLANE,
    );
    draft.withdrawQuestions('the attempt was lost', (id) => id === attempt.id);
    return decided(draft, settleOutcome(draft, attempt, 'lost', { reason: 'the lease ran out' }));
  }
  if (attempt.stoppingTo === 'parked') {
    draft.add(
      'attempt.ended',
      {
        attempt: attempt.id,
        fence: attempt.fence,
        outcome: 'lost',
        reason: 'parked: the runner was lost while parking',
      },
      CONTROL_PLANE,
    );
    return decided(
      draft,
      settleOutcome(draft, attempt, 'stopped', { reason: 'the runner was lost while parking' }),
    );
  }
  draft.add(
    'attempt.ended',
    { attempt: attempt.id, fence: attempt.fence, outcome: attempt.outcome ?? 'lost', reason: attempt.reason },
    CONTROL_PLANE,
  );
  return decided(draft);
}

/** Its runner has been silent for too long to ever resume it; the answers and the saved work go to the next attempt. */
export function decideLoseParked(state: Ticket, attemptId: string, context: DecideContext): Decision {
  const attempt = openAttempt(state);
  if (!attempt || attempt.id !== attemptId || attempt.state !== 'parked') return [];
  return new Draft(state, context).add(
    'attempt.ended',
    {
      attempt: attempt.id,
      fence: attempt.fence,
      outcome: 'lost',
      reason: 'parked: its runner has been silent for too long',
    },
    CONTROL_PLANE,
  ).events;
}
