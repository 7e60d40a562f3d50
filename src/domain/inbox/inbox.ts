/**
 * The orchestrator's durable queue of decisions: pending → delivered → acted.
 *
 * Delivered is not acted: past its deadline a delivery returns to pending. Acted means that a structured result was
 * committed, in the same transaction as its effect. Whoever settles the matter another way writes the result too.
 */
import type { Actor, InboxDecision, InboxKind, InboxState } from '../words.ts';
import type { TicketEvent } from '../ticket/events.ts';
import { completionGaps, isReviewReady } from '../ticket/completion.ts';
import type { Ticket } from '../ticket/state.ts';
import type { TicketRules } from '../ticket/decide.ts';
import { type Refusal, refuse } from '../refusal.ts';

export interface InboxResult {
  decision: InboxDecision;
  reason: string;
  by: string;
  via: string;
}

export interface InboxItem {
  id: string;
  kind: InboxKind;
  state: InboxState;
  ticket: string | null;
  subject: string;
  for: 'person' | 'orchestrator';
  attempt: string | null;
  question: string | null;
  alert: string | null;
  createdAt: number;
  /** Past it, an item for the orchestrator goes to a person. */
  deadline: number | null;
  deliveries: number;
  delivery: { id: string; consumer: string; until: number } | null;
  result: InboxResult | null;
  version: number;
}

export interface InboxEventData {
  'inbox.created': Omit<InboxItem, 'state' | 'deliveries' | 'delivery' | 'result' | 'version' | 'createdAt'>;
  'inbox.delivered': { deliveryId: string; consumer: string; until: number };
  'inbox.returned': { reason: string };
  'inbox.escalated': { reason: string };
  'inbox.acted': {
    result: InboxResult;
    /** The delivery that was acted on, so that a repetition is known. */ deliveryId?: string;
  };
}
export type InboxEvent = {
  [T in keyof InboxEventData]: { type: T; actor: Actor; at: number; data: InboxEventData[T] };
}[keyof InboxEventData];

export function inboxEvent<T extends keyof InboxEventData>(
  type: T,
  actor: Actor,
  at: number,
  data: InboxEventData[T],
): InboxEvent {
  return { type, actor, at, data } as InboxEvent;
}

export function evolveInbox(state: InboxItem | null, event: InboxEvent): InboxItem {
  if (event.type === 'inbox.created') {
    return {
      ...event.data,
      state: 'pending',
      createdAt: event.at,
      deliveries: 0,
      delivery: null,
      result: null,
      version: 1,
    };
  }
  if (!state) throw new Error(`${event.type} before inbox.created`);
  const next = { ...state, version: state.version + 1 };
  switch (event.type) {
    case 'inbox.delivered': {
      const { deliveryId, consumer, until } = event.data;
      return {
        ...next,
        state: 'delivered',
        deliveries: state.deliveries + 1,
        delivery: { id: deliveryId, consumer, until },
      };
    }
    case 'inbox.returned':
      return { ...next, state: 'pending', delivery: null };
    case 'inbox.escalated':
      return { ...next, state: 'pending', delivery: null, for: 'person', deadline: null };
    case 'inbox.acted':
      return { ...next, state: 'acted', delivery: null, result: event.data.result };
  }
}

export interface ItemChange {
  id: string;
  /** null for a new item. */
  before: InboxItem | null;
  events: InboxEvent[];
}

/** How long an item may wait for the orchestrator before it goes to a person. */
export const ORCHESTRATOR_PATIENCE_MS = 15 * 60 * 1000;

/**
 * What a ticket's events mean for the inbox, so that both are one commit: a submission asks for a review, an opened
 * question for an answer; whatever settles the matter writes the result.
 */
export function reactToTicket(
  events: readonly TicketEvent[],
  after: Ticket,
  open: readonly InboxItem[],
  context: {
    now: number;
    newId: (prefix: string) => string;
    rules: TicketRules;
    via: string;
    reason?: string | undefined;
    /** The delivery that this decision was made under. */
    deliveryId?: string | undefined;
  },
): ItemChange[] {
  const changes = new Map<string, ItemChange>();
  const live = new Map(open.map((item) => [item.id, item]));
  const put = (id: string, event: InboxEvent): void => {
    const change = changes.get(id) ?? { id, before: live.get(id) ?? null, events: [] };
    change.events.push(event);
    changes.set(id, change);
    if (event.type === 'inbox.acted') live.delete(id);
    else live.set(id, evolveInbox(live.get(id) ?? null, event));
  };
  const create = (at: number, item: Pick<InboxItem, 'kind' | 'subject' | 'attempt' | 'question'>): void => {
    const forWhom = context.rules.completion.decidedBy === 'orchestrator' ? 'orchestrator' : 'person';
    const id = context.newId('inb');
    const data = {
      ...item,
      id,
      ticket: after.key,
      alert: null,
      for: forWhom as InboxItem['for'],
      deadline: forWhom === 'orchestrator' ? at + ORCHESTRATOR_PATIENCE_MS : null,
    };
    put(id, inboxEvent('inbox.created', { kind: 'control_plane', id: 'mission-control' }, at, data));
  };
  const settle = (
    event: TicketEvent,
    matches: (item: InboxItem) => boolean,
    decision: InboxDecision,
    reason: string,
  ): void => {
    for (const item of live.values()) {
      if (!matches(item)) continue;
      const result = { decision, reason, by: event.actor.id, via: context.via };
      const delivered = item.delivery !== null && item.delivery.id === context.deliveryId;
      put(
        item.id,
        inboxEvent('inbox.acted', event.actor, event.at, {
          result,
          ...(delivered && context.deliveryId !== undefined ? { deliveryId: context.deliveryId } : {}),
        }),
      );
    }
  };
  const isDecision = (item: InboxItem): boolean => item.kind === 'review' || item.kind === 'conflict';

  for (const event of events) {
    if (event.type === 'ticket.transitioned') {
      const { transition, from, attempt, reason, feedback } = event.data;
      const why = context.reason ?? reason ?? feedback ?? '';
      if (transition === 'submit' || transition === 'hand_in') {
        create(event.at, { kind: 'review', subject: after.title, attempt: attempt ?? null, question: null });
      } else if (transition === 'accept') settle(event, isDecision, 'accept', why);
      else if (transition === 'request_changes') settle(event, isDecision, 'request_changes', why);
      else if (transition === 'exhaust' && from === 'in_review')
        settle(event, isDecision, 'request_changes', why);
      else if (transition === 'cancel') settle(event, isDecision, 'cancel', why);
    } else if (event.type === 'landing.recorded') {
      settle(event, isDecision, 'accept', context.reason ?? event.data.reason ?? '');
    } else if (event.type === 'landing.ended') {
      create(event.at, {
        kind: 'conflict',
        subject: event.data.reason,
        attempt: after.landing?.attempt ?? null,
        question: null,
      });
    } else if (event.type === 'landing.retried') {
      settle(event, isDecision, 'retry', context.reason ?? event.data.reason);
    } else if (event.type === 'question.opened') {
      const { kind, text, question, attempt } = event.data;
      create(event.at, {
        kind: kind === 'attempts_exhausted' ? 'attempts_exhausted' : 'question',
        subject: text,
        attempt,
        question,
      });
    } else if (event.type === 'question.answered') {
      const { question, answer, choice } = event.data;
      const exhausted = after.questions.find((q) => q.id === question)?.kind === 'attempts_exhausted';
      const decision = exhausted ? (choice === 'cancel' ? 'cancel' : 'retry') : 'answer';
      settle(event, (item) => item.question === question, decision, context.reason ?? answer);
    } else if (event.type === 'question.withdrawn') {
      const { question, reason } = event.data;
      settle(event, (item) => item.question === question, 'withdrawn', reason);
    }
  }
  // Under every decider, what is missing, unverifiable or touches a protected path goes to a person.
  if (events.some((event) => event.type.startsWith('evidence.')) && needsPerson(after, context)) {
    for (const item of live.values()) {
      if (item.kind !== 'review' || item.for !== 'orchestrator') continue;
      const actor = { kind: 'control_plane', id: 'mission-control' } as const;
      const reason = 'the evidence is incomplete or touches protected paths';
      put(item.id, inboxEvent('inbox.escalated', actor, context.now, { reason }));
    }
  }
  return [...changes.values()];
}

function needsPerson(ticket: Ticket, context: { now: number; rules: TicketRules }): boolean {
  const { completion } = context.rules;
  if (ticket.status !== 'in_review') return false;
  const gaps = completionGaps(ticket, completion, context.now);
  const isSettled = isReviewReady(ticket, completion, context.now);
  return (
    gaps.protectedPaths.length > 0 ||
    gaps.givenUp.length > 0 ||
    (isSettled && gaps.missing.length > 0 && gaps.refuted.length === 0)
  );
}

/** Which decisions settle which kind of item. */
export const DECISIONS: Record<InboxKind, readonly InboxDecision[]> = {
  review: ['accept', 'request_changes', 'cancel', 'escalate'],
  question: ['answer', 'escalate'],
  attempts_exhausted: ['retry', 'cancel', 'escalate'],
  alert: ['acknowledge', 'create_ticket', 'escalate'],
  conflict: ['retry', 'request_changes', 'cancel', 'escalate'],
};

/** Whether this actor may act on this item now, with this delivery. */
export function checkDelivery(
  item: InboxItem,
  act: { deliveryId?: string | undefined; decision: InboxDecision },
  actor: Actor,
  now: number,
): Refusal | null {
  if (item.state === 'acted') {
    return refuse('already_acted', `${item.result?.by} has decided it: ${item.result?.decision}.`, {
      result: item.result,
    });
  }
  if (!DECISIONS[item.kind].includes(act.decision)) {
    return refuse(
      'decision_not_allowed',
      `An item of kind ${item.kind} takes: ${DECISIONS[item.kind].join(', ')}.`,
    );
  }
  // People need no delivery, and override a lease; one that they name has to be current all the same.
  if (actor.kind === 'human' && act.deliveryId === undefined) return null;
  if (actor.kind !== 'human' && item.for !== 'orchestrator') {
    return refuse('actor_not_allowed', 'This item is for a person to decide.');
  }
  if (act.deliveryId === undefined) {
    return refuse('stale_delivery', 'Lease the item first, and act with its deliveryId.');
  }
  if (item.delivery?.id !== act.deliveryId) {
    return refuse(
      'delivery_expired',
      'The delivery has expired; the item is pending again, or delivered anew.',
    );
  }
  if (item.delivery.until <= now) return refuse('delivery_expired', 'The delivery has expired.');
  return null;
}
