/**
 * One attempt on this runner, from the offer to the last report that was answered.
 *
 *     accept ── worktree, setup ── one more renewal ── agent ──┐
 *        └────────── whatever ends it first: the *cause* ──────┤
 *                                                              └── stop the tree ── save the work ── report
 *
 * Anything may end it at any time: the agent exits, the server directs, a limit is reached, nobody answers, the runner
 * is told to stop. The first becomes the cause and is written down; the rest only repeats it. A life of the runner
 * that finds the record of an earlier one enters at the same places (`adopt`).
 */
import { appendFileSync } from 'node:fs';
import type { AttemptOffer, HeartbeatAnswer } from '../../contract/runner-protocol.ts';
import { TRANSCRIPT_STREAM } from '../../contract/transcript.ts';
import type { AgentEnd, AgentHost, Launch, RunningAgent } from '../adapters/adapter.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import { ProfileProblem } from '../environment.ts';
import type { Meter } from '../gateway/meter.ts';
import { Lease } from '../lease.ts';
import { Once } from '../once.ts';
import type { WorktreePlan } from '../git/worktrees.ts';
import { OutputPump } from '../output/output-pump.ts';
import { makeMarker } from '../processes/stray-processes.ts';
import type { Tree } from '../ports.ts';
import { agentHost } from './agent-host.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptFiles, AttemptRecord, Cause } from './attempt-record.ts';
import { closeAttempt, usageOf } from './closing.ts';
import { openMeter, secretsOf } from './open-meter.ts';
import {
  AttemptFailure,
  branchOf,
  launchOf,
  planWorktree,
  prepareWorktree,
  startAgent,
  unknownAdapter,
} from './prepare.ts';

const LOOK_MS = 100;
const TRACK_MS = 2000;
const HELD_POKE_MS = 1000;
/** A signal this long ago is what the directive is about. */
const RECENT_SIGNAL_MS = 20_000;

export class AttemptRun {
  readonly record: AttemptRecord;
  /** Settled when nothing of this run is left to do, whatever came of it. */
  readonly done: Promise<void>;
  /** Settled once the end is reported and the slot is free; output may still be on its way. */
  readonly released = new Once<true>();
  /** Settled when the agent has started, or never will. */
  readonly started = new Once<true>();
  /** That the server wants it to stop was heard. */
  isTold = false;
  readonly #context: AttemptContext;
  readonly #files: AttemptFiles;
  readonly #tree: Tree;
  readonly #lease: Lease;
  readonly #pump: OutputPump;
  readonly #cause = new Once<Cause>();
  readonly #halted = new AbortController();
  /** How long ago the agent last signalled, as the server said, and when it said so. */
  #signalledAt = 0;
  #sinceSignalMs: number | null | undefined;
  #isStarted = false;
  /** When the agent was last seen to wait for an answer. */
  #heldAt = 0;
  #agent: RunningAgent | undefined;
  #meter: Meter | undefined;

  /** @param marker under which a keeper waits already */
  static accept(
    context: AttemptContext,
    offer: AttemptOffer,
    previous: Promise<void>,
    marker: string | null,
  ): AttemptRun {
    const earlier = offer.resume ? context.records.load(offer.attempt) : undefined;
    const before = earlier ?? (offer.continues ? context.records.load(offer.continues.attempt) : undefined);
    const record: AttemptRecord = {
      attempt: offer.attempt,
      number: offer.number,
      ticket: offer.ticket,
      project: offer.project.key,
      fence: offer.fence,
      offer,
      phase: 'preparing',
      marker: marker ?? makeMarker(offer.attempt, context.ownerTag),
      bootId: context.bootId,
      keepers: [],
      agentKeeper: null,
      worktree: earlier?.worktree ?? null,
      branch: earlier?.branch ?? null,
      base: earlier?.base ?? null,
      url: null,
      startedAt: null,
      trustedUntil: 0,
      leaseMs: context.leaseMs(),
      session: offer.resume?.session ?? null,
      memory: before?.memory ?? {},
      metered: null,
      cause: null,
      endedAt: null,
    };
    return new AttemptRun(context, record, (run) => previous.then(() => run.#begin()));
  }

  /** Goes on where an earlier life of the runner was cut off. */
  static adopt(context: AttemptContext, record: AttemptRecord): AttemptRun {
    return new AttemptRun(context, record, (run) => run.#goOn());
  }

  private constructor(
    context: AttemptContext,
    record: AttemptRecord,
    life: (run: AttemptRun) => Promise<void>,
  ) {
    this.#context = context;
    this.record = record;
    this.#files = context.records.files(record.attempt);
    this.#files.create();
    this.#tree = context.processes.tree(record.marker, record.keepers);
    this.#pump = this.#makePump();
    this.#lease = new Lease({
      clock: context.clock,
      leaseMs: record.leaseMs,
      beat: (timeoutMs) =>
        context.controlPlane.attempt<HeartbeatAnswer>(
          record.attempt,
          'heartbeat',
          this.#heartbeat(),
          timeoutMs,
        ),
      events: {
        answered: (answer) => this.#answered(answer),
        stale: (reason) => this.end({ kind: 'stale', reason }),
        alone: () => this.end({ kind: 'stopped', reason: 'control_plane_unreachable' }),
        failed: (error) => context.log('heartbeat failed', { attempt: record.attempt, error: String(error) }),
      },
    });
    void this.#cause.promise.then((cause) => {
      record.cause = cause;
      this.#halted.abort();
    });
    this.done = life(this)
      .catch((error: unknown) =>
        context.log('attempt run broke', { attempt: record.attempt, error: describe(error) }),
      )
      .finally(() => {
        void context.processes.dismiss(record.marker);
        this.#lease.end();
        this.started.settle(true);
        this.released.settle(true);
      });
  }

  /** The first cause stands. */
  end(cause: Cause): void {
    this.#cause.settle(cause);
  }

  /** The server wants it to stop: why, and into what, says the next renewal, which is sent at once. */
  stop(): void {
    this.isTold = true;
    this.#lease.poke();
  }

  async #begin(): Promise<void> {
    const { clock, records } = this.#context;
    const plan = planWorktree(this.#context, this.record, this.#halted.signal);
    // The base belongs into the acceptance; a clone that takes long must not cost the offer.
    const known = await Promise.race([
      plan.catch(() => null),
      sleep(clock, this.#context.offerMs() / 2).then(() => null),
    ]);
    // Written down first: a life that ends between acceptance and its answer must not leave an attempt to nobody.
    const parked = records.load(this.record.attempt);
    this.#save();
    if (!(await this.#accept({ base: known?.base, branch: branchOf(this.record) }))) {
      this.#halted.abort();
      await plan.catch(() => null);
      if (parked) records.save(parked);
      else records.remove(this.record.attempt);
      return;
    }
    this.#lease.start(true);
    this.#pump.start();
    const working = this.#prepare(plan, known !== null).catch((error: unknown) => {
      const reason = error instanceof AttemptFailure ? error.message : `runner_error: ${describe(error)}`;
      this.end({ kind: 'failed', reason });
    });
    await this.#cause.promise;
    await working;
    await this.#close();
  }

  async #goOn(): Promise<void> {
    const { context, record } = { context: this.#context, record: this.record };
    const sameBoot = record.bootId === context.bootId;
    const isLeaseGood = sameBoot && record.trustedUntil > context.clock.monotonic();
    if (record.cause) this.end(record.cause);
    else if (record.phase === 'preparing') this.end({ kind: 'stopped', reason: 'runner_restarted' });
    else if (!isLeaseGood) this.end({ kind: 'stopped', reason: 'lease_expired_while_runner_was_down' });
    if (isLeaseGood) this.#lease.trustUntil(record.trustedUntil);
    this.#isStarted = record.phase !== 'preparing';
    this.#lease.start();
    this.#pump.start();
    if (!this.#cause.isSettled) {
      this.#openMeter();
      const adapter = context.adapters[record.offer.profile.adapter];
      const keeper = record.agentKeeper;
      this.#agent = (keeper && adapter?.adopt(keeper, this.#host(), this.#launch())) ?? undefined;
      if (this.#agent) {
        context.log('adopted a running agent', { attempt: record.attempt });
        await this.#watch(this.#agent);
      } else this.end({ kind: 'stopped', reason: 'runner_restarted' });
    }
    await this.#cause.promise;
    await this.#close();
  }

  async #prepare(plan: Promise<WorktreePlan>, isAnnounced: boolean): Promise<void> {
    const context = this.#context;
    const preparation = {
      context,
      record: this.record,
      files: this.#files,
      tree: this.#tree,
      save: () => this.#save(),
      note: (text: string) => this.#note(text),
      host: this.#host(),
      signal: this.#halted.signal,
      plan,
      announce: async ({ base, branch }: WorktreePlan) => {
        if (!isAnnounced) await this.#accept({ base, branch });
      },
      mayStart: async () => {
        const beat = await this.#lease.beatNow();
        return beat.kind === 'answer' && beat.answer.directive === 'continue' && !this.#cause.isSettled;
      },
    };
    const { adapter } = this.record.offer.profile;
    if (!context.adapters[adapter]) throw new AttemptFailure(unknownAdapter(context, adapter));
    await prepareWorktree(preparation);
    if (this.#cause.isSettled) return;
    this.#openMeter();
    const agent = await startAgent(preparation);
    if (!agent) {
      this.end({ kind: 'stopped', reason: 'control_plane_unreachable' });
      return;
    }
    this.#agent = agent;
    this.#isStarted = true;
    this.started.settle(true);
    this.#pump.lastGrowth = context.clock.monotonic();
    this.#lease.poke();
    await this.#watch(agent);
  }

  /** Until something is the cause: looks at the agent, the limits and the server's address. */
  async #watch(agent: RunningAgent): Promise<void> {
    const { clock, controlPlane } = this.#context;
    const { profile } = this.record.offer;
    const startedAt = this.record.startedAt ?? clock.monotonic();
    // Not while it starts: there is nothing to lose sight of yet.
    let trackAt = startedAt + LOOK_MS;
    let pokeAt = 0;
    while (!this.#cause.isSettled) {
      const now = clock.monotonic();
      const state = agent.state();
      if (this.#meter?.isSpent) {
        // Whose budget it was, and what that means for the ticket, is the control plane's to say.
        this.end({ kind: 'failed', reason: 'budget_exhausted' });
        return;
      }
      if (state !== 'running') {
        this.end(this.#causeOf(state));
        return;
      }
      if (now - startedAt > profile.timeoutSeconds * 1000) this.end({ kind: 'timed_out', reason: 'timeout' });
      if (this.#quietMs(now) > profile.stallSeconds * 1000 && (await this.#isStalled())) {
        this.end({ kind: 'timed_out', reason: 'stalled' });
      }
      // An answer is wanted at once, not with the next renewal.
      if (agent.isHeld() && now >= pokeAt) {
        this.#lease.poke();
        pokeAt = now + HELD_POKE_MS;
      }
      if (now >= trackAt) {
        this.#tree.track();
        trackAt = now + TRACK_MS;
        const url = this.record.url;
        if (url !== null && isMoved(controlPlane, url) && !(await controlPlane.isAnswering(url))) {
          this.end({ kind: 'stopped', reason: 'server_moved' });
        }
      }
      await sleep(clock, LOOK_MS, this.#halted.signal);
    }
  }

  #quietMs(now: number): number {
    if (this.#agent?.isHeld()) this.#heldAt = now;
    return now - Math.max(this.#heldAt, this.#pump.lastGrowth, this.#signalledAt, this.record.startedAt ?? 0);
  }

  /** Signals go from the agent to the server directly, so the server is asked before anyone is called silent. */
  async #isStalled(): Promise<boolean> {
    await this.#lease.beatNow();
    return this.#quietMs(this.#context.clock.monotonic()) > this.record.offer.profile.stallSeconds * 1000;
  }

  async #close(): Promise<void> {
    this.record.phase = 'closing';
    this.#save();
    await this.#context.processes.dismiss(this.record.marker);
    await closeAttempt({
      context: this.#context,
      record: this.record,
      files: this.#files,
      tree: this.#tree,
      lease: this.#lease,
      pump: this.#pump,
      agent: this.#agent,
      save: () => this.#save(),
      note: (text) => this.#note(text),
      // One that was cancelled or paused has no last word; where the server does not say, it may have.
      hasSignalled: this.#sinceSignalMs === undefined || (this.#sinceSignalMs ?? Infinity) < RECENT_SIGNAL_MS,
      released: () => {
        this.released.settle(true);
      },
    });
    this.#context.gateway?.close(this.record.attempt);
  }

  /** @returns whether the attempt is ours. An answer that got lost is asked for again: accepting twice is accepting. */
  async #accept(where: { base?: string; branch?: string }): Promise<boolean> {
    const { clock, controlPlane, log } = this.#context;
    const givesUpAt = clock.monotonic() + this.record.leaseMs;
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2000)) {
      const startedAt = clock.monotonic();
      try {
        await controlPlane.attempt(this.record.attempt, 'accept', { fence: this.record.fence, ...where });
        this.#lease.renewedFrom(startedAt, this.record.leaseMs);
        return true;
      } catch (error) {
        const failure = failureOf(error);
        if (failure !== 'retry' || clock.monotonic() > givesUpAt || this.#cause.isSettled) {
          log('offer was not accepted', { attempt: this.record.attempt, error: describe(error) });
          return false;
        }
      }
      await sleep(clock, waitMs * (0.5 + clock.random()), this.#halted.signal);
    }
  }

  /** What the gateway refuses to an agent ends the attempt, as a limit or failure of its provider would. */
  #openMeter(): void {
    try {
      const { offer, metered } = this.record;
      this.#meter = openMeter(this.#context, offer, metered) ?? undefined;
      // The same object: it is saved with every renewal.
      this.record.metered = this.#meter?.used ?? null;
    } catch (error) {
      throw error instanceof ProfileProblem
        ? new AttemptFailure(`profile_unusable: ${error.message}`)
        : error;
    }
  }

  /** An agent that left without a result right after its provider refused it for a time was held up, and did not fail. */
  #causeOf(end: AgentEnd): Cause {
    const cause = causeOf(end);
    const until = this.#meter?.rateLimitedUntil ?? null;
    if (until === null || until <= this.#context.clock.now() || cause.kind === 'rate_limited') return cause;
    return { kind: 'rate_limited', reason: 'provider_rate_limited', notBefore: until };
  }

  #heartbeat(): Record<string, unknown> {
    const usage = usageOf(this.record, this.#agent);
    return { fence: this.record.fence, started: this.#isStarted || undefined, usage };
  }

  #answered(answer: HeartbeatAnswer): void {
    const now = this.#context.clock.monotonic();
    this.#sinceSignalMs = answer.sinceSignalMs;
    if (typeof answer.sinceSignalMs === 'number') this.#signalledAt = now - answer.sinceSignalMs;
    for (const { question, choice } of answer.answers ?? []) this.#agent?.answer(question, choice);
    this.#meter?.allow(answer.budget ?? {});
    if (answer.directive !== 'continue') this.end({ kind: 'directive', directive: answer.directive });
    if (this.#lease.trustedUntil !== this.record.trustedUntil) this.#save();
  }

  #host(): AgentHost {
    return agentHost({
      context: this.#context,
      record: this.record,
      files: this.#files,
      tree: this.#tree,
      lease: this.#lease,
      save: () => this.#save(),
      note: (text) => this.#note(text),
      end: (cause) => this.end(cause),
      signal: this.#halted.signal,
    });
  }

  #launch(): Launch {
    const { url } = this.record;
    return launchOf(this.#context, this.record, this.#files, url ?? this.#context.controlPlane.url);
  }

  #makePump(): OutputPump {
    const { clock, controlPlane } = this.#context;
    const { record } = this;
    return new OutputPump({
      sources: [
        { stream: 'setup', path: this.#files.setup },
        { stream: 'stdout', path: this.#files.stdout },
        { stream: TRANSCRIPT_STREAM, path: this.#files.transcript },
        // What an agent that speaks a protocol logs there says nothing of how far it is.
        { stream: 'stderr', path: this.#files.stderr, isNoSign: record.offer.profile.adapter === 'acp' },
        { stream: 'runner', path: this.#files.notes },
      ],
      cursor: this.#files.cursor,
      ...(this.#context.outputCapBytes === undefined ? {} : { capBytes: this.#context.outputCapBytes }),
      secrets: secretsOf(this.#context, record.offer),
      clock,
      // Numbers must not repeat, even if this runner lost what it knew of the attempt when it was parked.
      firstSeq: record.offer.resume ? record.fence * 100_000 : 1,
      send: async (items) => {
        try {
          await controlPlane.attempt(record.attempt, 'output', { fence: record.fence, items });
          return 'sent';
        } catch (error) {
          const failure = failureOf(error);
          if (failure !== 'retry')
            this.#context.log('output refused', { attempt: record.attempt, error: describe(error) });
          return failure === 'retry' ? 'retry' : 'refused';
        }
      },
    });
  }

  #note(text: string): void {
    appendFileSync(this.#files.notes, `${text}\n`);
  }

  #save(): void {
    this.record.trustedUntil = this.#lease.trustedUntil;
    this.record.leaseMs = this.#lease.leaseMs;
    this.#context.records.save(this.record);
  }
}

function causeOf({ outcome, reason, notBefore, exitCode }: AgentEnd): Cause {
  if (outcome === 'rate_limited')
    return { kind: outcome, reason: reason ?? outcome, notBefore: notBefore ?? 0 };
  if (outcome === 'failed') return { kind: outcome, reason: reason ?? 'agent_failed' };
  return { kind: 'exited', exitCode };
}

function isMoved(controlPlane: AttemptContext['controlPlane'], url: string): boolean {
  try {
    return controlPlane.url !== url;
  } catch {
    return false;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
