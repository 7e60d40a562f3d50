/** The state outside the cache, as hooks: the connection, the outbox, and the clock that ages are counted by. */
import { useSyncExternalStore } from 'react';
import { connection, type ConnectionSnapshot } from './connection.ts';
import { outbox, type OutboxEntry } from './outbox.ts';

export const useConnection = (): ConnectionSnapshot =>
  useSyncExternalStore(connection.subscribe, () => connection.snapshot);

export const useIsOffline = (): boolean => useConnection().state === 'offline';

export const useOutbox = (): readonly OutboxEntry[] =>
  useSyncExternalStore(outbox.subscribe, () => outbox.entries);

const tickers = new Map<number, { subscribe: (listener: () => void) => () => void; now: () => number }>();

/** One timer per interval for the whole page, so that all ages change together. */
function ticker(intervalMs: number) {
  let known = tickers.get(intervalMs);
  if (known) return known;
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const listeners = new Set<() => void>();
  known = {
    now: () => now,
    subscribe: (listener) => {
      if (listeners.size === 0) {
        now = Date.now();
        timer = setInterval(() => {
          now = Date.now();
          for (const each of listeners) each();
        }, intervalMs);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearInterval(timer);
      };
    },
  };
  tickers.set(intervalMs, known);
  return known;
}

export function useNow(intervalMs = 10_000): number {
  const { subscribe, now } = ticker(intervalMs);
  return useSyncExternalStore(subscribe, now);
}
