/** Notifications and their destinations as the API shows them: never an address, never a key. */
import type * as wire from '../../contract/notify-shapes.ts';
import type { Stamped } from '../../domain/config.ts';
import { type NotifySettings, type Webhook, waysOf } from '../../domain/notify/preferences.ts';
import type { DeliveryRow, DestinationRow, NotificationRow } from '../../store/port.ts';
import { iso, isoOrNull } from '../present.ts';
import type { Seen } from './reading.ts';

export function notificationView({ notification: n, read }: Seen): wire.Notification {
  const { id, kind, project, ticket, title, text, path, actor, seq, at, settled, matter } = n;
  return {
    id,
    kind,
    project,
    ticket,
    title,
    text,
    path,
    actor,
    seq,
    at: iso(at),
    read,
    settled: settled && { ...settled, at: iso(settled.at) },
    tag: matter,
  };
}

export function notifySettingsView(
  person: string,
  settings: NotifySettings & { version: number },
): wire.NotifySettings {
  const { quiet, criticalThrough, muted, version } = settings;
  return { person, ways: waysOf(settings), quiet, criticalThrough, muted, version };
}

const faredView = (destination: DestinationRow | null) => ({
  lastOkAt: isoOrNull(destination?.lastOkAt),
  failingSince: isoOrNull(destination?.failingSince),
  failures: destination?.failures ?? 0,
  detail: destination?.detail ?? null,
});

export function deviceView(device: DestinationRow): wire.Device {
  return { id: device.id, name: device.name, createdAt: iso(device.createdAt), ...faredView(device) };
}

export function webhookView(webhook: Webhook & Stamped, destination: DestinationRow | null): wire.Webhook {
  const { id, name, origin, kinds, projects, enabled, version, createdAt } = webhook;
  return {
    id,
    name,
    origin,
    kinds,
    projects,
    enabled,
    version,
    createdAt: iso(createdAt),
    ...faredView(destination),
  };
}

export function deliveryView(delivery: DeliveryRow, about: NotificationRow | null): wire.Delivery {
  const { notification, part, state, tries, createdAt, nextAt, doneAt, answer } = delivery;
  return {
    notification,
    part,
    kind: about?.kind ?? null,
    title: about?.title ?? null,
    state,
    tries,
    createdAt: iso(createdAt),
    nextAt: state === 'waiting' || state === 'held' ? iso(nextAt) : null,
    doneAt: isoOrNull(doneAt),
    answer,
  };
}
