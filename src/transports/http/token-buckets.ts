/**
 * How many requests each caller may make: a bucket of tokens that fills at a steady rate and empties by one a request
 * (the token bucket of RFC 2697, without colours). Kept by one server for itself.
 */
interface Bucket {
  left: number;
  at: number;
}

/** Whoever makes one request may make so many seconds' worth at once. */
const BURST_SECONDS = 10;
/** Beyond it full buckets are thrown away: a new one is as good. */
const MOST = 10_000;

export class TokenBuckets {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes one for a request. @param perSecond 0 is no limit @returns false where none is left: try again in a second */
  take(caller: string, perSecond: number): boolean {
    if (perSecond === 0) return true;
    const now = this.#now();
    const most = perSecond * BURST_SECONDS;
    const before = this.#buckets.get(caller);
    const left = before ? Math.min(most, before.left + ((now - before.at) / 1000) * perSecond) : most;
    if (!before && this.#buckets.size >= MOST) this.#forgetFull(now);
    this.#buckets.set(caller, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }

  #forgetFull(now: number): void {
    for (const [caller, { at }] of this.#buckets) {
      if (now - at >= BURST_SECONDS * 1000) this.#buckets.delete(caller);
    }
  }
}
