/**
 * A loop is `runOnce` and a timer around it. It runs when something changed (`poke`) and every few seconds as a safety
 * net, never twice at the same time: a poke during a run makes one more run after it.
 */

export interface Loop {
  /** Asks for a run soon; many pokes make one run. */
  poke(): void;
  stop(): Promise<void>;
}

export interface LoopOptions {
  name: string;
  /** Gives the milliseconds after which it should run again, where that is sooner than its time; null for its time. */
  runOnce: () => Promise<number | null>;
  everyMs: number;
  /** How long after the start the first run comes; at once when absent. */
  firstAfterMs?: number;
  onError: (name: string, error: unknown) => void;
}

export function startLoop(options: LoopOptions): Loop {
  let stopped = false;
  let running: Promise<void> | null = null;
  let wanted = false;
  let timer: NodeJS.Timeout | undefined;

  const run = (): void => {
    if (stopped) return;
    if (running) {
      wanted = true;
      return;
    }
    clearTimeout(timer);
    wanted = false;
    running = options
      .runOnce()
      .catch((error: unknown) => {
        options.onError(options.name, error);
        return null;
      })
      .then((againInMs) => {
        running = null;
        if (stopped) return;
        if (wanted) setImmediate(run);
        else timer = setTimeout(run, Math.min(againInMs ?? options.everyMs, options.everyMs));
      });
  };
  if (options.firstAfterMs === undefined) setImmediate(run);
  else timer = setTimeout(run, options.firstAfterMs);
  return {
    poke: run,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
