/** The cache of what was read. `kept-queries.ts` keeps it on this device. */
import { onlineManager, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './client.ts';
import { connection } from './connection.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The live stream says what is stale; this only bounds the damage of a missed event.
      staleTime: 60_000,
      // Not a month: a timer holds 24 days at most, and a longer one fires at once. Age is looked at when it is kept.
      gcTime: Infinity,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) => error instanceof ApiProblem && error.problem.retryable && count < 3,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always', retry: false },
  },
});

onlineManager.setEventListener((setOnline) => {
  const tell = (): void => setOnline(connection.snapshot.state !== 'offline');
  return connection.subscribe(tell);
});
