/**
 * What was read, kept in IndexedDB so that the app opens without a network: one entry a query, written a moment after
 * it was read. A write touches what changed and nothing else, so neither a page that is left at once, nor a page that
 * could not read the store, nor a second tab can take away what was kept before.
 */
import { type Query, type QueryClient, type QueryKey } from '@tanstack/react-query';
import { clear, createStore, delMany, entries, setMany } from 'idb-keyval';

const MONTH_MS = 30 * 24 * 3_600_000;
/** Long enough to gather the answers of one page, short enough that nobody leaves sooner. */
const GATHER_MS = 50;

/** An app that is open for weeks reads many tickets: beyond this those that were read longest ago go, here and on the disk. */
const MOST_KEPT = 1_500;

interface Kept {
  queryKey: QueryKey;
  data: unknown;
  dataUpdatedAt: number;
}

// A new shape of what is kept gets a new name, and starts empty.
const store = createStore('mission-control-kept', 'queries');
const changed = new Map<string, Query>();
const removed = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;
/** Writes go one after another, in the order in which things were read. */
let writing: Promise<void> = Promise.resolve();

/**
 * Puts what this device kept into the cache, as old as it is, and from then on keeps what is read. A store that cannot
 * be read is left as it is: the app then starts with what the server says.
 * @param patienceMs how long the first paint may wait for the store; what comes later still comes
 */
export async function restoreAndKeep(client: QueryClient, patienceMs = 1_500): Promise<void> {
  let isLate = false;
  const restored = restore(client, () => isLate).catch((error: unknown) =>
    console.warn('Nothing kept could be read.', error),
  );
  client.getQueryCache().subscribe((event) => {
    const { query } = event;
    if (query.queryKey.includes('volatile')) return;
    if (event.type === 'removed') {
      changed.delete(query.queryHash);
      removed.add(query.queryHash);
    } else if (event.type === 'updated' && event.action.type === 'success') {
      removed.delete(query.queryHash);
      changed.set(query.queryHash, query);
    } else return;
    timer ??= setTimeout(() => write(client), GATHER_MS);
  });
  addEventListener('pagehide', () => write(client));
  await Promise.race([restored, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
  isLate = true;
}

/** Someone else signs in here, or nobody any more: what the last person read is theirs. */
export async function forgetEverything(client: QueryClient): Promise<void> {
  client.clear();
  changed.clear();
  removed.clear();
  await writing;
  await clear(store);
  try {
    // Reviews that were begun are that person's too.
    for (const name of Object.keys(localStorage))
      if (name.startsWith('mc.review.')) localStorage.removeItem(name);
  } catch {
    // Nothing was stored then.
  }
}

/** What comes after the app has begun may come after the live stream has said what is stale, so it counts as that. */
async function restore(client: QueryClient, isLate: () => boolean): Promise<void> {
  const oldest = Date.now() - MONTH_MS;
  const tooOld: string[] = [];
  for (const [hash, { queryKey, data, dataUpdatedAt }] of await entries<string, Kept>(store)) {
    if (dataUpdatedAt < oldest) tooOld.push(hash);
    else if ((client.getQueryState(queryKey)?.dataUpdatedAt ?? 0) < dataUpdatedAt) {
      client.setQueryData(queryKey, data, { updatedAt: dataUpdatedAt });
      // What is being read already is not asked for twice.
      if (isLate()) void client.invalidateQueries({ queryKey, exact: true }, { cancelRefetch: false });
    }
  }
  if (tooOld.length > 0) await delMany(tooOld, store);
}

/** What is on no page any more, the oldest first, as far as it is too much. */
export function dropOldest(client: QueryClient, most: number): void {
  const idle = client
    .getQueryCache()
    .getAll()
    .filter((query) => query.getObserversCount() === 0 && query.state.fetchStatus === 'idle');
  if (idle.length <= most) return;
  // Some more than needed, so that it is not done at every reading.
  const dropped = idle
    .sort((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt)
    .slice(0, idle.length - Math.floor(most * 0.9));
  for (const query of dropped) client.getQueryCache().remove(query);
}

function write(client: QueryClient): void {
  clearTimeout(timer);
  timer = undefined;
  dropOldest(client, MOST_KEPT);
  const gone = [...removed];
  const kept = [...changed].map(([hash, { queryKey, state }]): [string, Kept] => [
    hash,
    { queryKey, data: state.data, dataUpdatedAt: state.dataUpdatedAt },
  ]);
  removed.clear();
  changed.clear();
  if (kept.length + gone.length === 0) return;
  writing = writing
    .then(async () => {
      if (kept.length > 0) await setMany(kept, store);
      if (gone.length > 0) await delMany(gone, store);
    })
    // A full disk or a private window: the app goes on, and keeps nothing.
    .catch((error: unknown) => console.warn('What was read could not be kept.', error));
}
