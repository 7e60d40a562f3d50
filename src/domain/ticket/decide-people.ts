/** What people and the orchestrator do to a ticket: ready, defer, hand in, cancel, reopen, answer. */
import { type Refusal, isRefusal, refuse } from '../refusal.ts';
import { type DecideContext, type Decision, Draft, decided } from './decide.ts';
import { stopOrEnd } from './decide-attempt.ts';
import { withdrawLanding } from './decide-landing.ts';
import { type Claim, requireEvidence } from './decide-signal.ts';
import { type Ticket, newestAttempt, openAttempt } from './state.ts';

export function decideReady(state: Ticket, context: DecideContext): Decision {
  const draft = new Draft(state, context);
  return decided(draft, draft.transition('ready', { retriesReset: true }));
}

export function decideDefer(state: Ticket, reason: string | undefined, context: DecideContext): Decision {
  const draft = new Draft(state, context);
  return decided(draft, draft.transition('defer', reason === undefined ? {} : { reason }));
}

/** The work of a person: recorded as an attempt of kind `person` that ended `submitted`, and verified like any other. */
export function decideHandIn(
  state: Ticket,
  command: {
    summary: string;
    commit: string | null;
    evidence: Claim[];
    assigneeIsPerson: boolean;
    fenceFloor: number;
  },
  context: DecideContext,
): Decision {
  if (state.status === 'todo' && !command.assigneeIsPerson) {
    return refuse(
      'transition_not_allowed',
      `${state.key} is not assigned to a person; hand_in is for people's own work.`,
      {
        current: { version: state.version, status: state.status },
      },
    );
  }
  const open = openAttempt(state);
  if (open)
    return refuse('transition_not_allowed', `Attempt ${open.number} of ${state.key} is still ${open.state}.`);
  if (command.commit !== null && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(command.commit)) {
    return refuse(
      'evidence_incomplete',
      `${command.commit} is not a full commit id of 40 or 64 hex digits.`,
      { missing: ['commit'] },
    );
  }
  if (command.commit === null && context.rules.completion.requires.includes('commit')) {
    return refuse('evidence_incomplete', 'The completion policy requires a commit; name it by its full id.', {
      missing: ['commit'],
    });
  }
  const draft = new Draft(state, context);
  const number = (newestAttempt(state)?.number ?? 0) + 1;
  const attempt = context.newId('att');
  const fence = Math.max(state.fence, command.fenceFloor) + 1;
  const refused = draft.transition('hand_in', { attempt });
  if (refused) return refused;
  draft.add('attempt.offered', {
    attempt,
    number,
    kind: 'person',
    profile: null,
    runner: null,
    fence,
    branch: null,
    startAt: null,
    continues: null,
    resumed: false,
    answers: [],
    epoch: 0,
    campaign: state.campaign,
  });
  for (const claim of command.evidence) {
    const { kind, ...rest } = claim;
    draft.add('evidence.claimed', {
      evidence: context.newId('evd'),
      attempt,
      kind,
      claim: rest,
      required: false,
    });
  }
  const incomplete: Refusal | null = requireEvidence(draft, attempt, command.commit);
  if (incomplete) return incomplete;
  draft.add('attempt.ended', {
    attempt,
    fence,
    outcome: 'submitted',
    reason: null,
    head: command.commit,
    summary: command.summary,
    submittedBy: context.actor.id,
  });
  return decided(draft);
}

export function decideCancel(state: Ticket, reason: string | undefined, context: DecideContext): Decision {
  const draft = new Draft(state, context);
  const refused =
    draft.checkRow('cancel') ??
    withdrawLanding(draft, 'the ticket was cancelled') ??
    draft.transition('cancel', reason === undefined ? {} : { reason });
  if (refused) return refused;
  draft.withdrawQuestions('the ticket was cancelled');
  const attempt = openAttempt(state);
  if (attempt) stopOrEnd(draft, attempt, 'cancelled', 'the ticket was cancelled');
  return decided(draft);
}

export function decideReopen(state: Ticket, reason: string | undefined, context: DecideContext): Decision {
  if (reason === undefined || reason.trim() === '') {
    return refuse('invalid_request', 'Reopening needs a reason, for the history.', {
      errors: [{ path: 'reason', message: 'must not be empty' }],
    });
  }
  const draft = new Draft(state, context);
  return decided(
    draft,
    draft.transition('reopen', { reason, feedback: reason, retriesReset: true, notBefore: null }),
  );
}

/** Recurring work comes round again: the next attempt starts afresh, on the default branch. */
export function decideRecur(state: Ticket, reason: string, context: DecideContext): Decision {
  const draft = new Draft(state, context);
  return decided(
    draft,
    draft.transition('reopen', { reason, newRound: true, retriesReset: true, notBefore: null }),
  );
}

export interface AnswerCommand {
  question: string;
  text?: string | undefined;
  choice?: string | undefined;
  /** With `retry` of exhausted attempts: run it with another profile, or a larger budget. */
  profile?: string | undefined;
  budget?: { usd?: number | undefined; tokens?: number | undefined } | undefined;
}

export function decideAnswer(state: Ticket, command: AnswerCommand, context: DecideContext): Decision {
  if (context.actor.kind !== 'human' && context.actor.kind !== 'orchestrator') {
    return refuse('actor_not_allowed', 'Questions are answered by a person or the orchestrator.');
  }
  const question = state.questions.find((q) => q.id === command.question);
  if (!question) return refuse('not_found', `${state.key} has no question ${command.question}.`);
  if (question.state !== 'open') {
    const what =
      question.state === 'answered' ? `answered by ${question.answeredBy}: ${question.answer}` : 'withdrawn';
    return refuse('already_answered', `The question was ${what}.`, {
      result: { state: question.state, answer: question.answer, answeredBy: question.answeredBy },
    });
  }
  const chosen =
    command.choice === undefined
      ? null
      : question.choices.find((c) => c.id === command.choice || c.label === command.choice);
  const needsChoice = question.kind !== 'question';
  if (chosen === undefined || (needsChoice && chosen === null)) {
    const offered = question.choices.map((c) => `${c.id} (${c.label})`).join(', ') || 'none';
    return refuse('invalid_request', `The question takes one of these choices: ${offered}.`, {
      errors: [{ path: 'choice', message: `must be one of: ${offered}` }],
    });
  }
  const draft = new Draft(state, context);
  draft.add('question.answered', {
    question: question.id,
    answer: chosen?.label ?? command.text ?? '',
    choice: chosen?.id ?? null,
    by: context.actor.id,
  });
  if (question.kind === 'attempts_exhausted') {
    if (chosen?.id === 'cancel') {
      const cancelled = decideCancel(draft.state, 'no further attempt', context);
      if (isRefusal(cancelled)) return cancelled;
      return [...draft.events, ...cancelled];
    }
    const set = {
      ...(command.profile === undefined ? {} : { profile: command.profile }),
      ...(command.budget === undefined ? {} : { budget: command.budget }),
    };
    if (Object.keys(set).length > 0) draft.add('ticket.changed', { set });
  }
  return decided(draft);
}
