/** What a person sees of notifications: those that concern them, what they have read, and what they have chosen. */
import type { Stamped } from '../../domain/config.ts';
import { NO_SETTINGS, type NotifySettings, concerns, isWanted } from '../../domain/notify/preferences.ts';
import { type Refusal, isRefusal } from '../../domain/refusal.ts';
import { NOTIFICATION_KINDS } from '../../domain/words.ts';
import type { NotificationRow } from '../../store/port.ts';
import { changeDocument, createDocument } from '../configuration.ts';
import type { Caller, Deps } from '../deps.ts';
import { planNotifications } from './plan-notifications.ts';

export type StoredSettings = NotifySettings & { name: string };

/** A person who has chosen nothing has the defaults, at version 0. */
export async function readNotifySettings(
  deps: Deps,
  person: string,
): Promise<NotifySettings & { version: number }> {
  const stored = await deps.store.document<StoredSettings>('person', person);
  return { ...NO_SETTINGS, version: 0, ...stored };
}

export interface SettingsChange {
  ways?: NotifySettings['ways'] | undefined;
  quiet?: NotifySettings['quiet'] | undefined;
  criticalThrough?: boolean | undefined;
  muted?: { tickets?: string[] | undefined; projects?: string[] | undefined } | undefined;
}

/** Kinds, ways and lists that are not named stay as they are. */
function changed(before: NotifySettings, change: SettingsChange): Partial<NotifySettings> {
  const ways = { ...before.ways };
  for (const kind of NOTIFICATION_KINDS) {
    const wanted = change.ways?.[kind];
    if (wanted !== undefined) ways[kind] = { ...ways[kind], ...defined(wanted) };
  }
  return {
    ...(change.ways === undefined ? {} : { ways }),
    ...(change.quiet === undefined ? {} : { quiet: change.quiet }),
    ...(change.criticalThrough === undefined ? {} : { criticalThrough: change.criticalThrough }),
    ...(change.muted === undefined ? {} : { muted: { ...before.muted, ...defined(change.muted) } }),
  };
}

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;

export async function changeNotifySettings(
  deps: Deps,
  caller: Caller,
  change: SettingsChange,
  ifMatch: number | undefined,
): Promise<(StoredSettings & Stamped) | Refusal> {
  const name = caller.actor.id;
  if ((ifMatch ?? 0) === 0 && !(await deps.store.document('person', name))) {
    const first = { ...NO_SETTINGS, name, ...changed(NO_SETTINGS, change) };
    const made = await createDocument<StoredSettings>(deps, caller, 'person', name, first);
    // Another device of theirs was faster.
    if (!isRefusal(made) || made.code !== 'already_exists') return made;
  }
  return changeDocument<StoredSettings>(deps, caller, 'person', name, (state) => changed(state, change), {
    ifMatch,
  });
}

export interface Seen {
  notification: NotificationRow;
  read: boolean;
}

/** So many are looked at for what is unread: what is further back is history. */
const LOOKED_AT = 500;

/** The newest first. Reads the log on first, so that whoever asks after an event sees what it told. */
export async function notificationsOf(
  deps: Deps,
  person: string,
  query: { unread?: boolean | undefined; limit: number; before?: number | undefined },
): Promise<{ items: Seen[]; next: number | null; unread: number }> {
  await planNotifications(deps);
  const [settings, marks, newest] = await Promise.all([
    readNotifySettings(deps, person),
    deps.store.readMarks(person),
    deps.store.notifications({ limit: LOOKED_AT }),
  ]);
  const also = new Set(marks.also);
  const isRead = (n: NotificationRow): boolean => n.seq <= marks.until || also.has(n.id);
  const isShown = (n: NotificationRow): boolean =>
    concerns(settings, person, n) && isWanted(settings, n.kind, 'app');
  const isUnread = (n: NotificationRow): boolean => !isRead(n) && n.settled === null;
  const unread = newest.filter((n) => isShown(n) && isUnread(n)).length;
  const items: Seen[] = [];
  let before = query.before;
  for (;;) {
    const page = await deps.store.notifications({ before, limit: LOOKED_AT });
    for (const notification of page) {
      if (items.length >= query.limit) return { items, next: before ?? null, unread };
      if (isShown(notification) && (query.unread !== true || isUnread(notification)))
        items.push({ notification, read: isRead(notification) });
      before = notification.seq;
    }
    if (page.length < LOOKED_AT) return { items, next: null, unread };
  }
}

/** More than that are marked by position. */
const MOST_ALSO = 300;

export async function markRead(
  deps: Deps,
  person: string,
  what: { ids: readonly string[] } | { all: true },
): Promise<void> {
  for (;;) {
    const marks = await deps.store.readMarks(person);
    const newest = await deps.store.notifications({ limit: LOOKED_AT });
    let { until } = marks;
    let also = 'all' in what ? [] : [...new Set([...marks.also, ...what.ids])];
    if ('all' in what) until = newest[0]?.seq ?? until;
    else {
      // What is at or before the position, or no longer kept, needs no mark of its own.
      const known = new Map(newest.map((n) => [n.id, n.seq]));
      also = also.filter((id) => (known.get(id) ?? 0) > until).slice(-MOST_ALSO);
    }
    if (await deps.store.saveReadMarks(person, marks.version, { until, also })) return;
  }
}
