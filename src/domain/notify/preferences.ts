/** Who is told what, and by which way: a person's settings, their defaults, and a webhook's filter. Pure. */
import { NOTIFICATION_KINDS, type NotificationKind, type NotificationWay } from '../words.ts';
import type { Told } from './notification.ts';
import { type QuietHours, quietUntil } from './quiet-hours.ts';

export interface NotifySettings {
  /** Only what differs from the defaults. */
  ways: Partial<Record<NotificationKind, Partial<Record<NotificationWay, boolean>>>>;
  quiet: QuietHours | null;
  /** Critical alerts are pushed in quiet hours too. */
  criticalThrough: boolean;
  muted: { tickets: string[]; projects: string[] };
}

export const NO_SETTINGS: NotifySettings = {
  ways: {},
  quiet: null,
  criticalThrough: true,
  muted: { tickets: [], projects: [] },
};

/** A phone rings for what waits for a person, and for what is burning; the rest is there for whoever looks. */
const DEFAULTS: Record<NotificationKind, Record<NotificationWay, boolean>> = {
  question: { app: true, push: true },
  review: { app: true, push: true },
  conflict: { app: true, push: true },
  escalated: { app: true, push: true },
  overdue: { app: true, push: true },
  exhausted: { app: true, push: true },
  alert_critical: { app: true, push: true },
  alert_warning: { app: true, push: false },
  alert_info: { app: false, push: false },
  done: { app: true, push: false },
  paused: { app: true, push: false },
};

export function isWanted(settings: NotifySettings, kind: NotificationKind, way: NotificationWay): boolean {
  return settings.ways[kind]?.[way] ?? DEFAULTS[kind][way];
}

/** Every kind with what holds for it, as a page shows it. */
export function waysOf(settings: NotifySettings): Record<NotificationKind, Record<NotificationWay, boolean>> {
  return Object.fromEntries(
    NOTIFICATION_KINDS.map((kind) => [
      kind,
      { app: isWanted(settings, kind, 'app'), push: isWanted(settings, kind, 'push') },
    ]),
  ) as Record<NotificationKind, Record<NotificationWay, boolean>>;
}

type Subject = Pick<Told, 'kind' | 'project' | 'ticket' | 'actor'>;

/** Whether it concerns this person at all: not muted, and not their own doing. */
export function concerns(settings: NotifySettings, person: string, told: Subject): boolean {
  if (told.actor.kind === 'human' && told.actor.id === person) return false;
  if (told.ticket !== null && settings.muted.tickets.includes(told.ticket)) return false;
  return told.project === null || !settings.muted.projects.includes(told.project);
}

export type PushDecision = { push: 'now' } | { push: 'held'; until: number } | { push: 'never' };

export function decidePush(
  settings: NotifySettings,
  person: string,
  told: Subject,
  now: number,
): PushDecision {
  if (!concerns(settings, person, told) || !isWanted(settings, told.kind, 'push')) return { push: 'never' };
  if (told.kind === 'alert_critical' && settings.criticalThrough) return { push: 'now' };
  const until = quietUntil(settings.quiet, now);
  return until === null ? { push: 'now' } : { push: 'held', until };
}

export interface Webhook {
  id: string;
  name: string;
  /** Where it goes, without path and query: those may be secrets, and the log is for many readers. */
  origin: string;
  /** Null for all of them. */
  kinds: NotificationKind[] | null;
  /** Only of these; null for all, and for what belongs to no project. */
  projects: string[] | null;
  enabled: boolean;
  /** Raised by each new secret: the secret is derived from it, and stored nowhere. */
  secretNumber: number;
  removed: boolean;
}

export function webhookWants(webhook: Webhook, told: Pick<Told, 'kind' | 'project'>): boolean {
  if (!webhook.enabled || webhook.removed) return false;
  if (webhook.kinds !== null && !webhook.kinds.includes(told.kind)) return false;
  return webhook.projects === null || (told.project !== null && webhook.projects.includes(told.project));
}
