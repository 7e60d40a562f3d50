/**
 * The runner: registers, polls for offers, and keeps one run for each thing that it accepted. What a run does is its
 * own business; here is only who runs, how many, and when all of it ends.
 *
 * Ends: it hands over (agents are given back as `stopped`, their work uploaded), at once or when it was left some time to
 * finish; it was told to drain, and nothing runs any more; a newer process under our name stops everything; the server
 * does not take it; and a runner that a server started goes when it has been alone for longer than any lease could last.
 */
import type { Containment } from '../domain/words.ts';
import { type Offer, offerId, type Polled } from '../contract/runner-protocol.ts';
import { AttemptRun } from './attempt/attempt-run.ts';
import type { AttemptContext } from './attempt/attempt-context.ts';
import { sleep } from './clock.ts';
import { ApiProblem } from '../client/api-client.ts';
import { RUNNER_PROTOCOL } from '../domain/runner-protocol.ts';
import { failureOf } from './control-plane.ts';
import { Once } from './once.ts';
import { makeMarker } from './processes/stray-processes.ts';
import { removeStrays, retireWorktrees } from './housekeeping.ts';
import type { Registration } from './ports.ts';
import { LandRun } from './land/land-run.ts';
import { SessionRun } from './session/session-run.ts';
import { VerifyRun, type VerifyContext } from './verify/verify-run.ts';

export interface RunnerSettings {
  name: string;
  slots: number;
  labels: string[];
  kinds: string[];
  version: string;
  containment: Containment[];
  exitWhenAlone: boolean;
  /** How long a draining runner waits for its last reports to be answered. */
  drainMs: number;
}

export type EndReason = 'drained' | 'superseded' | 'alone' | 'refused';

const POLL_WAIT_MS = 20_000;
/** A poll without news that was answered this fast was not held. */
const HASTY_MS = 200;
/** Beyond lease and grace, before a runner that a server started gives up on it. */
const ALONE_EXTRA_MS = 15_000;
/** What a server may be set to, where it does not say. */
const SHORTEST_OFFER_MS = 1000;
const HOUSEKEEPING_MS = 60_000;
const KEEP_SPARE_MS = 60 * 60_000;
/** After a start: what is got ready for the next must not be in its way. */
const READY_AFTER_MS = 250;
/** After an end: another attempt may be starting at once, and goes first. */
const SPARE_AFTER_MS = 50;
const NOT_TAKEN = ['runner_name_taken', 'runner_version_unsupported'];

export class Runner {
  readonly #settings: RunnerSettings;
  readonly #attempts: AttemptContext;
  readonly #working: VerifyContext;
  readonly #runs = new Map<string, AttemptRun>();
  /** One piece of work at a time. */
  #work: VerifyRun | LandRun | undefined;
  /** The orchestrator's, outside the slots. */
  #session: SessionRun | undefined;
  #registration: Registration | undefined;
  #bundleMaxBytes: number | null = null;
  #lastAnswer: number;
  readonly #ending = new Once<EndReason>();
  readonly #stopPolling = new AbortController();
  #interruptPoll = new AbortController();
  /** The mark under which a keeper waits for the next attempt. */
  #waiting: string | null = null;
  #isPreparing = false;
  /** Nothing more is taken; when nothing runs any more, it is over. */
  #isFinishing = false;
  /** What the server said when it did not take this runner. */
  refusal: string | null = null;

  constructor(
    settings: RunnerSettings,
    attempts: Omit<AttemptContext, 'leaseMs' | 'offerMs' | 'bundleMaxBytes'>,
    working: VerifyContext,
  ) {
    this.#settings = settings;
    this.#attempts = {
      ...attempts,
      leaseMs: () => this.#registration?.leaseMs ?? 30_000,
      offerMs: () => this.#registration?.offerMs ?? SHORTEST_OFFER_MS,
      bundleMaxBytes: () => this.#bundleMaxBytes,
    };
    this.#working = working;
    this.#lastAnswer = attempts.clock.monotonic();
    void this.#ending.promise.then(() => this.#stopPolling.abort());
  }

  /** No new offers; what runs may finish for so long, and is then stopped and given back. Said twice: at once. */
  drain(finishMs = 0): void {
    if (this.#isFinishing || finishMs === 0) {
      this.#ending.settle('drained');
      return;
    }
    void this.#finish();
    void sleep(this.#attempts.clock, finishMs, this.#stopPolling.signal).then(() =>
      this.#ending.settle('drained'),
    );
  }

  async #finish(): Promise<void> {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#attempts.log('runner drains', { running: this.#runs.size });
    this.#interruptPoll.abort();
    void this.#attempts.workspaces.dropSpares();
    while (!this.#ending.isSettled) {
      if (this.#runs.size === 0 && !this.#work && !this.#session) this.#ending.settle('drained');
      await sleep(this.#attempts.clock, 200, this.#stopPolling.signal);
    }
  }

  /** @returns when all is over, why */
  async run(): Promise<EndReason> {
    const { clock, log } = this.#attempts;
    this.#takeOver();
    const watching = this.#watchAlone();
    await this.#serve();
    const reason = await this.#ending.promise;
    log('runner is ending', { reason, running: this.#runs.size });
    if (reason === 'drained') await this.#sayDraining();
    for (const run of this.#runs.values()) run.end({ kind: 'stopped', reason: endReasons[reason] });
    this.#work?.cancel(endReasons[reason]);
    this.#session?.cancel(endReasons[reason]);
    const { processes, workspaces } = this.#attempts;
    const dismissed = this.#waiting === null ? [] : [processes.dismiss(this.#waiting)];
    const all = Promise.allSettled(
      [...this.#runs.values()]
        .map((run) => run.done)
        .concat(this.#work?.done ?? [], this.#session?.done ?? [], dismissed, workspaces.dropSpares()),
    );
    await Promise.race([all, sleep(clock, this.#settings.drainMs)]);
    await watching;
    return reason;
  }

  /** What an earlier life left: running agents are adopted, undelivered reports delivered, strays stopped. */
  #takeOver(): void {
    for (const record of this.#attempts.records.list()) {
      if (record.phase !== 'parked' && record.phase !== 'ended')
        this.#keep(AttemptRun.adopt(this.#attempts, record));
    }
    const kept = new Set([...this.#runs.values()].map((run) => run.record.marker));
    void removeStrays(this.#attempts, kept);
  }

  async #serve(): Promise<void> {
    const { clock, log } = this.#attempts;
    let waitMs = 0;
    let cleanAt = 0;
    while (!this.#ending.isSettled) {
      if (clock.monotonic() >= cleanAt) {
        cleanAt = clock.monotonic() + HOUSEKEEPING_MS;
        void this.#attempts.workspaces.dropSpares(KEEP_SPARE_MS);
        void retireWorktrees(this.#attempts, (attempt) => this.#runs.has(attempt));
      }
      try {
        const registration = (this.#registration ??= await this.#register());
        this.#interruptPoll = new AbortController();
        const askedAt = clock.monotonic();
        const answer = await this.#attempts.controlPlane.poll(
          registration.id,
          {
            freeSlots: this.#isFinishing ? 0 : this.#freeSlots(),
            waitMs: POLL_WAIT_MS,
            instance: registration.instance,
            known: this.#known(),
            ...(this.#isFinishing ? { draining: true } : {}),
          },
          AbortSignal.any([this.#stopPolling.signal, this.#interruptPoll.signal]),
        );
        this.#lastAnswer = clock.monotonic();
        waitMs = 0;
        if (this.#ending.isSettled) return;
        if (answer.drain === 'hand_over') this.drain();
        else if (answer.drain === 'finish') void this.#finish();
        // What cannot be taken or stopped comes again with every poll, at once; and a server (or a proxy) that does not
        // hold polls answers at once with nothing: no need to ask that fast.
        const { news, isLeft } = this.#take(answer);
        if (isLeft || (!news && clock.monotonic() - askedAt <= HASTY_MS)) waitMs = 250;
      } catch (error) {
        if (this.#ending.isSettled) return;
        if (this.#interruptPoll.signal.aborted) continue;
        waitMs = this.#failed(error, waitMs);
        log('server does not answer', { error: String(error), again: Math.round(waitMs) });
      }
      if (waitMs > 0) await sleep(clock, waitMs * (0.5 + clock.random()), this.#stopPolling.signal);
    }
  }

  #failed(error: unknown, waitMs: number): number {
    const failure = failureOf(error);
    if (failure === 'superseded') this.#ending.settle('superseded');
    if (error instanceof ApiProblem && NOT_TAKEN.includes(error.code)) {
      this.refusal = `${error.problem.detail} ${error.problem.advice}`;
      this.#ending.settle('refused');
    }
    // The server may not know us any more (another database), or not in this form: introduce ourselves again.
    if (failure === 'stale' || failure === 'refused') this.#registration = undefined;
    return Math.min(5000, Math.max(250, waitMs * 2));
  }

  async #register(): Promise<Registration> {
    const { name, slots, labels, kinds, version, containment } = this.#settings;
    const registration = await this.#attempts.controlPlane.register({
      name,
      slots,
      labels,
      kinds,
      version,
      containment,
      pid: process.pid,
      protocol: RUNNER_PROTOCOL,
    });
    this.#lastAnswer = this.#attempts.clock.monotonic();
    this.#bundleMaxBytes = registration.bundleMaxBytes ?? 0;
    this.#attempts.log('registered', { id: registration.id, leaseMs: registration.leaseMs });
    if (kinds.includes('attempt')) void this.#prepareKeeper();
    return registration;
  }

  /** @returns whether anything was new, and whether something stays that this runner can do nothing about */
  #take(answer: Polled): { news: boolean; isLeft: boolean } {
    const known = this.#known();
    const isKnown = (offer: Offer): boolean =>
      known.offers.some(({ id, fence }) => id === offerId(offer) && fence === offer.fence);
    for (const id of answer.stop) {
      const run = this.#runs.get(id);
      if (run) run.stop();
      else if (this.#work?.id === id) this.#work.poke();
      else if (this.#session?.id === id) this.#session.poke();
    }
    const unknown = answer.offers.filter((offer) => !isKnown(offer));
    const taken = unknown.filter((offer) => this.#accept(offer)).length;
    return {
      news: taken > 0 || answer.stop.some((id) => !known.stop.includes(id)),
      isLeft: unknown.length > taken || answer.stop.some((id) => !this.#runs.has(id)),
    };
  }

  /** What needs not be told again: the server holds a poll that has nothing else for us. */
  #known(): { offers: { id: string; fence: number }[]; stop: string[] } {
    const runs = [...this.#runs.values()];
    return {
      offers: [
        ...runs.map(({ record }) => ({ id: record.attempt, fence: record.fence })),
        ...[this.#work, this.#session].flatMap((work) => (work ? [{ id: work.id, fence: work.fence }] : [])),
      ],
      stop: runs.filter((run) => run.isTold).map((run) => run.record.attempt),
    };
  }

  #accept(offer: Offer): boolean {
    if (this.#isFinishing) return false;
    if (offer.kind === 'session') {
      if (this.#session) return false;
      const session = new SessionRun(this.#attempts, offer);
      this.#session = session;
      void session.done.finally(() => {
        if (this.#session === session) this.#session = undefined;
      });
      return true;
    }
    if (offer.kind !== 'attempt') {
      if (this.#work) return false;
      const run =
        offer.kind === 'verify' ? VerifyRun.start(this.#working, offer) : LandRun.start(this.#working, offer);
      this.#work = run;
      void run.done.finally(() => {
        if (this.#work === run) this.#work = undefined;
      });
      return true;
    }
    const current = this.#runs.get(offer.attempt);
    if (current && current.record.fence >= offer.fence) return false;
    if (this.#freeSlots() + (current && !current.released.isSettled ? 1 : 0) <= 0) return false;
    // What went before in this worktree must be over: the same attempt before it parked, or the one that is continued.
    const before = offer.continues ? this.#runs.get(offer.continues.attempt) : undefined;
    const previous = Promise.all([current?.done, before?.done]).then(() => undefined);
    const run = AttemptRun.accept(this.#attempts, offer, previous, this.#waiting);
    this.#waiting = null;
    this.#keep(run);
    void this.#readyAfter(run);
    return true;
  }

  #freeSlots(): number {
    const held = [...this.#runs.values()].filter((run) => !run.released.isSettled).length;
    return Math.max(0, this.#settings.slots - held);
  }

  /**
   * What the next attempt will need as well is made while there is time: the keeper once this one's agent runs, the worktree
   * once its agent is gone, as an agent that is at work could make our git run something.
   */
  async #readyAfter(run: AttemptRun): Promise<void> {
    const { clock, workspaces } = this.#attempts;
    await run.started.promise;
    await sleep(clock, READY_AFTER_MS, this.#stopPolling.signal);
    await this.#prepareKeeper();
    await run.released.promise;
    await sleep(clock, SPARE_AFTER_MS, this.#stopPolling.signal);
    await Promise.all([...this.#runs.values()].map((other) => other.started.promise));
    if (!this.#isFinishing && !this.#ending.isSettled)
      await workspaces.prepareSpare(run.record.offer.project);
  }

  async #prepareKeeper(): Promise<void> {
    const { processes, ownerTag, log } = this.#attempts;
    if (this.#waiting !== null || this.#isPreparing || this.#isFinishing || this.#ending.isSettled) return;
    this.#isPreparing = true;
    const marker = makeMarker('attempt', ownerTag);
    try {
      await processes.prepare(marker);
      if (this.#ending.isSettled) await processes.dismiss(marker);
      else this.#waiting = marker;
    } catch (error) {
      // Starting without takes longer, no more.
      log('no keeper waits', { error: String(error) });
    }
    this.#isPreparing = false;
  }

  #keep(run: AttemptRun): void {
    const id = run.record.attempt;
    this.#runs.set(id, run);
    void run.done.finally(() => {
      if (this.#runs.get(id) === run) this.#runs.delete(id);
    });
  }

  async #sayDraining(): Promise<void> {
    const { log, controlPlane } = this.#attempts;
    if (!this.#registration) return;
    const { id, instance } = this.#registration;
    try {
      const body = { freeSlots: 0, waitMs: 0, instance, draining: true };
      await controlPlane.poll(id, body, AbortSignal.timeout(2000));
    } catch (error) {
      log('could not say that it drains', { error: String(error) });
    }
  }

  async #watchAlone(): Promise<void> {
    const { clock } = this.#attempts;
    while (this.#settings.exitWhenAlone && !this.#ending.isSettled) {
      const { leaseMs, graceMs } = this.#registration ?? { leaseMs: 30_000, graceMs: 10_000 };
      if (clock.monotonic() - this.#lastAnswer > leaseMs + graceMs + ALONE_EXTRA_MS)
        this.#ending.settle('alone');
      await sleep(clock, 1000, this.#stopPolling.signal);
    }
  }
}

const endReasons: Record<EndReason, string> = {
  drained: 'runner_stopped',
  superseded: 'runner_superseded',
  alone: 'control_plane_unreachable',
  refused: 'runner_refused',
};
