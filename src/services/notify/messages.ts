/** What goes over the wire: a webhook's body with its signature, and what a device shows. Documented in docs/notifications.md. */
import { createHash, createHmac } from 'node:crypto';
import type { NotificationRow } from '../../store/port.ts';
import type { OutgoingRequest, PushMessage } from './outgoing.ts';

/** What a device gets; read by the service worker (`web/src/worker/`). */
export interface Shown {
  part: 'new' | 'settled' | 'digest' | 'test';
  id: string;
  kind: string;
  /** Notifications of one matter take each other's place. */
  tag: string;
  title: string;
  text: string;
  path: string;
  at: number;
}

export function webhookRequest(
  url: string,
  message: { id: string; type: string; at: number; now: number; data: object },
  secret: string,
): OutgoingRequest {
  const body = JSON.stringify({
    type: message.type,
    timestamp: new Date(message.at).toISOString(),
    data: message.data,
  });
  const timestamp = String(Math.floor(message.now / 1000));
  return {
    url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'mission-control-webhook',
      'webhook-id': message.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(secret, message.id, timestamp, body),
    },
    body,
  };
}

/** Standard Webhooks: `v1,` and the base64 of an HMAC-SHA256 over id, timestamp and body. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** The members that a receiver may rely on. */
export function webhookData(notification: NotificationRow): object {
  const { id, kind, project, ticket, title, text, path, seq, actor } = notification;
  return { id, kind, project, ticket, title, text, path, actor, event: seq };
}

const DAY_SECONDS = 86_400;
const PRESSING: ReadonlySet<string> = new Set([
  'question',
  'review',
  'conflict',
  'escalated',
  'exhausted',
  'alert_critical',
]);

export function pushMessage(shown: Shown): PushMessage {
  return {
    payload: JSON.stringify(shown),
    ttlSeconds: DAY_SECONDS,
    urgency: shown.part === 'settled' ? 'low' : PRESSING.has(shown.kind) ? 'high' : 'normal',
    topic: createHash('sha256').update(shown.tag).digest('base64url').slice(0, 32),
  };
}

export function shownOf(notification: NotificationRow): Shown {
  const { id, kind, matter, title, text, path, at } = notification;
  return { part: 'new', id, kind, tag: matter, title, text, path, at };
}

const SETTLED_WORDS: Record<string, string> = {
  answer: 'Answered',
  accept: 'Accepted',
  request_changes: 'Changes requested',
  cancel: 'Cancelled',
  retry: 'Tried again',
  acknowledge: 'Acknowledged',
  create_ticket: 'Made a ticket',
  resolved: 'Resolved',
  resumed: 'Resumed',
  withdrawn: 'No longer needed',
};

export function shownSettled(notification: NotificationRow): Shown {
  const { settled } = notification;
  const word = SETTLED_WORDS[settled?.how ?? ''] ?? 'Settled';
  const isByItself = settled?.how === 'resolved' || settled?.how === 'withdrawn';
  return {
    ...shownOf(notification),
    part: 'settled',
    title: isByItself ? word : `${word} by ${settled?.by ?? 'somebody'}`,
    text: notification.title,
  };
}
