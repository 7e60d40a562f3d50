/**
 * A loop is `runOnce` and a timer around it. It runs when something changed (`poke`) and every few seconds as a safety
 * net, never twice at the same time: a poke during a run makes one more run after it. Where changes come without end it
 * rests between runs for as long as they take, several times over, so that looking never costs more than what is done.
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

/** A loop that is always poked takes a quarter of the time, at most. */
const REST_FOR_EACH_MS = 3;
const MOST_REST_MS = 250;

export function startLoop(options: LoopOptions): Loop {
  let stopped = false;
  let running: Promise<void> | null = null;
  let wanted = false;
  let timer: NodeJS.Timeout | undefined;
  let restsUntil = 0;

  const poke = (): void => {
    if (stopped) return;
    wanted = true;
    if (running) return;
    const restMs = restsUntil - performance.now();
    if (restMs <= 0) {
      run();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(run, restMs);
  };
  const run = (): void => {
    if (stopped || running) return;
    clearTimeout(timer);
    wanted = false;
    const started = performance.now();
    running = options
      .runOnce()
      .catch((error: unknown) => {
        options.onError(options.name, error);
        return null;
      })
      .then((againInMs) => {
        running = null;
        if (stopped) return;
        const ended = performance.now();
        restsUntil = ended + Math.min(REST_FOR_EACH_MS * (ended - started), MOST_REST_MS);
        if (wanted) poke();
        else timer = setTimeout(run, Math.min(againInMs ?? options.everyMs, options.everyMs));
      });
  };
  if (options.firstAfterMs === undefined) setImmediate(run);
  else timer = setTimeout(run, options.firstAfterMs);
  return {
    poke,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
