/**
 * The service worker: what makes the app open without a network, and what shows pushes while no page is open. It
 * imports nothing at run time, because the pages' content security policy holds for it too.
 */
import { clientsClaim } from 'workbox-core';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
  type PrecacheEntry,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { followNotification, renewSubscription, showPush } from './push.ts';
import type { WorkerScope } from './scope.ts';

const worker = globalThis as unknown as WorkerScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

cleanupOutdatedCaches();
// The build looks for this very expression, and puts the list of files in its place.
// eslint-disable-next-line no-restricted-globals
precacheAndRoute((self as unknown as typeof worker).__WB_MANIFEST);
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), {
    denylist: [/^\/api\//, /^\/(livez|readyz|metrics|mcp)(\/|$)/],
  }),
);
clientsClaim();

worker.addEventListener('message', (event) => {
  if (event.data?.type === 'SKIP_WAITING') void worker.skipWaiting();
});
worker.addEventListener('push', (event) => event.waitUntil(showPush(worker, event.data?.text() ?? '')));
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(followNotification(worker, event.notification.data));
});
worker.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renewSubscription(worker)));
