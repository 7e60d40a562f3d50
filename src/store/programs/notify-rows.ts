/** Rows of notifications, their destinations and deliveries, and what stands in their columns. */
import type { Told } from '../../domain/notify/notification.ts';
import type { DeliveryState } from '../../domain/words.ts';
import type { DeliveryKey, DeliveryRow, DestinationRow, NotificationRow } from '../port.ts';
import { type ResultRow, p } from '../program.ts';

/** A placeholder for each of these columns. */
export const named = <T extends string>(...columns: T[]): Record<T, never> =>
  Object.fromEntries(columns.map((column) => [column, p(column)])) as Record<T, never>;

export const notificationRow = (row: ResultRow): NotificationRow => ({
  ...(JSON.parse(String(row['told'])) as Told),
  id: String(row['id']),
  seq: Number(row['seq']),
  at: Number(row['at']),
  settled:
    row['settled_at'] === null || row['settled_at'] === undefined
      ? null
      : {
          at: Number(row['settled_at']),
          by: String(row['settled_by']),
          how: String(row['settled_how']),
        },
});
export const deliveryRow = (row: ResultRow): DeliveryRow => ({
  destination: String(row['destination']),
  notification: String(row['notification']),
  part: row['part'] as DeliveryKey['part'],
  state: row['state'] as DeliveryState,
  tries: Number(row['tries']),
  createdAt: Number(row['created_at']),
  nextAt: Number(row['next_at']),
  doneAt: numberOrNull(row['done_at']),
  answer: (row['answer'] as string | null) ?? null,
  body: (row['body'] as string | null) ?? null,
});
export const deliveryParams = (d: DeliveryRow): Record<string, unknown> => ({
  destination: d.destination,
  notification: d.notification,
  part: d.part,
  state: d.state,
  tries: d.tries,
  created_at: d.createdAt,
  next_at: d.nextAt,
  done_at: d.doneAt,
  answer: d.answer,
  body: d.body,
});
export const destinationRow = (row: ResultRow): DestinationRow => ({
  id: String(row['id']),
  kind: row['kind'] as DestinationRow['kind'],
  person: (row['person'] as string | null) ?? null,
  token: (row['token'] as string | null) ?? null,
  name: String(row['name']),
  target: JSON.parse(String(row['target'])) as Record<string, string>,
  createdAt: Number(row['created_at']),
  notBefore: Number(row['not_before']),
  failures: Number(row['failures']),
  failingSince: numberOrNull(row['failing_since']),
  lastOkAt: numberOrNull(row['last_ok_at']),
  detail: (row['detail'] as string | null) ?? null,
});
export const keyOf = ({ destination, notification, part }: DeliveryKey): DeliveryKey => ({
  destination,
  notification,
  part,
});

/** The columns that say what has become of a delivery. */
export const changed = (state: DeliveryState, answer: string | null, at: number, nextAt: number) => ({
  state,
  answer,
  done_at: state === 'waiting' ? null : at,
  next_at: nextAt,
});

export function numberOrNull(value: string | number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
