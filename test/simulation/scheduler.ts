/**
 * Interleaving under control: every call to the store is a point where a task is held, and the seed decides which held
 * task goes on. So all the races that real concurrency could make can happen, and each can be made again.
 */
import type { Random } from './random.ts';

interface Held {
  task: number;
  go: () => void;
}

/** Everything that is ready to run has run: a tick that is asked for in a microtask comes when no microtask is left. */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

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
    let ready = this.#ready();
    if (ready.length === 0 && this.active > 0) {
      // A long piece of work (a verification) gives the event loop a turn of its own accord.
      await new Promise((resolve) => setImmediate(resolve));
      await settled();
      ready = this.#ready();
    }
    if (ready.length === 0) return false;
    const held = this.#random.pick(ready);
    this.#held.splice(this.#held.indexOf(held), 1);
    held.go();
    return true;
  }

  #ready(): Held[] {
    return this.frozen.size === 0 ? this.#held : this.#held.filter((held) => !this.frozen.has(held.task));
  }

  /** Runs until every task has ended. */
  async drain(): Promise<void> {
    this.frozen.clear();
    while (await this.step());
    if (this.#running.size > 0) throw new Error('tasks wait for something outside the simulation');
  }
}
