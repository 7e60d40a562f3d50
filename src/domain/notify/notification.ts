/**
 * What is worth telling a person, read from the log: each event gives what it raises and what it settles, and nothing
 * else is ever told. Pure, so that the same log gives the same notifications on every server.
 *
 * A *matter* is what a notification is about (an item of the inbox, an alert, a ticket): when the matter is settled, all
 * that was told of it is over. The *key* is the one thing that is told at most once, however often it is looked at.
 */
import type { AlertSeverity, Actor, NotificationKind } from '../words.ts';
import { plainText } from './plain-text.ts';

export interface Told {
  key: string;
  matter: string;
  kind: NotificationKind;
  project: string | null;
  ticket: string | null;
  title: string;
  text: string;
  /** Where the app shows exactly this. */
  path: string;
  /** Who did it: nobody is told of what they did themselves. */
  actor: Actor;
}

export interface Settled {
  matter: string;
  by: string;
  how: string;
}

/** A review is told when it can be decided, which one event alone does not say: whoever reads on looks at the ticket. */
export type Noticed =
  | { is: 'told'; told: Told }
  | { is: 'settled'; settled: Settled }
  | { is: 'maybe_review'; ticket: string };

export interface LoggedEvent {
  seq: number;
  type: string;
  actor: Actor;
  at: number;
  stream: string;
  ticket: string | null;
  project: string | null;
  data: unknown;
}

const TITLE = 80;
const TEXT = 300;

/** The events that notifications come from; all others are not even read. */
export const TELLING_EVENTS = [
  'inbox.created',
  'inbox.escalated',
  'inbox.acted',
  'alert.raised',
  'alert.reopened',
  'alert.changed',
  'alert.acknowledged',
  'alert.resolved',
  'ticket.transitioned',
  'attempt.ended',
  'evidence.verified',
  'evidence.refuted',
  'evidence.unverifiable',
  'waiver.granted',
  'policy.changed',
] as const;

/** Alerts whose matter has an item of the inbox of its own, which is told already. */
const TOLD_OTHERWISE: ReadonlySet<string> = new Set(['exhausted']);

interface Item {
  id: string;
  kind: string;
  ticket: string | null;
  subject: string;
  for: string;
}

interface Alert {
  id: string;
  rule: string;
  subject: string;
  severity: AlertSeverity;
  detail: string;
  state: string;
  recurrences: number;
}

/** What has to be known besides the event, as of now; null where it is gone. */
export interface Around {
  item: (id: string) => Item | null;
  alert: (fingerprint: string) => Alert | null;
  /** The title of a ticket. */
  title: (ticket: string) => string | null;
}

export const itemMatter = (id: string): string => `inbox:${id}`;

/** Which items and alerts an event needs to be understood. */
export function aroundOf(event: LoggedEvent): { item?: string; alert?: string; ticket?: string } {
  const [kind, ...rest] = event.stream.split(':');
  const id = rest.join(':');
  if (event.type === 'inbox.escalated') return { item: id };
  if (kind === 'alert') return { alert: id };
  if (event.type === 'ticket.transitioned' && (event.data as { to: string }).to === 'done')
    return { ticket: id };
  return {};
}

export function noticesOf(event: LoggedEvent, around: Around): Noticed[] {
  const id = event.stream.slice(event.stream.indexOf(':') + 1);
  switch (event.type) {
    case 'inbox.created':
      return created(event, event.data as Item);
    case 'inbox.escalated':
      return escalated(event, around.item(id), (event.data as { reason: string }).reason);
    case 'inbox.acted': {
      const { result } = event.data as { result: { decision: string; by: string } };
      return [settled(itemMatter(id), result.by, result.decision)];
    }
    case 'alert.raised':
    case 'alert.reopened':
    case 'alert.changed':
      return alerted(event, around.alert(id));
    case 'alert.acknowledged':
    case 'alert.resolved': {
      const alert = around.alert(id);
      const how = event.type === 'alert.resolved' ? 'resolved' : 'acknowledge';
      return alert === null ? [] : [settled(`alert:${alert.id}`, event.actor.id, how)];
    }
    case 'ticket.transitioned':
      return transitioned(event, event.data as { to: string; from: string }, around);
    case 'attempt.ended':
    case 'evidence.verified':
    case 'evidence.refuted':
    case 'evidence.unverifiable':
    case 'waiver.granted':
      return event.ticket === null ? [] : [{ is: 'maybe_review', ticket: event.ticket }];
    case 'policy.changed':
      return paused(event, event.data as { set: { paused?: { reason: string; stop: boolean } | null } });
    default:
      return [];
  }
}

const settled = (matter: string, by: string, how: string): Noticed => ({
  is: 'settled',
  settled: { matter, by: plainText(by, 60), how },
});

function tell(
  event: LoggedEvent,
  told: Omit<Told, 'actor' | 'project'> & { project?: string | null },
): Noticed[] {
  const { title, text, ...rest } = told;
  return [
    {
      is: 'told',
      told: {
        project: told.ticket === null ? null : projectOf(told.ticket),
        ...rest,
        title: plainText(title, TITLE),
        text: plainText(text, TEXT),
        actor: event.actor,
      },
    },
  ];
}

/** A ticket is numbered within its project, and named after it. */
export const projectOf = (ticket: string): string => ticket.slice(0, ticket.lastIndexOf('-'));

const pathOf = (item: string): string => `/inbox/${encodeURIComponent(item)}`;

function created(event: LoggedEvent, item: Item): Noticed[] {
  // What an orchestrator decides is its own matter, until it goes to a person.
  if (item.for !== 'person') return [];
  const base = {
    key: `inbox:${item.id}`,
    matter: itemMatter(item.id),
    ticket: item.ticket,
    path: pathOf(item.id),
    text: item.subject,
  };
  if (item.kind === 'question')
    return tell(event, { ...base, kind: 'question', title: `${item.ticket} asks` });
  if (item.kind === 'attempts_exhausted')
    return tell(event, { ...base, kind: 'exhausted', title: `${item.ticket} has no retry left` });
  if (item.kind === 'conflict')
    return tell(event, { ...base, kind: 'conflict', title: `${item.ticket} did not land` });
  if (item.kind === 'review' && item.ticket !== null) return [{ is: 'maybe_review', ticket: item.ticket }];
  // An item about an alert is told as that alert.
  return [];
}

/** Told by whoever has seen that a person can decide it now. */
export function reviewTold(
  item: Item & { ticket: string },
  ticket: { title: string; project: string },
  facts: string,
  actor: Actor,
): Told {
  return {
    key: `inbox:${item.id}`,
    matter: itemMatter(item.id),
    kind: 'review',
    project: ticket.project,
    ticket: item.ticket,
    title: plainText(`${item.ticket} is ready for review`, TITLE),
    text: plainText(facts === '' ? ticket.title : `${ticket.title} · ${facts}`, TEXT),
    path: pathOf(item.id),
    actor,
  };
}

const ITEM_WORDS: Record<string, string> = {
  review: 'a review',
  question: 'a question',
  attempts_exhausted: 'what happens next',
  conflict: 'a conflict',
  alert: 'an alert',
};

function escalated(event: LoggedEvent, item: Item | null, reason: string): Noticed[] {
  if (item === null) return [];
  const what = ITEM_WORDS[item.kind] ?? item.kind;
  return tell(event, {
    key: `inbox:${item.id}:escalated:${event.seq}`,
    matter: itemMatter(item.id),
    kind: 'escalated',
    ticket: item.ticket,
    title: item.ticket === null ? `${what} waits for you` : `${item.ticket} waits for you: ${what}`,
    text: `${item.subject} (${reason})`,
    path: pathOf(item.id),
  });
}

/** A worsening is told anew; that a condition goes on is not. */
function alerted(event: LoggedEvent, alert: Alert | null): Noticed[] {
  if (alert === null || TOLD_OTHERWISE.has(alert.rule)) return [];
  const data = event.data as { severity?: AlertSeverity; detail?: string };
  if (event.type === 'alert.changed' && data.severity === undefined) return [];
  const severity = data.severity ?? alert.severity;
  const detail = data.detail ?? alert.detail;
  if (alert.rule === 'inbox_overdue') {
    return tell(event, {
      key: `alert:${alert.id}:${event.seq}`,
      matter: itemMatter(alert.subject),
      kind: 'overdue',
      ticket: null,
      title: 'A decision is overdue',
      text: detail,
      path: pathOf(alert.subject),
    });
  }
  const words = { info: 'Note', warning: 'Warning', critical: 'Critical' }[severity];
  const again = event.type === 'alert.reopened' ? ', again' : '';
  const ticket = /^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]*/.exec(alert.subject)?.[0] ?? null;
  return tell(event, {
    key: `alert:${alert.id}:${event.seq}`,
    matter: `alert:${alert.id}`,
    kind: `alert_${severity}`,
    ticket,
    title: `${words}${again}: ${alert.rule.replaceAll('_', ' ')}`,
    text: detail,
    path: `/alerts/${encodeURIComponent(alert.id)}`,
  });
}

function transitioned(event: LoggedEvent, data: { to: string; from: string }, around: Around): Noticed[] {
  const key = event.ticket;
  if (key === null || data.to !== 'done') return [];
  return tell(event, {
    key: `done:${key}:${event.seq}`,
    matter: `ticket:${key}`,
    kind: 'done',
    ticket: key,
    project: event.project,
    title: `${key} is done`,
    text: around.title(key) ?? '',
    path: `/tickets/${encodeURIComponent(key)}`,
  });
}

function paused(
  event: LoggedEvent,
  { set }: { set: { paused?: { reason: string; stop: boolean } | null } },
): Noticed[] {
  if (set.paused === undefined) return [];
  const told = { key: `pause:${event.seq}`, kind: 'paused' as const, ticket: null, path: '/' };
  return set.paused === null
    ? [
        settled('pause', event.actor.id, 'resumed'),
        ...tell(event, {
          ...told,
          matter: `resumed:${event.seq}`,
          title: `${event.actor.id} resumed everything`,
          text: 'Work starts again.',
        }),
      ]
    : tell(event, {
        ...told,
        matter: 'pause',
        title: `${event.actor.id} paused everything`,
        text: `${set.paused.reason}${set.paused.stop ? ' (what ran was stopped)' : ''}`,
      });
}
