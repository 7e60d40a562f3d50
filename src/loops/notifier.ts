/**
 * Reads the log for what is to be told, and sends it. Each destination has a lane of its own: what is slow or dead there
 * holds up nothing else, and what goes there goes in order. One server sends at a time; were there two after all, a
 * delivery is still taken by one of them only.
 */
import type { Deps } from '../services/deps.ts';
import { planNotifications } from '../services/notify/plan-notifications.ts';
import { digestBody, sendDelivery } from '../services/notify/send-delivery.ts';
import type { DeliveryRow } from '../store/port.ts';

const LEASE = 'notify';
const LEASE_MS = 20_000;
const AT_ONCE = 20;
const LOOK_AT = 500;
/** How long a run waits for its lanes before it looks for others; a lane goes on by itself. */
const PATIENCE_MS = 250;
const SOON_MS = 5;
/** Whoever sends may be gone: then its lease is over by and by. */
const ANOTHER_SENDS_MS = 5000;

export class Notifier {
  readonly #deps: Deps;
  readonly #holder: string;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #failures: unknown[] = [];
  #stopping = false;

  /** @param wait resolves after so long; where time is not real it may never do so, and all lanes are waited for */
  constructor(deps: Deps, holder: string, wait: (ms: number) => Promise<void>) {
    this.#deps = deps;
    this.#holder = holder;
    this.#wait = wait;
  }

  /** @returns in how many milliseconds there is more to do; null when only something new makes it so */
  async runOnce(): Promise<number | null> {
    const { store } = this.#deps;
    await planNotifications(this.#deps);
    const now = await store.now();
    const due = await store.dueDeliveries(now, LOOK_AT);
    const next = await store.nextDeliveryAt(now);
    const isDue = due.length > 0 || (next !== null && next <= now);
    // What an event stirs mostly tells nobody anything; then nothing more is asked.
    if (!isDue && this.#lanes.size === 0) return next === null ? null : Math.max(next - now, SOON_MS);
    if (isDue && !(await this.#deliver(now))) return ANOTHER_SENDS_MS;
    if (this.#lanes.size > 0) {
      await Promise.race([Promise.all(this.#lanes.values()), this.#wait(PATIENCE_MS)]);
      const [failure] = this.#failures.splice(0);
      if (failure !== undefined) throw failure;
      if (this.#lanes.size > 0) return PATIENCE_MS;
    }
    const then = await store.now();
    if ((await store.dueDeliveries(then, 1)).length > 0) return SOON_MS;
    const later = await store.nextDeliveryAt(then);
    return later === null ? null : Math.max(later - then, SOON_MS);
  }

  /** @returns false where another server does it */
  async #deliver(now: number): Promise<boolean> {
    const { store } = this.#deps;
    const { acquired } = await store.acquireLease(LEASE, this.#holder, LEASE_MS);
    if (!acquired || this.#stopping) return false;
    await store.releaseHeld(now, digestBody);
    const due = await store.dueDeliveries(now, LOOK_AT);
    for (const destination of new Set(due.map((each) => each.destination))) {
      if (this.#lanes.has(destination) || this.#lanes.size >= AT_ONCE) continue;
      const queue = due.filter((each) => each.destination === destination);
      const lane = this.#runLane(destination, queue)
        // Said by the run that waits for it, or by the next one.
        .catch((error: unknown) => void this.#failures.push(error))
        .finally(() => this.#lanes.delete(destination));
      this.#lanes.set(destination, lane);
    }
    return true;
  }

  /** In order, until one does not arrive: then the destination is left alone, and comes back when it is due. */
  async #runLane(id: string, queue: readonly DeliveryRow[]): Promise<void> {
    const { store } = this.#deps;
    for (const delivery of queue) {
      if (this.#stopping) return;
      const destination = (await store.destinations()).find((each) => each.id === id);
      if (!destination || destination.notBefore > (await store.now())) return;
      await sendDelivery(this.#deps, delivery, destination);
    }
  }

  /** What is being sent has a moment to be written down; what is not is due again later, under the same id. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#lanes.size > 0) await Promise.race([Promise.all(this.#lanes.values()), this.#wait(3000)]);
    await this.#deps.store.dropLease(LEASE, this.#holder);
  }
}
