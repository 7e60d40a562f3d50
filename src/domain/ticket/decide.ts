/**
 * What all deciders of a ticket share: their context, and the one way to change a status.
 *
 * A decider is pure: (state, command, context) → events, or a refusal that changes nothing. Time, ids and randomness
 * are arguments. The services apply its events with a compare-and-swap on the stream, and decide again on new state
 * when they lose.
 */
import type { Actor, Outcome, Transition } from '../words.ts';
import { type Refusal, isRefusal, refuse } from '../refusal.ts';
import { type TicketEvent, type TransitionedData, ticketEvent } from './events.ts';
import { evolveTicket } from './evolve.ts';
import { type Attempt, type Completion, type Ticket, openQuestions } from './state.ts';
import { transitionRow } from './transitions.ts';

export interface DecideContext {
  /** Milliseconds since the epoch, by the database's clock. */
  now: number;
  actor: Actor;
  newId: (prefix: string) => string;
  /** In [0, 1). */
  random: () => number;
  /** Hex SHA-256 of a string. */
  sha256: (text: string) => string;
  rules: TicketRules;
}

/** What the project (and the ticket's own completion policy) say; resolved before deciding. */
export interface TicketRules {
  maxAttempts: number;
  backoffSeconds: number;
  completion: Completion;
  checkNames: string[];
  deployEnvironment: string | null;
  /** How long after landing the deploy may take to be seen. */
  deployTimeoutMs: number;
  paused: boolean;
}

export type Decision = TicketEvent[] | Refusal;

export const CONTROL_PLANE: Actor = { kind: 'control_plane', id: 'mission-control' };

/** Collects events while deciding, so that later steps of one command see the state that earlier ones made. */
export class Draft {
  readonly events: TicketEvent[] = [];
  state: Ticket;
  readonly context: DecideContext;

  constructor(state: Ticket, context: DecideContext) {
    this.state = state;
    this.context = context;
  }

  add<T extends TicketEvent['type']>(
    type: T,
    data: Extract<TicketEvent, { type: T }>['data'],
    actor: Actor = this.context.actor,
  ): this {
    const event = ticketEvent(type, actor, this.context.now, data as never);
    this.events.push(event);
    this.state = evolveTicket(this.state, event);
    return this;
  }

  /** The only way to a new status: by a row of the table, from a status and by an actor that the row names. */
  transition(
    transition: Transition,
    data: Omit<TransitionedData, 'transition' | 'from' | 'to'> = {},
    actor: Actor = this.context.actor,
  ): Refusal | null {
    const from = this.state.status;
    const refused = this.checkRow(transition, actor);
    if (refused) return refused;
    this.add('ticket.transitioned', { transition, from, to: transitionRow(transition).to, ...data }, actor);
    return null;
  }

  /** Whether the table has a row for this, now and by this actor; nothing is changed. */
  checkRow(transition: Transition, actor: Actor = this.context.actor): Refusal | null {
    const row = transitionRow(transition);
    const from = this.state.status;
    if (!row.by.includes(actor.kind)) {
      return refuse(
        'actor_not_allowed',
        `${transition} of ${this.state.key} is for ${row.by.join(', ')}, and this is ${actor.kind}.`,
      );
    }
    if (!row.from.includes(from)) {
      return refuse(
        'transition_not_allowed',
        `${this.state.key} is ${from}; ${transition} needs it to be ${row.from.join(' or ')}.`,
        { current: { version: this.state.version, status: from } },
      );
    }
    return null;
  }

  withdrawQuestions(reason: string, only: (attempt: string | null) => boolean = () => true): void {
    for (const question of openQuestions(this.state)) {
      if (only(question.attempt))
        this.add('question.withdrawn', { question: question.id, reason }, CONTROL_PLANE);
    }
  }
}

/** Exponential from `backoffSeconds`, capped at an hour, with full jitter in its upper half. */
export function backoffMs(backoffSeconds: number, priorTries: number, random: () => number): number {
  const full = Math.min(backoffSeconds * 1000 * 2 ** Math.min(priorTries, 20), 3_600_000);
  return Math.round(full / 2 + (full / 2) * random());
}

/**
 * What happens to a ticket in progress once the outcome of its attempt is fixed and is not `submitted`: it is released
 * with back-off, or, with its retries spent, asks what to do.
 */
export function settleOutcome(
  draft: Draft,
  attempt: Attempt,
  outcome: NonNullable<Attempt['outcome']>,
  options: { reason: string | null; retry?: boolean; notBefore?: number | null },
): Refusal | null {
  if (draft.state.status !== 'in_progress') return null;
  const { context } = draft;
  const spends = outcome === 'failed' || outcome === 'lost' || outcome === 'timed_out';
  const spentAfter = draft.state.retriesSpent + (spends ? 1 : 0);
  const reason = options.reason ?? outcome;
  const outOfRetries = spends && spentAfter >= context.rules.maxAttempts;
  if (options.retry === false || outOfRetries) {
    return exhaust(draft, attempt, { reason, retrySpent: spends });
  }
  const tries = spends ? draft.state.retriesSpent : draft.state.freeReleases;
  const earliest = context.now + backoffMs(context.rules.backoffSeconds, tries, context.random);
  return draft.transition(
    'release',
    {
      attempt: attempt.id,
      reason,
      retrySpent: spends,
      notBefore: Math.max(earliest, options.notBefore ?? 0),
    },
    CONTROL_PLANE,
  );
}

/** Asks a person or the orchestrator what to do with a ticket whose retries or budget are spent. */
export function exhaust(
  draft: Draft,
  attempt: Attempt,
  options: { reason: string; retrySpent: boolean; feedback?: string },
): Refusal | null {
  const refused = draft.transition(
    'exhaust',
    {
      attempt: attempt.id,
      reason: options.reason,
      retrySpent: options.retrySpent,
      feedback: options.feedback,
    },
    CONTROL_PLANE,
  );
  if (refused) return refused;
  draft.add(
    'question.opened',
    {
      question: draft.context.newId('que'),
      kind: 'attempts_exhausted',
      text: `Attempt ${attempt.number} ended without success (${options.reason}) and no retry is left. What shall happen?`,
      context: null,
      choices: [
        { id: 'retry', label: 'Try again' },
        { id: 'cancel', label: 'Cancel the ticket' },
      ],
      attempt: attempt.id,
    },
    CONTROL_PLANE,
  );
  return null;
}

/** An offer that its runner hands back: nothing ran, so no retry is spent unless the runner says that it failed. */
export function endFromOffer(
  draft: Draft,
  attempt: Attempt,
  outcome: Outcome,
  reason: string | null,
  notBefore: number | null = null,
): Decision {
  draft.add('attempt.ended', { attempt: attempt.id, fence: attempt.fence, outcome, reason });
  draft.withdrawQuestions('the attempt ended', (id) => id === attempt.id);
  return decided(draft, settleOutcome(draft, attempt, outcome, { reason, notBefore }));
}

/** Ends a decider: the refusal if there was one, else what was collected. */
export function decided(draft: Draft, refused: Refusal | null = null): Decision {
  return refused && isRefusal(refused) ? refused : draft.events;
}
