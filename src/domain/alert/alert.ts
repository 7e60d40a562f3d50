/**
 * Alerts with recurrence. One alert per fingerprint (rule and subject): it counts occurrences, resolves by itself once
 * the condition was seen clear a few times, and reopens with a recurrence count when the condition holds again. It is
 * never hidden because somebody handled it once.
 */
import type { Actor, AlertSeverity } from '../words.ts';

export interface AlertState {
  id: string;
  fingerprint: string;
  rule: string;
  subject: string;
  severity: AlertSeverity;
  state: 'open' | 'acknowledged' | 'resolved';
  occurrences: number;
  recurrences: number;
  firstSeen: number;
  lastSeen: number;
  /** How often in a row the condition was seen clear. */
  clears: number;
  /** Since when nobody has acknowledged it. */
  openSince: number;
  detail: string;
  version: number;
}

export interface Observation {
  rule: string;
  subject: string;
  severity: AlertSeverity;
  detail: string;
}

export interface AlertEventData {
  'alert.raised': {
    id: string;
    fingerprint: string;
    rule: string;
    subject: string;
    severity: AlertSeverity;
    detail: string;
  };
  'alert.reopened': { severity: AlertSeverity; detail: string };
  'alert.changed': {
    severity?: AlertSeverity;
    detail?: string;
    seen?: number;
    clears?: number;
    state?: 'open';
  };
  'alert.acknowledged': { reason: string };
  'alert.resolved': { reason: string };
}
export type AlertEvent = {
  [T in keyof AlertEventData]: { type: T; actor: Actor; at: number; data: AlertEventData[T] };
}[keyof AlertEventData];

export function alertEvent<T extends keyof AlertEventData>(
  type: T,
  actor: Actor,
  at: number,
  data: AlertEventData[T],
): AlertEvent {
  return { type, actor, at, data } as AlertEvent;
}

export const OPERATOR: Actor = { kind: 'operator', id: 'operator' };

export function fingerprintOf(rule: string, subject: string): string {
  return `${rule}:${subject}`;
}

export function evolveAlert(state: AlertState | null, event: AlertEvent): AlertState {
  if (event.type === 'alert.raised') {
    return {
      ...event.data,
      state: 'open',
      occurrences: 1,
      recurrences: 0,
      firstSeen: event.at,
      lastSeen: event.at,
      clears: 0,
      openSince: event.at,
      version: 1,
    };
  }
  if (!state) throw new Error(`${event.type} before alert.raised`);
  const next = { ...state, version: state.version + 1 };
  switch (event.type) {
    case 'alert.reopened':
      return {
        ...next,
        ...event.data,
        state: 'open',
        occurrences: state.occurrences + 1,
        recurrences: state.recurrences + 1,
        lastSeen: event.at,
        openSince: event.at,
        clears: 0,
      };
    case 'alert.changed': {
      const { seen, ...rest } = event.data;
      const isSeen = seen !== undefined;
      return {
        ...next,
        ...rest,
        occurrences: state.occurrences + (seen ?? 0),
        lastSeen: isSeen ? event.at : state.lastSeen,
        clears: rest.clears ?? (isSeen ? 0 : state.clears),
      };
    }
    case 'alert.acknowledged':
      return { ...next, state: 'acknowledged' };
    case 'alert.resolved':
      return { ...next, state: 'resolved', clears: 0 };
  }
}

/** How often in a row a condition has to be seen clear before its alert resolves. */
export const CLEARS_TO_RESOLVE = 3;
/** While a condition holds, its occurrence is written at most this often. */
const SEEN_EVERY_MS = 10 * 60 * 1000;
/** An alert that nobody acknowledged rises by one severity after this long. */
const RISES_AFTER_MS = 30 * 60 * 1000;
const RANK: Record<AlertSeverity, number> = { info: 0, warning: 1, critical: 2 };
const SEVERITIES: AlertSeverity[] = ['info', 'warning', 'critical'];

/** The condition holds now. */
export function decideHolds(
  state: AlertState | null,
  observation: Observation,
  now: number,
  newId: (prefix: string) => string,
): AlertEvent[] {
  if (!state) {
    const fingerprint = fingerprintOf(observation.rule, observation.subject);
    return [alertEvent('alert.raised', OPERATOR, now, { id: newId('alr'), fingerprint, ...observation })];
  }
  if (state.state === 'resolved') {
    return [
      alertEvent('alert.reopened', OPERATOR, now, {
        severity: observation.severity,
        detail: observation.detail,
      }),
    ];
  }
  const unheard =
    state.state === 'open' &&
    now - state.openSince >= RISES_AFTER_MS * (RANK[state.severity] - RANK[observation.severity] + 1);
  const risen = unheard ? Math.min(RANK[state.severity] + 1, 2) : RANK[state.severity];
  const severity = SEVERITIES[Math.max(risen, RANK[observation.severity])] ?? observation.severity;
  const worse = RANK[severity] > RANK[state.severity];
  const due = now - state.lastSeen >= SEEN_EVERY_MS;
  if (!worse && !due && state.clears === 0) return [];
  return [
    alertEvent('alert.changed', OPERATOR, now, {
      seen: 1,
      detail: observation.detail,
      ...(worse ? { severity } : {}),
      // Acknowledging does not mute a worsening.
      ...(worse && state.state === 'acknowledged' ? { state: 'open' as const } : {}),
    }),
  ];
}

/** The condition was looked at and does not hold. */
export function decideClear(state: AlertState, now: number): AlertEvent[] {
  if (state.state === 'resolved') return [];
  const clears = state.clears + 1;
  if (clears < CLEARS_TO_RESOLVE) return [alertEvent('alert.changed', OPERATOR, now, { clears })];
  return [alertEvent('alert.resolved', OPERATOR, now, { reason: `seen clear ${clears} times in a row` })];
}
