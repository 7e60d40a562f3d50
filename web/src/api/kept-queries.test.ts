import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, expect, it, vi } from 'vitest';
import { dropOldest, restoreAndKeep } from './kept-queries.ts';

/** The disk of this device: it answers when a test lets it. */
const disk = vi.hoisted(() => ({ read: Promise.resolve([] as unknown[]) }));
vi.mock('idb-keyval', () => ({
  createStore: () => ({}),
  entries: () => disk.read,
  setMany: () => Promise.resolve(),
  delMany: () => Promise.resolve(),
}));
afterEach(() => vi.unstubAllGlobals());

const keptOf = (queryKey: string[], agoMs: number): unknown => [
  JSON.stringify(queryKey),
  { queryKey, data: 'kept', dataUpdatedAt: Date.now() - agoMs },
];
const openApp = (): QueryClient => {
  vi.stubGlobal('addEventListener', () => undefined);
  return new QueryClient({ defaultOptions: { queries: { staleTime: 60_000 } } });
};

it('what was kept and comes in time is as old as it is', async () => {
  const client = openApp();
  disk.read = Promise.resolve([keptOf(['ticket', 'MC-1'], 5_000)]);
  await restoreAndKeep(client, 1_000);
  expect(client.getQueryState(['ticket', 'MC-1'])).toMatchObject({ data: 'kept', isInvalidated: false });
});

it('what was kept and comes after the app has begun is read again, once', async () => {
  const client = openApp();
  let arrive: (entries: unknown[]) => void = () => undefined;
  disk.read = new Promise((resolve) => (arrive = resolve));
  await restoreAndKeep(client, 0);
  // One is on the screen and could not be read, one is being read, one is on no page, one was read by now.
  let asked = 0;
  const failed = new QueryObserver(client, {
    queryKey: ['ticket', 'MC-1'],
    queryFn: () => ((asked += 1) === 1 ? Promise.reject(new Error('away')) : Promise.resolve('read')),
    retry: false,
  });
  let reading = 0;
  let answer: (data: string) => void = () => undefined;
  const busy = new QueryObserver(client, {
    queryKey: ['ticket', 'MC-2'],
    queryFn: () => {
      reading += 1;
      return new Promise<string>((resolve) => (answer = resolve));
    },
  });
  const stops = [failed.subscribe(() => undefined), busy.subscribe(() => undefined)];
  await vi.waitFor(() => expect(client.getQueryState(['ticket', 'MC-1'])?.status).toBe('error'));
  client.setQueryData(['ticket', 'MC-4'], 'read');
  arrive(['MC-1', 'MC-2', 'MC-3', 'MC-4'].map((key) => keptOf(['ticket', key], 5_000)));
  await vi.waitFor(() => expect(client.getQueryData(['ticket', 'MC-3'])).toBe('kept'));
  expect(client.getQueryState(['ticket', 'MC-3'])?.isInvalidated).toBe(true);
  await vi.waitFor(() => expect(client.getQueryData(['ticket', 'MC-1'])).toBe('read'));
  expect(client.getQueryData(['ticket', 'MC-2'])).toBe('kept');
  answer('read');
  await vi.waitFor(() => expect(client.getQueryData(['ticket', 'MC-2'])).toBe('read'));
  expect(reading).toBe(1);
  expect(client.getQueryState(['ticket', 'MC-4'])).toMatchObject({ data: 'read', isInvalidated: false });
  for (const stop of stops) stop();
});

it('what was read longest ago goes when it becomes too much, and never what is on the screen', () => {
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity } } });
  for (let n = 0; n < 120; n += 1) client.setQueryData(['ticket', n], { n }, { updatedAt: 1_000 + n });
  const stop = new QueryObserver(client, { queryKey: ['ticket', 0], enabled: false }).subscribe(() => {});
  dropOldest(client, 200);
  expect(client.getQueryCache().getAll()).toHaveLength(120);
  dropOldest(client, 100);
  const left = client
    .getQueryCache()
    .getAll()
    .map((query) => query.queryKey[1]);
  expect(left).toHaveLength(91);
  expect(left).toContain(0);
  expect(left).not.toContain(29);
  expect(left).toContain(30);
  stop();
});
