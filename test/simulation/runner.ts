/**
 * A runner as the protocol sees it, with its agents: it polls, accepts, renews, signals, parks and ends, over a network
 * that loses, doubles and delays messages; it crashes and comes back with or without its memory; it is paused past its
 * lease. What it does with its own processes follows the rules for runners; its agents do whatever they like.
 */
import type { LandOffer, Offer, SessionOffer } from '../../src/contract/runner-protocol.ts';
import type { Runner } from '../../src/domain/config.ts';
import { isRefusal } from '../../src/domain/refusal.ts';
import {
  acceptAttempt,
  endAttempt,
  heartbeatAttempt,
  parkAttempt,
  requestPermission,
  signalAttempt,
} from '../../src/services/attempts.ts';
import type { Caller } from '../../src/services/deps.ts';
import { pollOnce, registerRunner, runnerFor } from '../../src/services/runners.ts';
import type { Outcome } from '../../src/domain/words.ts';
import { landWork } from './landing.ts';
import { runSession } from './session.ts';
import { type VerifyOffer, verifyWork } from './verification.ts';
import type { World } from './world.ts';

interface Agent {
  attempt: string;
  ticket: string;
  fence: number;
  alive: boolean;
  /** When the request that last renewed the lease was sent. */
  renewedAt: number;
  commits: number;
  head: string;
  /** What the runner owes the server about it, until it is answered. */
  owes: { kind: 'end' | 'park'; outcome: Outcome } | null;
  hasPermissionOpen: boolean;
}

class MessageLost extends Error {}

const LEASE_MS = 3000;
const MARGIN_MS = 500;

export class SimRunner {
  readonly #world: World;
  readonly name: string;
  readonly #caller: Caller;
  #id: string | null = null;
  #instance: string | undefined;
  #agents: Agent[] = [];
  readonly #taking = new Set<string>();
  #work: VerifyOffer[] = [];
  #lands: LandOffer[] = [];
  #sessions: SessionOffer[] = [];

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.#caller = { actor: { kind: 'runner', id: `run_${name}` }, role: 'runner', tokenId: `tok_${name}` };
  }

  get idle(): boolean {
    return (
      this.#agents.length === 0 &&
      this.#work.length === 0 &&
      this.#lands.length === 0 &&
      this.#sessions.length === 0
    );
  }

  /** Paused (SIGSTOP, a sleeping laptop) until then. */
  pausedUntil = 0;

  /** One random thing that this runner or one of its agents does. */
  async act(): Promise<void> {
    const { random } = this.#world;
    if (this.#world.faulty && this.pausedUntil > this.#world.now) return undefined;
    if (this.#world.faulty && random.chance(0.02)) {
      this.pausedUntil = this.#world.now + random.below(10_000);
      return undefined;
    }
    if (this.#id === null) return this.#register();
    const agent = this.#agents.length === 0 ? null : random.pick(this.#agents);
    const choices: [number, () => Promise<void>][] = [[3, () => this.#poll()]];
    if (this.#work.length > 0) choices.push([4, () => this.#verify()]);
    if (this.#lands.length > 0) choices.push([4, () => this.#land()]);
    if (this.#sessions.length > 0) choices.push([4, () => this.#session()]);
    if (agent) {
      choices.push(
        [4, () => this.#heartbeat(agent)],
        [agent.alive ? 5 : 0, () => this.#agentActs(agent)],
        [agent.owes ? 5 : 0, () => this.#report(agent)],
      );
    }
    if (this.#world.faulty) choices.push([0.3, () => this.#crash()]);
    return random.weighted(choices)();
  }

  /** What a healthy runner does when its world has healed: everything that is due, in order. */
  async settle(): Promise<void> {
    if (this.#id === null) await this.#register();
    await this.#poll();
    for (const agent of this.#agents.slice()) {
      await this.#heartbeat(agent);
      if (agent.owes) await this.#report(agent);
      else if (agent.alive) await this.#finish(agent);
    }
    while (this.#work.length > 0) await this.#verify();
    while (this.#lands.length > 0) await this.#land();
    while (this.#sessions.length > 0) await this.#session();
  }

  async #call<T>(what: string, run: () => Promise<T>): Promise<T> {
    const { random } = this.#world;
    if (!this.#world.faulty) return run();
    const fate = random.next();
    if (fate < 0.04) throw new MessageLost(`${what}: request lost`);
    if (fate < 0.08) {
      await run();
      throw new MessageLost(`${what}: answer lost`);
    }
    if (fate < 0.11) {
      await run();
      return run();
    }
    if (fate < 0.13) {
      // It arrives, much later, when nobody waits for it any more.
      const { scheduler } = this.#world;
      scheduler.start(async () => {
        for (let i = random.below(40); i > 0; i -= 1) await scheduler.point(0);
        await run().catch(() => undefined);
      });
      throw new MessageLost(`${what}: late`);
    }
    return run();
  }

  async #try(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof MessageLost) && !String(error).includes('injected failure')) throw error;
      this.#world.note(`${this.name} ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #register(): Promise<void> {
    return this.#try('registers', async () => {
      const { deps } = this.#world.anyServer();
      const result = await this.#call('register', () =>
        registerRunner(deps, this.#caller, {
          name: this.name,
          slots: 2,
          labels: [],
          kinds: ['attempt', 'verify', 'land', 'session'],
          software: '1',
          pid: 1,
          protocol: 2,
          containment: [],
        }),
      );
      if (isRefusal(result)) return;
      this.#id = result.id;
      this.#instance = result.instance;
    });
  }

  #poll(): Promise<void> {
    return this.#try('polls', async () => {
      const { deps } = this.#world.anyServer();
      const runner: Runner | { refused: true } = (await runnerFor(
        deps,
        this.#caller,
        this.#id ?? '',
        this.#instance,
      )) as never;
      if (isRefusal(runner)) {
        this.#id = null;
        return;
      }
      await deps.store.seen((runner as Runner).id, await deps.store.now(), false);
      const { offers, stop } = await this.#call('poll', () =>
        pollOnce(deps, runner as Runner, { freeSlots: 2 }),
      );
      for (const offer of offers) {
        if (offer.kind === 'attempt') await this.#take(offer);
        else if (offer.kind === 'land') this.#lands.push(offer);
        else if (offer.kind === 'session') this.#sessions.push(offer);
        else if (
          offer.kind === 'verify' &&
          !this.#work.some((own) => own.work === offer.work && own.fence === offer.fence)
        )
          this.#work.push(offer);
      }
      for (const id of stop) {
        const agent = this.#agents.find((candidate) => candidate.attempt === id);
        if (agent) await this.#heartbeat(agent);
        else if (this.#world.random.chance(0.5)) await this.#reportUnknown(id);
      }
    });
  }

  async #take(offer: Extract<Offer, { kind: 'attempt' }>): Promise<void> {
    if (this.#agents.some((agent) => agent.attempt === offer.attempt && agent.fence === offer.fence)) return;
    // Two answers to its polls may name the same offer: the real one notes what it takes before it asks anybody.
    const run = `${offer.attempt} ${offer.fence}`;
    if (this.#taking.has(run)) return;
    this.#taking.add(run);
    await this.#start(offer).finally(() => this.#taking.delete(run));
  }

  async #start(offer: Extract<Offer, { kind: 'attempt' }>): Promise<void> {
    const { deps } = this.#world.anyServer();
    const who = { attempt: offer.attempt, fence: offer.fence };
    const accepted = await this.#call('accept', () =>
      acceptAttempt(deps, this.#caller, { ...who, base: 'base', branch: null }),
    );
    if (isRefusal(accepted)) return;
    const sentAt = this.#world.now;
    // The first renewal is answered right before the agent starts: a ticket that moved meanwhile is not started.
    const renewed = await this.#call('first heartbeat', () => heartbeatAttempt(deps, this.#caller, who));
    if (isRefusal(renewed) || renewed.directive !== 'continue') return;
    this.#agents = this.#agents.filter((agent) => agent.attempt !== offer.attempt);
    this.#agents.push({
      ...who,
      ticket: offer.ticket,
      alive: true,
      renewedAt: sentAt,
      commits: 0,
      head: 'base',
      owes: null,
      hasPermissionOpen: false,
    });
    this.#world.prompts.push({
      ticket: offer.ticket,
      attempt: offer.attempt,
      seq: (await this.#world.store.head()).seq,
      text: offer.prompt,
    });
    this.#world.note(`${this.name} starts ${offer.attempt} of ${offer.ticket}, fence ${offer.fence}`);
  }

  #heartbeat(agent: Agent): Promise<void> {
    return this.#try('renews', async () => {
      if (agent.alive && this.#world.now - agent.renewedAt >= LEASE_MS - MARGIN_MS) {
        // Alone for too long by its own clock: it stops its agent before the lease can run out.
        this.#kill(agent, { kind: 'end', outcome: 'stopped' });
        return;
      }
      const { deps } = this.#world.anyServer();
      const sentAt = this.#world.now;
      const renewed = await this.#call('heartbeat', () => heartbeatAttempt(deps, this.#caller, agent));
      if (isRefusal(renewed)) {
        this.#drop(agent);
        return;
      }
      agent.renewedAt = sentAt;
      if (renewed.directive === 'park') this.#kill(agent, { kind: 'park', outcome: 'stopped' });
      if (renewed.directive === 'stop') this.#kill(agent, { kind: 'end', outcome: 'stopped' });
    });
  }

  #kill(agent: Agent, owes: NonNullable<Agent['owes']>): void {
    agent.alive = false;
    // A child that left the tree may go on talking, also after its attempt has been resumed under a new token.
    this.#world.zombies.push({ attempt: agent.attempt, fence: agent.fence });
    agent.owes ??= owes;
    if (owes.kind === 'park') agent.owes = owes;
  }

  #drop(agent: Agent): void {
    this.#agents = this.#agents.filter((candidate) => candidate !== agent);
  }

  /** What an agent does is its own affair; everything it says is a claim. */
  #agentActs(agent: Agent): Promise<void> {
    const { random } = this.#world;
    const { deps } = this.#world.anyServer();
    const caller: Caller = { actor: { kind: 'attempt', id: agent.attempt }, role: 'attempt' };
    const say = (signal: Parameters<typeof signalAttempt>[3]) =>
      this.#call(signal.type, () => signalAttempt(deps, caller, agent, signal));
    return this.#try('agent', async () => {
      await random.weighted<() => Promise<unknown>>([
        [3, () => say({ type: 'progress', text: 'working' })],
        [2, () => Promise.resolve(this.#commit(agent))],
        [
          1,
          () =>
            say({
              type: 'ask',
              text: `What now, ${this.#world.newId('ask')}?`,
              choices: random.chance(0.5) ? ['A', 'B'] : [],
            }),
        ],
        [
          3,
          () =>
            say({
              type: 'submit',
              summary: 'verified, fixed',
              ...(agent.head === 'base' ? {} : { commit: agent.head }),
            }),
        ],
        [0.7, () => say({ type: 'fail', reason: 'cannot', retry: random.chance(0.7) })],
        [
          0.7,
          () =>
            Promise.resolve(
              this.#kill(agent, {
                kind: 'end',
                outcome: random.pick(['failed', 'timed_out', 'rate_limited']),
              }),
            ),
        ],
        [0.5, () => this.#askPermission(agent)],
        [0.5, () => this.#holdEnds(agent)],
      ])();
    });
  }

  #commit(agent: Agent): void {
    agent.commits += 1;
    agent.head =
      this.#world.servers[0]?.deps.sha256(`${agent.attempt} ${agent.fence} ${agent.commits}`).slice(0, 40) ??
      '';
    if (this.#world.random.chance(this.#world.faulty ? 0.6 : 1)) this.#world.goodCommits.add(agent.head);
  }

  async #askPermission(agent: Agent): Promise<void> {
    const { deps } = this.#world.anyServer();
    const choices = [
      { id: 'yes', label: 'Yes' },
      { id: 'no', label: 'No' },
    ];
    const result = await this.#call('permission', () =>
      requestPermission(deps, this.#caller, {
        ...agent,
        text: `May I, ${this.#world.newId('per')}?`,
        choices,
      }),
    );
    if (!isRefusal(result)) agent.hasPermissionOpen = true;
  }

  async #holdEnds(agent: Agent): Promise<void> {
    if (!agent.hasPermissionOpen) return;
    const { deps } = this.#world.anyServer();
    const result = await this.#call('park', () =>
      parkAttempt(deps, this.#caller, { ...agent, session: 'session', treeGone: false }),
    );
    if (!isRefusal(result)) this.#kill(agent, { kind: 'park', outcome: 'stopped' });
  }

  #report(agent: Agent): Promise<void> {
    return this.#try('reports', async () => {
      const { owes } = agent;
      if (!owes) return;
      const { deps } = this.#world.anyServer();
      const result =
        owes.kind === 'park'
          ? await this.#call('park', () =>
              parkAttempt(deps, this.#caller, { ...agent, session: 'session', treeGone: true }),
            )
          : await this.#call('end', () =>
              endAttempt(
                deps,
                this.#caller,
                {
                  attempt: agent.attempt,
                  fence: agent.fence,
                  outcome: owes.outcome,
                  reason: null,
                  exitCode: 0,
                  head: agent.head,
                  session: null,
                  usage: { usd: 0.01, inputTokens: 1, outputTokens: 1 },
                  notBefore: null,
                  treeGone: true,
                },
                undefined,
              ),
            );
      if (!isRefusal(result) || result.code === 'stale_attempt') this.#drop(agent);
    });
  }

  /** Told to stop something it does not know (it forgot, or never got the answer): its tree is gone. */
  #reportUnknown(attempt: string): Promise<void> {
    return this.#try('reports unknown', async () => {
      const open = (await this.#world.store.attemptsOfRunner(this.#id ?? '')).find(
        (candidate) => candidate.attempt === attempt,
      );
      if (!open) return;
      const agent: Agent = {
        attempt,
        ticket: open.ticket,
        fence: open.fence,
        alive: false,
        renewedAt: 0,
        commits: 0,
        head: 'base',
        owes: { kind: 'end', outcome: 'stopped' },
        hasPermissionOpen: false,
      };
      await this.#report(agent);
    });
  }

  /** After the world healed an agent does good work and says so. */
  #finish(agent: Agent): Promise<void> {
    return this.#try('finishes', async () => {
      const { deps } = this.#world.anyServer();
      this.#commit(agent);
      const caller: Caller = { actor: { kind: 'attempt', id: agent.attempt }, role: 'attempt' };
      const fails = this.#world.random.chance(0.3);
      await signalAttempt(
        deps,
        caller,
        agent,
        fails ? { type: 'fail', reason: 'cannot' } : { type: 'submit', summary: 'done', commit: agent.head },
      );
    });
  }

  #land(): Promise<void> {
    return this.#try('lands', async () => {
      const offer = this.#lands.shift();
      if (offer) await landWork(this.#world, offer, (what, run) => this.#call(what, run));
    });
  }

  #session(): Promise<void> {
    return this.#try('decides', async () => {
      const offer = this.#sessions.shift();
      if (offer) await runSession(this.#world, offer, (what, run) => this.#call(what, run));
    });
  }

  #verify(): Promise<void> {
    return this.#try('verifies', async () => {
      const offer = this.#work.shift();
      if (offer) await verifyWork(this.#world, offer, (what, run) => this.#call(what, run));
    });
  }

  /** kill -9. What it wrote down it still knows, mostly; its agents are found and stopped, or go on. */
  async #crash(): Promise<void> {
    const { random } = this.#world;
    this.#world.note(`${this.name} crashes`);
    this.#id = null;
    this.#work = [];
    this.#lands = [];
    this.#sessions = [];
    for (const agent of this.#agents.slice()) {
      if (random.chance(0.3)) {
        this.#drop(agent);
        // Its agent may live on, and goes on talking.
        if (agent.alive) this.#world.zombies.push({ attempt: agent.attempt, fence: agent.fence });
      } else if (random.chance(0.5)) this.#kill(agent, { kind: 'end', outcome: 'stopped' });
    }
  }
}
