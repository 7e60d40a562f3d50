/**
 * Time and chance as a port, so that the simulation can run the real runner in virtual time.
 * Leases are trusted by `monotonic()` alone: a wall clock that jumps must neither end an attempt nor prolong it.
 */
import { uptime } from 'node:os';

export interface Clock {
  /** Wall time in milliseconds since 1970; only for people and records. */
  now(): number;
  /** Milliseconds since the machine booted, its sleep included; comparable between lives of the runner. */
  monotonic(): number;
  /** Calls once after `ms`; the answer cancels. */
  setTimer(ms: number, call: () => void): () => void;
  /** From 0 to 1, for jitter; here, so that a simulation replays it with its seed. */
  random(): number;
}

/**
 * On Linux the boot clock (`/proc/uptime`, 10 ms fine) goes on while the machine sleeps, so a laptop that wakes knows
 * that its leases are over. Elsewhere `hrtime` has to do; there the first heartbeat after waking tells.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () =>
    process.platform === 'linux' ? uptime() * 1000 : Number(process.hrtime.bigint() / 1_000_000n),
  setTimer(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 2_147_483_000));
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Resolves after `ms`, or as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
