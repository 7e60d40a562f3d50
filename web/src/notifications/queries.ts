/** Reads of notifications, and what changes them. Not kept on the device: they are about now. */
import { queryOptions } from '@tanstack/react-query';
import type * as wire from '../../../src/contract/notify-shapes.ts';
import type { Page } from '../../../src/contract/shapes.ts';
import { api } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { queryClient } from '../api/query-client.ts';

/** What another device has read is no event of the log: it is asked for, as often as nobody minds. */
const ELSEWHERE_MS = 30_000;

export const notificationsQuery = queryOptions({
  queryKey: [...keys.notifications, 'newest'],
  queryFn: ({ signal }) =>
    api.get<wire.NotificationPage>('/notifications', { query: { limit: 100 }, signal }),
  refetchInterval: ELSEWHERE_MS,
});

const read = <T>(path: string, name: string) =>
  queryOptions({
    queryKey: ['notify', name, 'volatile'],
    queryFn: ({ signal }) => api.get<T>(path, { signal }),
  });

export const notifySettingsQuery = read<wire.NotifySettings>('/notifications/settings', 'settings');
export const devicesQuery = read<Page<wire.Device>>('/notifications/devices?limit=200', 'devices');
export const webhooksQuery = read<Page<wire.Webhook>>('/webhooks?limit=200', 'webhooks');
export const deliveriesQuery = (id: string) =>
  read<Page<wire.Delivery>>(`/webhooks/${encodeURIComponent(id)}/deliveries?limit=20`, `deliveries ${id}`);

export const readAgain = (query: { queryKey: readonly unknown[] }): void =>
  void queryClient.invalidateQueries({ queryKey: query.queryKey });

/** Said at once, and taken back if the server does not hear it. */
export async function markRead(what: { ids: string[] } | { all: true }): Promise<void> {
  const { queryKey } = notificationsQuery;
  const before = queryClient.getQueryData(queryKey);
  if (before) {
    const isMeant = (id: string): boolean => 'all' in what || what.ids.includes(id);
    const items = before.items.map((item) => (isMeant(item.id) ? { ...item, read: true } : item));
    const gone = before.items.filter((n) => isMeant(n.id) && !n.read && n.settled === null).length;
    queryClient.setQueryData(queryKey, {
      ...before,
      items,
      unread: 'all' in what ? 0 : Math.max(0, before.unread - gone),
    });
  }
  try {
    await api.post('/notifications/read', what);
  } finally {
    readAgain(notificationsQuery);
  }
}
