/**
 * One try of one delivery: taken (so that no other server has it), sent, and what came of it written down. A server
 * that dies between sending and writing leaves a delivery that is due again, under the same id, half a minute later:
 * it is told at least once, and a receiver can tell that it is the same.
 */
import { digestOf, isGivenUp, retryAfterMs } from '../../domain/notify/delivering.ts';
import { plainText } from '../../domain/notify/plain-text.ts';
import { isRefusal } from '../../domain/refusal.ts';
import type { DeliveryState } from '../../domain/words.ts';
import type { DeliveryRow, DestinationRow, NotificationRow } from '../../store/port.ts';
import type { Deps } from '../deps.ts';
import { type Shown, pushMessage, shownOf, shownSettled, webhookData, webhookRequest } from './messages.ts';
import type { OutgoingAnswer, OutgoingRequest } from './outgoing.ts';
import { readWebhook, webhookSecret } from './webhooks.ts';

/** Longer than any try takes. */
const CLAIM_MS = 30_000;

export async function sendDelivery(deps: Deps, due: DeliveryRow, destination: DestinationRow): Promise<void> {
  const { store } = deps;
  const now = await store.now();
  if (!(await store.claimDelivery(due, now + CLAIM_MS))) return;
  const delivery = { ...due, tries: due.tries + 1 };
  const over = (state: DeliveryState, answer: string): Promise<void> =>
    store.finishDelivery(delivery, { state, answer, at: now, nextAt: now }, null);
  const notification = await store.notification(delivery.notification);
  if (!notification) return over('dropped', 'what it was about is no longer kept');
  if (destination.kind === 'push' && delivery.part === 'new' && notification.settled !== null)
    return over('dropped', 'it was settled before');
  const request = await requestFor(deps, delivery, destination, notification, now);
  if (request === null) return over('dropped', 'the destination is off');
  const answer = await deps.outgoing.post(request);
  await record(deps, delivery, destination, answer);
}

async function requestFor(
  deps: Deps,
  delivery: DeliveryRow,
  destination: DestinationRow,
  notification: NotificationRow,
  now: number,
): Promise<OutgoingRequest | null> {
  if (destination.kind === 'push') {
    const shown =
      delivery.part === 'settled'
        ? shownSettled(notification)
        : delivery.part === 'digest'
          ? (JSON.parse(delivery.body ?? '{}') as Shown)
          : shownOf(notification);
    return deps.outgoing.pushRequest(destination.target, pushMessage(shown));
  }
  const webhook = await readWebhook(deps, destination.id);
  if (isRefusal(webhook) || !webhook.enabled) return null;
  return webhookRequest(
    destination.target['url'] ?? '',
    {
      id: `${notification.id}-${destination.id}`,
      type: `notification.${notification.kind}`,
      at: notification.at,
      now,
      data: webhookData(notification),
    },
    webhookSecret(deps, webhook.id, webhook.secretNumber),
  );
}

/** What is held back for one device goes out as this. */
export function digestBody(held: readonly NotificationRow[]): string {
  const newest = held.at(-1);
  const shown: Shown = {
    ...digestOf(held),
    part: 'digest',
    id: newest?.id ?? '',
    kind: 'digest',
    tag: 'digest',
    path: '/notifications',
    at: newest?.at ?? 0,
  };
  return JSON.stringify(shown);
}

async function record(
  deps: Deps,
  delivery: DeliveryRow,
  destination: DestinationRow,
  answer: OutgoingAnswer,
): Promise<void> {
  const { store } = deps;
  const at = await store.now();
  const said = describe(answer);
  if (answer.answered && answer.status >= 200 && answer.status < 300) {
    const fared = { notBefore: 0, failures: 0, failingSince: null, lastOkAt: at, detail: null };
    return store.finishDelivery(delivery, { state: 'sent', answer: said, at, nextAt: at }, fared);
  }
  // The browser has thrown its subscription away, or was never there: nothing will ever arrive. This delivery and all
  // others to it go with it, in one write.
  if (destination.kind === 'push' && answer.answered && (answer.status === 404 || answer.status === 410))
    return store.removeDestination(destination.id, at);
  const failures = destination.failures + 1;
  const wanted = answer.answered ? answer.retryAfterMs : null;
  const nextAt = at + retryAfterMs(failures, deps.random(), wanted);
  // Never again: too large for this push service, or a message that no repetition will make fit.
  const hopeless =
    answer.answered && (answer.status === 413 || (answer.status === 410 && destination.kind === 'webhook'));
  const givenUp = hopeless || isGivenUp(delivery.createdAt, at);
  await store.finishDelivery(
    delivery,
    { state: givenUp ? 'given_up' : 'waiting', answer: said, at, nextAt },
    {
      notBefore: nextAt,
      failures,
      failingSince: destination.failingSince ?? at,
      lastOkAt: destination.lastOkAt,
      detail: said,
    },
  );
}

function describe(answer: OutgoingAnswer): string {
  if (!answer.answered) return plainText(answer.problem, 300);
  const text = plainText(answer.text, 200);
  return text === '' ? `HTTP ${answer.status}` : `HTTP ${answer.status}: ${text}`;
}

export interface Tested {
  ok: boolean;
  status: number | null;
  answer: string;
  durationMs: number;
}

/** Sends a word that says that it is a test, at once and past all queues; what has failed so far is tried again soon. */
export async function sendTest(deps: Deps, destination: DestinationRow, by: string): Promise<Tested> {
  const now = await deps.store.now();
  const id = deps.newId('tst');
  const title = 'A test by Mission Control';
  const text = `${by} asked for it. Nothing has happened.`;
  let request: OutgoingRequest;
  if (destination.kind === 'push') {
    const shown: Shown = {
      part: 'test',
      id,
      kind: 'test',
      tag: 'test',
      title,
      text,
      path: '/settings',
      at: now,
    };
    request = await deps.outgoing.pushRequest(destination.target, pushMessage(shown));
  } else {
    const webhook = await readWebhook(deps, destination.id);
    const number = isRefusal(webhook) ? 0 : webhook.secretNumber;
    const data = { id, kind: 'test', title, text, path: '/settings' };
    request = webhookRequest(
      destination.target['url'] ?? '',
      { id: `${id}-${destination.id}`, type: 'notification.test', at: now, now, data },
      webhookSecret(deps, destination.id, number),
    );
  }
  const answer = await deps.outgoing.post(request);
  const at = await deps.store.now();
  const ok = answer.answered && answer.status >= 200 && answer.status < 300;
  if (ok)
    await deps.store.saveDestination({
      ...destination,
      notBefore: 0,
      failures: 0,
      failingSince: null,
      lastOkAt: at,
      detail: null,
    });
  else if (destination.kind === 'push' && answer.answered && (answer.status === 404 || answer.status === 410))
    await deps.store.removeDestination(destination.id, at);
  return {
    ok,
    status: answer.answered ? answer.status : null,
    answer: describe(answer),
    durationMs: at - now,
  };
}
