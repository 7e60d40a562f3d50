/**
 * What the app does with notifications while it is open: a word for each new one that concerns the person, what is read
 * when its page is opened, the number on the app's icon, and going where a pushed one leads.
 */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Notification } from '../../../src/contract/notify-shapes.ts';
import { navigate } from '../router/history.ts';
import { usePathname } from '../router/place-context.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { dismissToast, toast } from '../ui/toast.ts';
import { markRead, notificationsQuery } from './queries.ts';

/** More at once than anybody reads: then the bell says it all. */
const MOST_WORDS = 3;
const WORD_MS = 8000;

export default function NotificationWatch() {
  const pathname = usePathname();
  const { data } = useQuery(notificationsQuery);
  const known = useRef<Set<string> | null>(null);
  /** Of which there is, or was just now, a word on the screen. */
  const said = useRef(new Set<string>());

  useEffect(() => {
    if (!data) return;
    const first = known.current === null;
    const seen = (known.current ??= new Set());
    const fresh = data.items.filter((n) => !seen.has(n.id));
    for (const { id } of fresh) seen.add(id);
    for (const { id, read, settled } of data.items)
      if ((read || settled !== null) && said.current.delete(id)) dismissToast(`ntf ${id}`);
    if (first) return;
    const open = fresh.filter((n) => !n.read && n.settled === null && n.path !== location.pathname);
    for (const n of open.slice(0, MOST_WORDS)) {
      said.current.add(n.id);
      say(n);
    }
  }, [data]);

  // Whoever opens the page of a matter has seen what was told of it.
  useEffect(() => {
    const ids = (data?.items ?? []).filter((n) => !n.read && n.path === pathname).map((n) => n.id);
    if (ids.length > 0) void markRead({ ids }).catch(() => undefined);
  }, [data, pathname]);

  const unread = data?.unread;
  useEffect(() => {
    if (unread === undefined) return;
    const set = unread > 0 ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.();
    set?.catch(() => undefined);
  }, [unread]);

  // What has been read or settled is not left lying on the device.
  useEffect(() => {
    if (!data || !('serviceWorker' in navigator)) return;
    const open = new Set(data.items.filter((n) => !n.read && n.settled === null).map((n) => n.tag));
    const over = new Set(data.items.map((n) => n.tag).filter((tag) => !open.has(tag)));
    void navigator.serviceWorker
      .getRegistration()
      .then(async (registration) => {
        for (const shown of (await registration?.getNotifications()) ?? []) {
          if (over.has(shown.tag) || (shown.tag === 'digest' && open.size === 0)) shown.close();
        }
      })
      .catch(() => undefined);
  }, [data]);

  useEffect(() => {
    if (!('serviceWorker' in navigator)) return;
    const onMessage = (event: MessageEvent<{ type?: string; path?: string } | null>): void => {
      const { type, path } = event.data ?? {};
      if (type !== 'open' || path === undefined || !path.startsWith('/') || path.startsWith('//')) return;
      event.ports[0]?.postMessage('going');
      navigate({ href: path });
    };
    navigator.serviceWorker.addEventListener('message', onMessage);
    navigator.serviceWorker.startMessages();
    return () => navigator.serviceWorker.removeEventListener('message', onMessage);
  }, []);
  return null;
}

/** Words are remembered after they are gone: one must hold nothing but its own notification, not the list that it came in. */
function say(n: Notification): void {
  const show = n.kind === 'alert_critical' ? toast.error : toast;
  show(revealHidden(n.title), {
    id: `ntf ${n.id}`,
    description: revealHidden(n.text),
    duration: WORD_MS,
    action: { label: 'Open', onClick: () => navigate({ href: n.path }) },
  });
}
