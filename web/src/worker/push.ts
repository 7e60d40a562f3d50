/**
 * Pushes: shown unless the app is on the screen already, replaced when their matter is settled, and opened at exactly
 * what they are about, in a window that is there rather than in a second one.
 */
import { subscriptionBody } from '../notifications/subscription-body.ts';
import type { WindowClient, WorkerScope } from './scope.ts';

/** As the server sends it (`src/services/notify/messages.ts`). */
export interface Shown {
  part: 'new' | 'settled' | 'digest' | 'test';
  tag: string;
  title: string;
  text: string;
  path: string;
  at: number;
}

const ICON = '/icon-192.png';

function read(text: string): Shown {
  try {
    const shown = JSON.parse(text) as Partial<Shown>;
    if (typeof shown.title === 'string' && typeof shown.tag === 'string')
      return { part: 'new', text: '', path: '/', at: 0, tag: shown.tag, title: shown.title, ...shown };
  } catch {
    // Not one of ours: something has to be shown all the same, or the browser shows a sentence of its own.
  }
  return {
    part: 'new',
    tag: 'unknown',
    title: 'Mission Control',
    text: 'Something has happened.',
    path: '/notifications',
    at: 0,
  };
}

const windowsOf = (worker: WorkerScope): Promise<readonly WindowClient[]> =>
  worker.clients.matchAll({ type: 'window', includeUncontrolled: true });

/** Safari takes a subscription away whose pushes show nothing, also while the app is on the screen. */
const mustShow = (worker: WorkerScope): boolean =>
  /AppleWebKit/.test(worker.navigator.userAgent) && !/Chrom|Edg\//.test(worker.navigator.userAgent);

export async function showPush(worker: WorkerScope, text: string): Promise<void> {
  const shown = read(text);
  const isOpen = (await windowsOf(worker)).some((window) => window.visibilityState === 'visible');
  // Who looks at the app sees it there; a test is for seeing it here.
  if (isOpen && shown.part !== 'test' && !mustShow(worker)) {
    for (const old of await worker.registration.getNotifications({ tag: shown.tag })) old.close();
    return;
  }
  const isSettled = shown.part === 'settled';
  const options: NotificationOptions & { renotify?: boolean; timestamp?: number } = {
    body: shown.text,
    tag: shown.tag,
    icon: ICON,
    badge: ICON,
    data: { path: shown.path },
    // What is settled takes the place of what was asked, without another sound.
    silent: isSettled,
    renotify: !isSettled,
    ...(shown.at > 0 ? { timestamp: shown.at } : {}),
  };
  await worker.registration.showNotification(shown.title, options);
}

/** A page of this app and of no other. */
function pathOf(worker: WorkerScope, data: unknown): string {
  const path = (data as { path?: unknown } | null)?.path;
  if (typeof path !== 'string') return '/';
  const url = new URL(path, worker.location.origin);
  return url.origin === worker.location.origin ? url.pathname + url.search + url.hash : '/';
}

const ANSWER_MS = 1500;

export async function followNotification(worker: WorkerScope, data: unknown): Promise<void> {
  const path = pathOf(worker, data);
  const windows = [...(await windowsOf(worker))];
  windows.sort((a, b) => Number(b.focused) - Number(a.focused));
  for (const window of windows) {
    // A click allows one window to come forward; where it may not, it is there all the same, at the right page.
    const shown = await window.focus().catch(() => window);
    if (await isFollowed(shown, path)) return;
  }
  await worker.clients.openWindow(path);
}

/** The page goes there by itself, without loading anew; one that does not answer is hung, or no app of ours. */
function isFollowed(window: WindowClient, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(false), ANSWER_MS);
    port1.onmessage = () => {
      clearTimeout(timer);
      resolve(true);
    };
    window.postMessage({ type: 'open', path }, [port2]);
  });
}

/** The browser has given this device another address: the server has to know, and nobody may be at hand to tell it. */
export async function renewSubscription(worker: WorkerScope): Promise<void> {
  const { pushManager } = worker.registration;
  const answer = await fetch('/api/v1/notifications/push-key');
  if (!answer.ok) return;
  const { publicKey } = (await answer.json()) as { publicKey: string };
  const subscription = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  await fetch('/api/v1/notifications/devices', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(subscriptionBody(subscription, worker.navigator.userAgent)),
  });
}
