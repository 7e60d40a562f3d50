/**
 * Reads the log from a stored position and writes down what is to be told, to whom, and what is settled: one
 * transaction with the new position, so that a server that dies in between has done all of it or nothing, and of two
 * servers one does it.
 */
import type { AlertState } from '../../domain/alert/alert.ts';
import type { Project } from '../../domain/config.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import {
  type Around,
  type LoggedEvent,
  TELLING_EVENTS,
  type Told,
  aroundOf,
  noticesOf,
  reviewTold,
} from '../../domain/notify/notification.ts';
import {
  NO_SETTINGS,
  type NotifySettings,
  type Webhook,
  decidePush,
  webhookWants,
} from '../../domain/notify/preferences.ts';
import { completionGaps, isReviewReady } from '../../domain/ticket/completion.ts';
import { type Ticket, submittedAttempt } from '../../domain/ticket/state.ts';
import type { DestinationRow, NotifyPlan } from '../../store/port.ts';
import { type Deps, readPolicy, rulesFor } from '../deps.ts';
import { liveDevices } from './devices.ts';

const PAGE = 500;
/** So many events of no interest are passed over together: a position is not worth a write for each of them. */
const PASS_OVER = 1000;

/** How far each reader has looked past the stored position without finding anything to tell. */
const looked = new WeakMap<object, { from: number; until: number }>();

/** @returns whether anything is new: something to deliver, or to show */
export async function planNotifications(deps: Deps): Promise<boolean> {
  const { store } = deps;
  let isNew = false;
  for (;;) {
    const from = await store.notifyCursor();
    const head = (await store.head()).seq;
    if (from === null) {
      // What happened before there were notifications is told to nobody.
      await store.planNotifications({ from, to: head, told: [], settled: [] });
      continue;
    }
    const before = looked.get(store);
    const after = before?.from === from ? before.until : from;
    if (after >= head) return isNew;
    const events = await store.eventsOfTypes(TELLING_EVENTS, after, head, PAGE);
    const to = events.length < PAGE ? head : (events.at(-1)?.seq ?? head);
    const plan = await planFor(deps, events, { from, to });
    const isEmpty = plan.told.length + plan.settled.length === 0;
    if (isEmpty && to - from < PASS_OVER) looked.set(store, { from, until: to });
    else if ((await store.planNotifications(plan)) && !isEmpty) isNew = true;
  }
}

async function planFor(
  deps: Deps,
  events: readonly LoggedEvent[],
  position: { from: number; to: number },
): Promise<NotifyPlan> {
  const plan: NotifyPlan = { ...position, told: [], settled: [] };
  const told: { told: Told; event: LoggedEvent }[] = [];
  const reviewed = new Set<string>();
  for (const event of events) {
    for (const notice of noticesOf(event, await readAround(deps, event))) {
      if (notice.is === 'told') told.push({ told: notice.told, event });
      else if (notice.is === 'settled')
        plan.settled.push({ ...notice.settled, at: event.at, seq: event.seq });
      else if (!reviewed.has(notice.ticket)) {
        // Looked at as it is now, so once for all events of one page is enough.
        reviewed.add(notice.ticket);
        const review = await reviewOf(deps, notice.ticket);
        if (review) told.push({ told: review, event });
      }
    }
  }
  if (told.length === 0) return plan;
  const whom = await readAudience(deps);
  for (const each of told) {
    const at = whom.now;
    plan.told.push({
      notification: { ...each.told, id: deps.newId('ntf'), seq: each.event.seq, at, settled: null },
      deliveries: deliveriesOf(each.told, whom),
    });
  }
  return plan;
}

async function readAround(deps: Deps, event: LoggedEvent): Promise<Around> {
  const wanted = aroundOf(event);
  const item = wanted.item === undefined ? null : ((await deps.store.inboxItem(wanted.item))?.item ?? null);
  const alert: AlertState | null =
    wanted.alert === undefined ? null : ((await deps.store.alert(wanted.alert))?.alert ?? null);
  const ticket =
    wanted.ticket === undefined ? null : ((await deps.store.ticket(wanted.ticket))?.state ?? null);
  return { item: () => item, alert: () => alert, title: () => ticket?.title ?? null };
}

/** A review is told once a person can decide it, and would not be told for nothing: the policy may decide by itself. */
async function reviewOf(deps: Deps, key: string): Promise<Told | null> {
  const record = await deps.store.ticket(key);
  if (record?.state.status !== 'in_review') return null;
  const ticket = record.state;
  const open = (await deps.store.openInboxOf(key)).map(({ item }) => item);
  const item = open.find(
    (each): each is InboxItem & { ticket: string } =>
      each.kind === 'review' && each.for === 'person' && each.ticket !== null,
  );
  if (!item) return null;
  const project = await deps.store.document<Project>('project', ticket.project);
  const rules = rulesFor(project, ticket, await readPolicy(deps));
  const now = await deps.store.now();
  if (!isReviewReady(ticket, rules.completion, now)) return null;
  if (rules.completion.decidedBy === 'policy') {
    const gaps = completionGaps(ticket, rules.completion, now);
    const takesPerson =
      gaps.protectedPaths.length > 0 ||
      gaps.givenUp.length > 0 ||
      (gaps.missing.length > 0 && gaps.refuted.length === 0);
    if (!takesPerson) return null;
  }
  const attempt = submittedAttempt(ticket);
  const handedIn = attempt?.kind === 'person' ? attempt.submittedBy : null;
  const actor = handedIn
    ? ({ kind: 'human', id: handedIn } as const)
    : ({ kind: 'attempt', id: attempt?.id ?? '' } as const);
  return reviewTold(item, ticket, evidenceLine(ticket, attempt?.id), actor);
}

function evidenceLine(ticket: Ticket, attempt: string | undefined): string {
  return ticket.evidence
    .filter((e) => e.attempt === attempt && e.kind !== 'signal')
    .map((e) => {
      const name = (e.claim as { name?: unknown }).name;
      return `${typeof name === 'string' ? name : e.kind} ${e.state}`;
    })
    .join(', ');
}

interface Audience {
  now: number;
  webhooks: Webhook[];
  devices: DestinationRow[];
  settings: ReadonlyMap<string, NotifySettings>;
}

async function readAudience(deps: Deps): Promise<Audience> {
  const [now, webhooks, devices, people] = await Promise.all([
    deps.store.now(),
    deps.store.documents<Webhook>('webhook'),
    liveDevices(deps),
    deps.store.documents<NotifySettings & { name: string }>('person'),
  ]);
  return { now, webhooks, devices, settings: new Map(people.map((person) => [person.name, person])) };
}

type Planned = NotifyPlan['told'][number]['deliveries'];

function deliveriesOf(told: Told, whom: Audience): Planned {
  const hooks = whom.webhooks
    .filter((webhook) => webhookWants(webhook, told))
    .map(({ id }) => ({ destination: id, state: 'waiting' as const, nextAt: whom.now }));
  const pushes = whom.devices.flatMap(({ id, person }): Planned => {
    const settings = whom.settings.get(person ?? '') ?? NO_SETTINGS;
    const decided = decidePush(settings, person ?? '', told, whom.now);
    if (decided.push === 'never') return [];
    return decided.push === 'now'
      ? [{ destination: id, state: 'waiting', nextAt: whom.now }]
      : [{ destination: id, state: 'held', nextAt: decided.until }];
  });
  return [...hooks, ...pushes];
}
