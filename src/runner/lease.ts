/**
 * The right to run one attempt, renewed by heartbeats at a third of its length.
 *
 *     request starts        answered                                      the lease ends, here
 *     |---------------------|-----------------------|------|-------|------|
 *     trusted from here     renews every third      alone  TERM    KILL   margin
 *
 * It is trusted from the *start* of the request that renewed it, by this machine's boot clock. When no renewal was
 * answered in time the holder is *alone*, early enough that its agent is gone before the server may give the attempt
 * to another: that takes lease and grace, counted from when it answered, which was later.
 */
import type { HeartbeatAnswer } from '../contract/runner-protocol.ts';
import { type Clock, sleep } from './clock.ts';
import { failureOf } from './control-plane.ts';

export type Beat =
  | { kind: 'answer'; answer: HeartbeatAnswer }
  | { kind: 'stale'; reason: string }
  /** The server answered, and will not renew: this attempt was never accepted, or this runner may not. */
  | { kind: 'refused' }
  | { kind: 'unreachable' };

export interface LeaseEvents {
  answered(answer: HeartbeatAnswer): void;
  /** The attempt is not ours any more. */
  stale(reason: string): void;
  /** No renewal was answered: stop now. Called once. */
  alone(): void;
  /** The first of a row of renewals that were not answered. */
  failed(error: unknown): void;
}

export interface LeaseOptions {
  clock: Clock;
  leaseMs: number;
  /** Sends one heartbeat; throws as the control plane does. */
  beat: (timeoutMs: number) => Promise<HeartbeatAnswer>;
  events: LeaseEvents;
}

/** How long before the end of a lease its holder begins to stop, and how long SIGTERM may take then. */
export function stoppingTimes(leaseMs: number): { aloneBeforeMs: number; graceMs: number } {
  const marginMs = Math.max(100, leaseMs * 0.05);
  const killMs = Math.min(1500, leaseMs * 0.1);
  const graceMs = Math.min(5000, leaseMs / 6);
  return { aloneBeforeMs: marginMs + killMs + graceMs, graceMs };
}

export class Lease {
  readonly #options: LeaseOptions;
  #leaseMs: number;
  #trustedUntil = 0;
  #ended = new AbortController();
  #woken = new AbortController();
  #isPoked = false;
  #cancelAlone: (() => void) | undefined;
  #isAlone = false;
  #isFailing = false;
  #inFlight: Promise<unknown> = Promise.resolve();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs;
  }

  get leaseMs(): number {
    return this.#leaseMs;
  }

  /** By the monotonic clock. */
  get trustedUntil(): number {
    return this.#trustedUntil;
  }

  /** @param startedAt when the request that renewed it was sent, by the monotonic clock */
  renewedFrom(startedAt: number, leaseMs: number): void {
    this.#leaseMs = leaseMs;
    this.trustUntil(startedAt + leaseMs);
  }

  trustUntil(end: number): void {
    if (end < this.#trustedUntil) return;
    this.#trustedUntil = end;
    this.#cancelAlone?.();
    if (this.#isAlone || this.#ended.signal.aborted) return;
    const { clock, events } = this.#options;
    const inMs = end - stoppingTimes(this.#leaseMs).aloneBeforeMs - clock.monotonic();
    this.#cancelAlone = clock.setTimer(Math.max(0, inMs), () => {
      this.#isAlone = true;
      events.alone();
    });
  }

  /** Renews until `end`. @param isFresh it was renewed just now, so that the next is due in a third */
  start(isFresh = false): void {
    void this.#run(isFresh);
  }

  end(): void {
    this.#ended.abort();
    this.#woken.abort();
    this.#cancelAlone?.();
  }

  /** Renews now instead of at the next third; during a renewal, once more after it: that one may know too little. */
  poke(): void {
    this.#isPoked = true;
    this.#woken.abort();
  }

  /** One renewal that is sent after this call, not one already under way. */
  beatNow(): Promise<Beat> {
    const beat = this.#inFlight.then(() => this.#beat());
    this.#inFlight = beat;
    return beat;
  }

  async #run(isFresh: boolean): Promise<void> {
    const { clock, events } = this.#options;
    let failures = 0;
    let waitMs = isFresh ? this.#leaseMs / 3 : 0;
    for (;;) {
      if (waitMs > 0 && !(this.#isPoked && failures === 0)) {
        this.#woken = new AbortController();
        await sleep(clock, waitMs, AbortSignal.any([this.#woken.signal, this.#ended.signal]));
      }
      if (this.#ended.signal.aborted) return;
      this.#isPoked = false;
      const beat = await this.beatNow();
      if (this.#ended.signal.aborted) return;
      if (beat.kind === 'stale') {
        events.stale(beat.reason);
        return;
      }
      failures = beat.kind === 'answer' ? 0 : failures + 1;
      const third = this.#leaseMs / 3;
      waitMs =
        failures === 0 ? third : Math.min(third, 100 * 2 ** Math.min(failures, 6)) * (0.5 + clock.random());
    }
  }

  async #beat(): Promise<Beat> {
    const { clock, events, beat } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const answer = await beat(Math.floor(Math.max(1000, Math.min(10_000, this.#leaseMs / 3))));
      this.#isFailing = false;
      this.renewedFrom(startedAt, answer.leaseMs);
      events.answered(answer);
      return { kind: 'answer', answer };
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'stale' || failure === 'superseded') return { kind: 'stale', reason: reasonOf(error) };
      if (!this.#isFailing) events.failed(error);
      this.#isFailing = true;
      return { kind: failure === 'refused' ? 'refused' : 'unreachable' };
    }
  }
}

function reasonOf(error: unknown): string {
  const problem = (error as { problem?: { reason?: string; code?: string } }).problem;
  return problem?.reason ?? problem?.code ?? 'ended';
}
