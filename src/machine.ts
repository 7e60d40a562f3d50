/** What the loops take from the machine; the simulation gives them its own. */
export interface Machine {
  /** Milliseconds that no clock change moves, as `performance.now` has them. */
  monotonic: () => number;
  disk: () => Promise<{ freeBytes: number; totalBytes: number }>;
  /** Resolves after so many milliseconds; never, where time does not pass by itself. */
  wait: (ms: number) => Promise<void>;
  /** Between two steps of long work that nobody waits for; rejects with `Abandoned` when the work is to end. */
  pause: () => Promise<void>;
}
