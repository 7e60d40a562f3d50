/**
 * Interleaving under control: every call to the store is a point where a task is held, and the seed decides which held
 * task goes on. So all the races that real concurrency could make can happen, and each can be made again.
 */
import type { Random } from './random.ts';

interface Held {
  task: number;
  go: () => void;
}

/** Everything that is ready to run has run: promises settle in microtasks, which end before the next macrotask. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Scheduler {
  readonly #random: Random;
  #held: Held[] = [];
  #running = new Set<Promise<unknown>>();
  readonly errors: unknown[] = [];
  /** Tasks that do not get on for now: a server that is paused, as by a debugger or a sleeping laptop. */
  readonly frozen = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A point where the present task may be held while others go on. */
  point(task: number): Promise<void> {
    return new Promise((go) => this.#held.push({ task, go }));
  }

  get active(): number {
    return this.#running.size;
  }

  start(run: () => Promise<unknown>): void {
    const promise: Promise<unknown> = run()
      .catch((error: unknown) => this.errors.push(error))
      .finally(() => this.#running.delete(promise));
    this.#running.add(promise);
  }

  /** Lets one held task go on to its next point. False when none is held. */
  async step(): Promise<boolean> {
    await settled();
    const ready =
      this.frozen.size === 0 ? this.#held : this.#held.filter((held) => !this.frozen.has(held.task));
    if (ready.length === 0) return false;
    const held = this.#random.pick(ready);
    this.#held.splice(this.#held.indexOf(held), 1);
    held.go();
    await settled();
    return true;
  }

  /** Runs until every task has ended. */
  async drain(): Promise<void> {
    this.frozen.clear();
    for (;;) {
      await settled();
      if (this.#running.size === 0) return;
      if (!(await this.step()) && this.#running.size > 0 && this.#held.length === 0) {
        await settled();
        if (this.#held.length === 0 && this.#running.size > 0)
          throw new Error('tasks wait for something outside the simulation');
      }
    }
  }
}
