/**
 * Registers the service worker, which makes the app open without a network. The page requires trusted types, and the
 * address of a worker is one of the sinks: so there is one policy, and it lets exactly one address through.
 */
import { toast } from '../ui/toast.ts';

const WORKER = '/sw.js';

interface PolicyFactory {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ) => { createScriptURL: (url: string) => string };
}

function trustedWorkerUrl(): string {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
  if (!factory) return WORKER;
  return factory
    .createPolicy('mission-control', {
      createScriptURL: (url) => {
        if (url !== WORKER) throw new TypeError(`${url} is not the worker of this app`);
        return url;
      },
    })
    .createScriptURL(WORKER);
}

export function registerWorker(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  void navigator.serviceWorker
    .register(trustedWorkerUrl(), { scope: '/' })
    .then((registration) => {
      const offer = (waiting: ServiceWorker | null): void => {
        // Without a controller this is the first visit: there is no older version to replace.
        if (!waiting || !navigator.serviceWorker.controller) return;
        toast('A new version of Mission Control is here', {
          id: 'new-version',
          duration: Infinity,
          action: { label: 'Reload', onClick: () => waiting.postMessage({ type: 'SKIP_WAITING' }) },
        });
      };
      offer(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const next = registration.installing;
        next?.addEventListener('statechange', () => {
          if (next.state === 'installed') offer(registration.waiting);
        });
      });
      const hadController = navigator.serviceWorker.controller !== null;
      navigator.serviceWorker.addEventListener('controllerchange', () => {
        if (hadController) location.reload();
      });
      // An installed app may stay open for weeks.
      setInterval(() => void registration.update().catch(() => {}), 3_600_000);
    })
    .catch((error: unknown) => console.warn('The app will not open offline:', error));
}
