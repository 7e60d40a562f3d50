/**
 * One piece of work of the control plane (a verification, a landing) as its runner holds it: accepted, renewed by
 * heartbeats, broken off when it is no longer ours, and reported until the report is answered or the lease is over.
 */
import { type Clock, sleep } from './clock.ts';
import { failureOf } from './control-plane.ts';
import { Lease } from './lease.ts';
import type { Log } from './log.ts';
import { Once } from './once.ts';
import type { ControlPlane, WorkHeartbeat } from './ports.ts';

/** How a run that uses models is held to its budget: what it used goes with each heartbeat, what it may use comes back. */
export interface Metering {
  used: () => object;
  allow: (budget: NonNullable<WorkHeartbeat['budget']>) => void;
}

export interface WorkContext {
  clock: Clock;
  log: Log;
  controlPlane: ControlPlane;
}

export class WorkSession {
  readonly id: string;
  readonly fence: number;
  readonly lease: Lease;
  /** Why it was broken off, if it was. */
  readonly cancelled = new Once<string>();
  readonly #context: WorkContext;
  readonly #halted = new AbortController();
  readonly #metering: Metering | null;

  constructor(
    context: WorkContext,
    offer: { work: string; fence: number },
    metering: Metering | null = null,
  ) {
    this.#metering = metering;
    this.id = offer.work;
    this.fence = offer.fence;
    this.#context = context;
    this.lease = new Lease({
      clock: context.clock,
      leaseMs: 30_000,
      beat: async (timeoutMs) => {
        const answer = await context.controlPlane.work<Partial<WorkHeartbeat> | undefined>(
          offer.work,
          'heartbeat',
          { fence: offer.fence, ...metering?.used() },
          timeoutMs,
        );
        this.#allow(answer);
        return {
          leaseMs: answer?.leaseMs ?? this.lease.leaseMs,
          directive: answer?.directive ?? 'continue',
        };
      },
      events: {
        answered: (answer) => {
          if (answer.directive !== 'continue') this.cancel('stopped_by_control_plane');
        },
        stale: () => this.cancel('stale'),
        alone: () => this.cancel('control_plane_unreachable'),
        failed: (error) => context.log('work heartbeat failed', { work: offer.work, error: String(error) }),
      },
    });
    void this.cancelled.promise.then(() => this.#halted.abort());
  }

  /** Aborted once it is broken off. */
  get signal(): AbortSignal {
    return this.#halted.signal;
  }

  cancel(reason: string): void {
    this.cancelled.settle(reason);
  }

  async accept(): Promise<boolean> {
    const { clock, controlPlane, log } = this.#context;
    for (let n = 0; n < 5; n++) {
      const startedAt = clock.monotonic();
      try {
        const answer = await controlPlane.work<Partial<WorkHeartbeat> | undefined>(this.id, 'accept', {
          fence: this.fence,
        });
        this.#allow(answer);
        this.lease.renewedFrom(startedAt, answer?.leaseMs ?? this.lease.leaseMs);
        this.lease.start();
        return true;
      } catch (error) {
        log('work was not accepted', { work: this.id, error: String(error) });
        if (failureOf(error) !== 'retry') return false;
        await sleep(clock, 300, this.#halted.signal);
      }
    }
    return false;
  }

  #allow(answer: Partial<WorkHeartbeat> | undefined): void {
    if (answer?.budget) this.#metering?.allow(answer.budget);
  }

  /** Until answered; work whose report never arrives is offered again when its lease is over. */
  async report(body: Record<string, unknown>): Promise<void> {
    const { clock, controlPlane, log } = this.#context;
    if (this.cancelled.value === 'stale') return;
    for (let waitMs = 200; clock.monotonic() < this.lease.trustedUntil; waitMs = Math.min(waitMs * 2, 3000)) {
      try {
        await controlPlane.work(this.id, 'end', { fence: this.fence, ...body }, 20_000);
        return;
      } catch (error) {
        log('result was not accepted', { work: this.id, error: String(error) });
        if (failureOf(error) !== 'retry') return;
      }
      // Work that was broken off is offered again anyway.
      if (this.cancelled.isSettled && waitMs > 1000) return;
      await sleep(clock, waitMs);
    }
  }
}
