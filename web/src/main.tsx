/** Starts the app: what this device kept first, so that the first paint already has what was read last time. */
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { restoreAndKeep } from './api/kept-queries.ts';
import { queryClient } from './api/query-client.ts';
import { preloadPage } from './router/pages.ts';
import { Router } from './router/router.tsx';
import { registerWorker } from './shell/register-worker.ts';
import './styles.css';

// Offered once, and perhaps before whatever asks for it is loaded.
addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  Object.assign(globalThis, { mcInstall: event });
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
// The page's code is fetched while the cache is read.
preloadPage(location.pathname);
await restoreAndKeep(queryClient);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Router />
    </QueryClientProvider>
  </StrictMode>,
);
registerWorker();
