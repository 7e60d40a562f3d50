/** Observations become alerts here, one per fingerprint; people acknowledge them. The operator has no other write. */
import {
  type AlertEvent,
  type AlertState,
  type Observation,
  alertEvent,
  decideClear,
  decideHolds,
  evolveAlert,
  fingerprintOf,
} from '../domain/alert/alert.ts';
import { type InboxEvent, type InboxItem, evolveInbox, inboxEvent } from '../domain/inbox/inbox.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import type { InboxDecision } from '../domain/words.ts';
import type { Row, StreamAppend } from '../store/port.ts';
import type { TicketChanged } from './change-ticket.ts';
import { type Caller, type Deps, notFound } from './deps.ts';
import { type NewTicket, createTicket } from './tickets.ts';

type Loaded = { alert: AlertState; streamVersion: number };

async function commitAlert(
  deps: Deps,
  load: () => Promise<Loaded | null>,
  decide: (alert: AlertState | null, now: number) => AlertEvent[] | Refusal,
): Promise<AlertState | Refusal | null> {
  for (;;) {
    const loaded = await load();
    const events = decide(loaded?.alert ?? null, await deps.store.now());
    if (!Array.isArray(events)) return events;
    if (events.length === 0) return loaded?.alert ?? null;
    const alert = events.reduce<AlertState | null>(
      (state, event) => evolveAlert(state, event),
      loaded?.alert ?? null,
    );
    if (!alert) return null;
    const expected = loaded?.streamVersion ?? 0;
    const inbox = await inboxOf(deps, alert, events, { decision: 'acknowledge' });
    const result = await deps.store.commit({
      appends: [{ stream: `alert:${alert.fingerprint}`, expected, events }, ...inbox.appends],
      rows: [{ row: 'alert', alert, streamVersion: expected + events.length }, ...inbox.rows],
    });
    if (result.committed) return alert;
  }
}

/** What these are about has an inbox item of its own, or ends by itself; a second item would ask the same twice. */
const DECIDED_ELSEWHERE: ReadonlySet<string> = new Set([
  'exhausted',
  'unverifiable',
  'inbox_overdue',
  'lost',
  'stalled',
  'clock_jumped',
]);

/** An alert that needs a decision becomes one inbox item, not one per tick; it goes when the alert is settled. */
async function inboxOf(
  deps: Deps,
  alert: AlertState,
  events: AlertEvent[],
  settled: { decision: InboxDecision; via?: string },
): Promise<{ appends: StreamAppend[]; rows: Row[] }> {
  const id = `inb_${alert.id}_${alert.recurrences}`;
  const existing = await deps.store.inboxItem(id);
  const last = events.at(-1);
  if (!last) return { appends: [], rows: [] };
  const item: InboxEvent[] = [];
  const needsDecision =
    alert.severity !== 'info' && alert.state === 'open' && !DECIDED_ELSEWHERE.has(alert.rule);
  if (needsDecision && !existing) {
    item.push(
      inboxEvent('inbox.created', { kind: 'control_plane', id: 'mission-control' }, last.at, {
        id,
        kind: 'alert',
        ticket: null,
        subject: alert.detail,
        for: 'person',
        attempt: null,
        question: null,
        alert: alert.id,
        deadline: null,
      }),
    );
  } else if (existing && existing.item.state !== 'acted' && alert.state !== 'open') {
    const decision = alert.state === 'acknowledged' ? settled.decision : 'withdrawn';
    const reason =
      last.type === 'alert.acknowledged' || last.type === 'alert.resolved' ? last.data.reason : '';
    const actor =
      alert.state === 'acknowledged'
        ? last.actor
        : ({ kind: 'control_plane', id: 'mission-control' } as const);
    item.push(
      inboxEvent('inbox.acted', actor, last.at, {
        result: { decision, reason, by: last.actor.id, via: settled.via ?? 'alert' },
      }),
    );
  }
  if (item.length === 0) return { appends: [], rows: [] };
  const state = item.reduce<InboxItem | null>(
    (current, event) => evolveInbox(current, event),
    existing?.item ?? null,
  );
  const expected = existing?.streamVersion ?? 0;
  return {
    appends: [{ stream: `inbox:${id}`, expected, events: item }],
    rows: state ? [{ row: 'inbox', item: state, streamVersion: expected + item.length }] : [],
  };
}

/** The condition holds now. */
export async function raise(deps: Deps, observation: Observation): Promise<void> {
  const fingerprint = fingerprintOf(observation.rule, observation.subject);
  await commitAlert(
    deps,
    () => deps.store.alert(fingerprint),
    (alert, now) => decideHolds(alert, observation, now, deps.newId),
  );
}

/** The condition was looked at, and does not hold. */
export async function clear(deps: Deps, fingerprint: string): Promise<void> {
  await commitAlert(
    deps,
    () => deps.store.alert(fingerprint),
    (alert, now) => (alert ? decideClear(alert, now) : []),
  );
}

export async function acknowledgeAlert(
  deps: Deps,
  caller: Caller,
  id: string,
  reason: string,
): Promise<AlertState | Refusal> {
  if (caller.actor.kind !== 'human' && caller.actor.kind !== 'orchestrator') {
    return refuse('actor_not_allowed', 'Alerts are acknowledged by a person or the orchestrator.');
  }
  const result = await commitAlert(
    deps,
    () => deps.store.alertById(id),
    (alert, now) => {
      if (!alert) return notFound('alert', id);
      return alert.state === 'open' ? [alertEvent('alert.acknowledged', caller.actor, now, { reason })] : [];
    },
  );
  return result ?? notFound('alert', id);
}

/** Makes a ticket out of an alert, and acknowledges it: one commit, so that neither is there without the other. */
export async function ticketFromAlert(
  deps: Deps,
  caller: Caller,
  id: string,
  input: NewTicket,
  reason: string,
): Promise<TicketChanged | Refusal> {
  for (let attempt = 0; ; attempt += 1) {
    const loaded = await deps.store.alertById(id);
    if (!loaded) return notFound('alert', id);
    const { alert, streamVersion } = loaded;
    if (alert.state !== 'open')
      return refuse('already_acted', `The alert is ${alert.state} already: ${alert.detail}`);
    const events = [alertEvent('alert.acknowledged', caller.actor, await deps.store.now(), { reason })];
    const next = events.reduce<AlertState>((state, event) => evolveAlert(state, event), alert);
    const inbox = await inboxOf(deps, next, events, { decision: 'create_ticket', via: 'inbox' });
    const result = await createTicket(deps, caller, input, {
      also: () => ({
        appends: [
          { stream: `alert:${alert.fingerprint}`, expected: streamVersion, events },
          ...inbox.appends,
        ],
        rows: [{ row: 'alert', alert: next, streamVersion: streamVersion + events.length }, ...inbox.rows],
      }),
    });
    if (isRefusal(result) && result.code === 'version_conflict' && attempt < 10) continue;
    return result;
  }
}
