/**
 * Ends what its lease no longer covers: offers that nobody took, attempts whose runner fell silent, parked attempts
 * whose runner is gone for good. It only proposes; each write re-checks the lease by the database's clock.
 *
 * After its own start or stall a server waits one lease before it calls anyone lost: the silence may have been its own.
 */
import { type Refusal, isRefusal } from '../domain/refusal.ts';
import { expireAttempt, loseParkedAttempt } from '../services/attempts.ts';
import type { Deps } from '../services/deps.ts';
import { aliveWithinMs } from '../services/dispatching.ts';
import type { OpenAttempt } from '../store/port.ts';

export class Reaper {
  readonly #deps: Deps;
  readonly #monotonic: () => number;
  #quietUntil: number;
  #lastRun: number;
  /** By the database's clock, which goes on while the machine sleeps; the monotonic one may not. */
  #lastNow: number | null = null;

  /** @param monotonic milliseconds that no clock change moves, e.g. `performance.now` */
  constructor(deps: Deps, monotonic: () => number) {
    this.#deps = deps;
    this.#monotonic = monotonic;
    this.#lastRun = monotonic();
    this.#quietUntil = monotonic() + deps.timing.leaseMs;
  }

  /** Returns the attempts that it ended. @param everyMs how often it is meant to run; a much longer gap was a stall */
  async runOnce(everyMs: number): Promise<string[]> {
    const at = this.#monotonic();
    const now = await this.#deps.store.now();
    const gap = Math.max(at - this.#lastRun, this.#lastNow === null ? 0 : now - this.#lastNow);
    if (gap > everyMs + this.#deps.timing.leaseMs / 2) this.#quietUntil = at + this.#deps.timing.leaseMs;
    this.#lastRun = at;
    this.#lastNow = now;
    const ended: string[] = [];
    for (const open of await this.#deps.store.openAttempts()) {
      const grace = open.state === 'offered' ? 0 : this.#deps.timing.graceMs;
      const isOver = open.lease === null || open.lease.expiresAt + grace <= now;
      if (!isOver || at < this.#quietUntil) continue;
      const result: unknown = await expireAttempt(this.#deps, open);
      if (isRefusal(result as Refusal)) continue;
      ended.push(open.attempt);
      if (open.state === 'offered') await this.#unanswered(open, now);
    }
    if (at >= this.#quietUntil) await this.#reapParked(now, ended);
    return ended;
  }

  /** Nothing more is offered to a runner that did not even ask again since, until it is heard of: others may be there. */
  async #unanswered({ runner, lease }: OpenAttempt, now: number): Promise<void> {
    if (runner === null) return;
    const offeredAt = (lease?.expiresAt ?? now) - this.#deps.timing.offerMs;
    await this.#deps.store.unanswered(runner, offeredAt, now - aliveWithinMs(this.#deps));
  }

  async #reapParked(now: number, ended: string[]): Promise<void> {
    const parked = await this.#deps.store.parkedAttempts();
    if (parked.length === 0) return;
    const seen = new Map(
      (await this.#deps.store.presences()).map((presence) => [presence.runner, presence.seenAt]),
    );
    for (const open of parked) {
      const silentSince = open.runner === null ? 0 : (seen.get(open.runner) ?? 0);
      if (now - silentSince < this.#deps.timing.parkedSilenceMs) continue;
      await loseParkedAttempt(this.#deps, open.attempt);
      ended.push(open.attempt);
    }
  }
}
