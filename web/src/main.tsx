/** Starts the app: what this device kept first, so that the first paint already has what was read last time. */
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { restoreAndKeep } from './api/kept-queries.ts';
import { queryClient } from './api/query-client.ts';
import { sessionQuery } from './api/queries.ts';
import { preloadPage, SIGN_IN } from './router/pages.ts';
import { Router } from './router/router.tsx';
import { registerWorker } from './shell/register-worker.ts';
import './styles.css';

// Offered once, and perhaps before whatever asks for it is loaded.
addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  Object.assign(globalThis, { mcInstall: event });
});

/** After so long the frame alone is better than nothing. */
const PAGE_PATIENCE_MS = 1_000;

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
// The page's code is fetched, and who looks at it asked, while the cache is read.
const page = preloadPage(location.pathname);
if (location.pathname !== SIGN_IN) void queryClient.prefetchQuery({ ...sessionQuery, staleTime: 0 });
await restoreAndKeep(queryClient);
// A frame without its page would stand for a third of a second: React does not exchange what it has shown sooner.
await Promise.race([page, new Promise((resolve) => setTimeout(resolve, PAGE_PATIENCE_MS))]);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Router />
    </QueryClientProvider>
  </StrictMode>,
);
registerWorker();
