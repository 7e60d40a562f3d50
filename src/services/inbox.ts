/** Leasing and acting on inbox items: an act is one commit of the structured result, the item and its effect. */
import type { ActInbox } from '../contract/requests.ts';
import {
  type InboxEvent,
  type InboxItem,
  checkDelivery,
  evolveInbox,
  inboxEvent,
} from '../domain/inbox/inbox.ts';
import type { Project } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { isReviewReady } from '../domain/ticket/completion.ts';
import type { StreamAppend, Row } from '../store/port.ts';
import { acknowledgeAlert, ticketFromAlert } from './alerts.ts';
import type { ChangeOptions } from './change-ticket.ts';
import { type Caller, type Deps, notFound, readPolicy, rulesFor } from './deps.ts';
import { retryLanding } from './landing.ts';
import { type NewTicket, answerQuestion, transitionTicket } from './tickets.ts';

type Loaded = { item: InboxItem; streamVersion: number };

export function inboxWrite(
  loaded: Loaded,
  events: InboxEvent[],
): { append: StreamAppend; row: Row; item: InboxItem } {
  const item = events.reduce<InboxItem>((state, event) => evolveInbox(state, event), loaded.item);
  return {
    append: { stream: `inbox:${item.id}`, expected: loaded.streamVersion, events, ticket: item.ticket },
    row: { row: 'inbox', item, streamVersion: loaded.streamVersion + events.length },
    item,
  };
}

async function commitItem(
  deps: Deps,
  id: string,
  decide: (item: InboxItem, now: number) => InboxEvent[] | Refusal,
): Promise<InboxItem | Refusal> {
  for (;;) {
    const loaded = await deps.store.inboxItem(id);
    if (!loaded) return notFound('inbox item', id);
    const events = decide(loaded.item, await deps.store.now());
    if (isRefusal(events)) return events;
    if (events.length === 0) return loaded.item;
    const write = inboxWrite(loaded, events);
    const result = await deps.store.commit({ appends: [write.append], rows: [write.row] });
    if (result.committed) return write.item;
  }
}

/** Delivers up to `max` pending items to this consumer, each under a lease of its own. */
export async function leaseInbox(
  deps: Deps,
  caller: Caller,
  input: { consumer: string; max: number; seconds: number },
): Promise<InboxItem[]> {
  const leased: InboxItem[] = [];
  let cursor: string | undefined;
  do {
    const page = await deps.store.inbox({
      states: ['pending'],
      limit: 100,
      ...(caller.actor.kind === 'orchestrator' ? { for: 'orchestrator' } : {}),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const candidate of page.items) {
      if (leased.length >= input.max) return leased;
      if (!(await isReady(deps, candidate))) continue;
      const deliveryId = deps.newId('dlv');
      const item = await commitItem(deps, candidate.id, (state, now) =>
        state.state === 'pending'
          ? [
              inboxEvent('inbox.delivered', caller.actor, now, {
                deliveryId,
                consumer: input.consumer,
                until: now + input.seconds * 1000,
              }),
            ]
          : [],
      );
      if (!isRefusal(item) && item.delivery?.id === deliveryId) leased.push(item);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return leased;
}

/** What waits to be decided by these, and can be: the oldest first. */
export async function readyItems(deps: Deps, whom: InboxItem['for'], limit: number): Promise<InboxItem[]> {
  const page = await deps.store.inbox({ states: ['pending'], for: whom, limit: 200 });
  const ready: InboxItem[] = [];
  for (const item of page.items) {
    if (ready.length >= limit) break;
    if (await isReady(deps, item)) ready.push(item);
  }
  return ready;
}

/** A review can be leased once its evidence is verified, refuted or given up. */
async function isReady(deps: Deps, item: InboxItem): Promise<boolean> {
  if (item.kind !== 'review' || item.ticket === null) return true;
  const record = await deps.store.ticket(item.ticket);
  if (!record) return false;
  const project = await deps.store.document<Project>('project', record.state.project);
  const rules = rulesFor(project, record.state, await readPolicy(deps));
  return isReviewReady(record.state, rules.completion, await deps.store.now());
}

/** A delivery that ran out returns to pending; an item that waited too long for the orchestrator goes to a person. */
export async function returnDueItem(deps: Deps, id: string): Promise<void> {
  const actor = { kind: 'control_plane', id: 'inbox' } as const;
  await commitItem(deps, id, (item, now) => {
    const events: InboxEvent[] = [];
    if (item.delivery && item.delivery.until <= now) {
      events.push(
        inboxEvent('inbox.returned', actor, now, {
          reason: `the delivery to ${item.delivery.consumer} ran out`,
        }),
      );
    }
    if (
      item.state !== 'acted' &&
      item.deadline !== null &&
      item.deadline <= now &&
      (item.delivery === null || events.length > 0)
    ) {
      events.push(inboxEvent('inbox.escalated', actor, now, { reason: 'nobody decided it in time' }));
    }
    return events;
  });
}

/** Ends every delivery, whatever time it has left: who holds one was told so by another life of this installation. */
export async function returnDelivered(deps: Deps, caller: Caller): Promise<number> {
  let returned = 0;
  let cursor: string | undefined;
  do {
    const page = await deps.store.inbox({
      states: ['delivered'],
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { id } of page.items) {
      await commitItem(deps, id, (item, now) =>
        item.delivery === null
          ? []
          : [
              inboxEvent('inbox.returned', caller.actor, now, {
                reason: `the delivery to ${item.delivery.consumer} was made before a restore`,
              }),
            ],
      );
      returned += 1;
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return returned;
}

/** A decision as it was sent, its new ticket read. */
export type Act = Omit<ActInbox, 'ticket'> & { ticket?: NewTicket | undefined };

export async function actOnInbox(
  deps: Deps,
  caller: Caller,
  id: string,
  act: Act,
  options: ChangeOptions,
): Promise<InboxItem | Refusal> {
  for (let attempt = 0; ; attempt += 1) {
    const first = await deps.store.inboxItem(id);
    if (!first) return notFound('inbox item', id);
    // The ticket's version is read before the item's state: a decision that passes is about what this item asks.
    const record = first.item.ticket === null ? null : await deps.store.ticket(first.item.ticket);
    const item = (await deps.store.inboxItem(id))?.item ?? first.item;
    const refused = checkDelivery(item, act, caller.actor, await deps.store.now());
    if (refused) {
      // Acting twice with the same delivery returns the first result: the network may have lost the answer.
      const repeated =
        refused.code === 'already_acted' &&
        act.deliveryId !== undefined &&
        (await wasActedBy(deps, id, act.deliveryId));
      return repeated ? item : refused;
    }
    if (act.decision === 'escalate') {
      return commitItem(deps, id, (state, now) =>
        state.state === 'acted'
          ? []
          : [inboxEvent('inbox.escalated', caller.actor, now, { reason: act.reason })],
      );
    }
    const outcome = await applyDecision(deps, caller, item, act, {
      ...options,
      via: 'inbox',
      reason: act.reason,
      deliveryId: act.deliveryId,
      ifMatch: record?.state.version,
    });
    if (isRefusal(outcome)) {
      if (outcome.code === 'version_conflict' && attempt < 10) continue;
      return outcome;
    }
    const after = await deps.store.inboxItem(id);
    return after ? after.item : notFound('inbox item', id);
  }
}

async function wasActedBy(deps: Deps, id: string, deliveryId: string): Promise<boolean> {
  const events = await deps.store.streamEvents(`inbox:${id}`, 0, 1000);
  const acted = events.find((event) => event.type === 'inbox.acted');
  return (acted?.data as { deliveryId?: string } | undefined)?.deliveryId === deliveryId;
}

async function applyDecision(
  deps: Deps,
  caller: Caller,
  item: InboxItem,
  act: Act,
  options: ChangeOptions,
): Promise<unknown> {
  if (item.kind === 'alert') {
    if (item.alert === null) return notFound('alert of item', item.id);
    if (act.decision === 'acknowledge') return acknowledgeAlert(deps, caller, item.alert, act.reason);
    if (act.ticket === undefined) {
      return refuse('invalid_request', 'To make a ticket out of an alert, say which.', {
        errors: [{ path: 'ticket', message: 'give at least project and title' }],
      });
    }
    return ticketFromAlert(deps, caller, item.alert, act.ticket, act.reason);
  }
  if (item.ticket === null) return notFound('ticket of item', item.id);
  switch (act.decision) {
    case 'accept':
      return transitionTicket(
        deps,
        caller,
        item.ticket,
        { transition: 'accept', reason: act.reason },
        options,
      );
    case 'request_changes':
      return transitionTicket(
        deps,
        caller,
        item.ticket,
        { transition: 'request_changes', feedback: act.feedback ?? act.reason, comments: act.comments },
        options,
      );
    case 'cancel':
      if (item.question !== null) {
        return answerQuestion(
          deps,
          caller,
          item.ticket,
          { question: item.question, choice: 'cancel' },
          options,
        );
      }
      return transitionTicket(
        deps,
        caller,
        item.ticket,
        { transition: 'cancel', reason: act.reason },
        options,
      );
    case 'answer':
      if (item.question === null) return notFound('question of item', item.id);
      if ((act.text === undefined) === (act.choice === undefined)) {
        return refuse('invalid_request', 'An answer has either text or choice.', {
          errors: [{ path: 'text', message: 'give either text or choice' }],
        });
      }
      return answerQuestion(
        deps,
        caller,
        item.ticket,
        { question: item.question, text: act.text, choice: act.choice },
        options,
      );
    case 'retry':
      if (item.kind === 'conflict') return retryLanding(deps, caller, item.ticket, act.reason, options);
      if (item.question === null) return notFound('question of item', item.id);
      return answerQuestion(
        deps,
        caller,
        item.ticket,
        { question: item.question, choice: 'retry', profile: act.profile, budget: act.budget },
        options,
      );
    default:
      return refuse('decision_not_allowed', `${act.decision} does not settle an item of kind ${item.kind}.`);
  }
}
