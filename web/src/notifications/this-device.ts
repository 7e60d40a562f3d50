/** Whether this browser can be pushed to, and having it so: each reason why not in words that say what to do. */
import type { Device, PushKey } from '../../../src/contract/notify-shapes.ts';
import { api } from '../api/client.ts';
import { subscriptionBody } from './subscription-body.ts';

export const isApple = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  // An iPad says that it is a Mac.
  (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

export const isInstalled = (): boolean =>
  matchMedia('(display-mode: standalone)').matches ||
  (navigator as { standalone?: boolean }).standalone === true;

/** Why not; null where it can. */
export function whyNoPush(): string | null {
  if (!isSecureContext)
    return 'Browsers allow pushes on https only (and on localhost). Put a TLS proxy before Mission Control, and open it there.';
  if (isApple() && !isInstalled())
    return 'On an iPhone or iPad, pushes are for apps on the home screen: press Share, then “Add to Home Screen”, and open it from there.';
  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis))
    return 'This browser cannot be pushed to. The bell works all the same while the app is open.';
  if (Notification.permission === 'denied')
    return 'Notifications from this page are blocked. Allow them in the browser’s settings of this page, then come back.';
  return null;
}

const SECONDS_10 = 10_000;

/** Rejects where the page has no worker, which `ready` waits for in vain. */
function readyRegistration(): Promise<ServiceWorkerRegistration> {
  return Promise.race([
    navigator.serviceWorker.ready,
    new Promise<never>((_resolve, reject) =>
      setTimeout(
        () => reject(new Error('The app’s worker is not running yet. Reload the page and try again.')),
        SECONDS_10,
      ),
    ),
  ]);
}

export async function subscribeThisDevice(): Promise<Device> {
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') throw new Error('The browser was not allowed to show notifications.');
  const registration = await readyRegistration();
  const { publicKey } = await api.get<PushKey>('/notifications/push-key');
  const subscription = await subscribe(registration, publicKey);
  return api.post<Device>('/notifications/devices', subscriptionBody(subscription, navigator.userAgent));
}

async function subscribe(
  registration: ServiceWorkerRegistration,
  publicKey: string,
): Promise<PushSubscription> {
  const options = { userVisibleOnly: true, applicationServerKey: publicKey };
  try {
    return await registration.pushManager.subscribe(options);
  } catch (error) {
    // One of another installation at this address: its key is not ours.
    const old = await registration.pushManager.getSubscription();
    if (old) {
      await old.unsubscribe();
      return registration.pushManager.subscribe(options);
    }
    throw new Error(
      `The browser’s push service did not answer (${error instanceof Error ? error.message : String(error)}). Some browsers have none, and some have it switched off.`,
      { cause: error },
    );
  }
}

/** The id under which the server knows this browser; null when it is not pushed to. */
export async function thisDeviceId(): Promise<string | null> {
  if (!('serviceWorker' in navigator) || !isSecureContext) return null;
  const subscription = await (
    await navigator.serviceWorker.getRegistration()
  )?.pushManager?.getSubscription();
  if (!subscription) return null;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(subscription.endpoint));
  const hex = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
  return `dev_${hex.slice(0, 32)}`;
}

export async function forgetThisDevice(): Promise<void> {
  await (
    await (await navigator.serviceWorker.getRegistration())?.pushManager?.getSubscription()
  )?.unsubscribe();
}

interface InstallPrompt extends Event {
  prompt(): Promise<void>;
}

/** Kept from the moment the browser offered it (`main.tsx`): it offers once. */
export const installPrompt = (): InstallPrompt | null =>
  (globalThis as { mcInstall?: InstallPrompt }).mcInstall ?? null;
