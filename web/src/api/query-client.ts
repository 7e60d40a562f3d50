/**
 * The cache of what was read, kept in IndexedDB so that the app opens without a network. What was read once stays
 * readable for a month; output and diffs are left out, they are large and can be read again.
 */
import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister';
import { onlineManager, QueryClient } from '@tanstack/react-query';
import { createStore, del, get, set } from 'idb-keyval';
import { ApiProblem } from './client.ts';
import { connection } from './connection.ts';

const MONTH_MS = 30 * 24 * 3_600_000;
const store = createStore('mission-control-cache', 'queries');

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

export const persister = createAsyncStoragePersister({
  storage: {
    getItem: async (key) => (await get<string>(key, store)) ?? null,
    setItem: (key, value: string) => set(key, value, store),
    removeItem: (key) => del(key, store),
  },
  key: 'v1',
  // Short, so that a page which is left at once is kept too; a write of some hundred tickets takes milliseconds.
  throttleTime: 300,
});

interface KeptQuery {
  state: { data: unknown; dataUpdatedAt: number };
  queryKey: readonly unknown[];
}

export const persistOptions = {
  persister,
  maxAge: MONTH_MS,
  buster: 'v1',
  dehydrateOptions: {
    shouldDehydrateQuery: ({ state, queryKey }: KeptQuery) =>
      state.data !== undefined &&
      Date.now() - state.dataUpdatedAt < MONTH_MS &&
      !queryKey.includes('volatile'),
  },
};

/** Someone else signs in here, or nobody any more: what the last person read is theirs. */
export async function forgetEverything(): Promise<void> {
  queryClient.clear();
  await persister.removeClient();
}

onlineManager.setEventListener((setOnline) => {
  const tell = (): void => setOnline(connection.snapshot.state !== 'offline');
  return connection.subscribe(tell);
});
