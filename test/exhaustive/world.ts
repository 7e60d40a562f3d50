/**
 * A small world in which every interleaving is tried: two dispatchers, two runners, two tickets, one crash of a runner,
 * one answer that is lost and one message that arrives twice, the second time at any later moment. A state is plain
 * data; each action copies it and lets the real services and deciders run on the copy.
 */
import { type Refusal, isRefusal } from '../../src/domain/refusal.ts';
import type { PlannedStart } from '../../src/domain/dispatch/plan-dispatch.ts';
import { planDispatch } from '../../src/domain/dispatch/plan-dispatch.ts';
import type {
  DispatchWorld,
  NeedsInputCandidate,
  TodoCandidate,
} from '../../src/domain/dispatch/snapshot.ts';
import { openAttempt, openQuestions } from '../../src/domain/ticket/state.ts';
import {
  acceptAttempt,
  endAttempt,
  expireAttempt,
  heartbeatAttempt,
  parkAttempt,
  signalAttempt,
} from '../../src/services/attempts.ts';
import type { TicketChanged } from '../../src/services/change-ticket.ts';
import type { Caller, Deps } from '../../src/services/deps.ts';
import { DISPATCH_LEASE, readWorld, startPlanned } from '../../src/services/dispatching.ts';
import { answerQuestion } from '../../src/services/tickets.ts';
import { DOCUMENTS, TIMING } from './set-up.ts';
import { type Rows, SmallStore } from './small-store.ts';

export type Planned = PlannedStart<TodoCandidate> | PlannedStart<NeedsInputCandidate>;

export interface DispatcherState {
  epoch: number | null;
  plan: { starts: readonly Planned[]; world: DispatchWorld; configVersion: number } | null;
}

/** A worker's process, as its runner knows it or as it lives on without one. */
export interface Agent {
  attempt: string;
  fence: number;
  runner: string;
  renewedAt: number;
  /** What its runner still owes the server about it. */
  owes: 'end' | 'park' | null;
}

/** A message of a runner or an agent, which may arrive again. */
export interface Message {
  what: 'accept' | 'renew' | 'submit' | 'ask' | 'fail' | 'end' | 'park';
  runner: string;
  attempt: string;
  fence: number;
}

export interface State {
  rows: Rows;
  dispatchers: readonly [DispatcherState, DispatcherState];
  agents: readonly Agent[];
  /** Processes whose runner has died; what they say still arrives. */
  zombies: readonly Agent[];
  /** A copy of a message that is still on its way. */
  late: Message | null;
  left: { crash: number; lost: number; doubled: number };
  /** The highest epoch that has started anything, and who held it. */
  started: { epoch: number; holder: string };
  ids: number;
}

export interface Action {
  name: string;
  /** Changes the copy that it is given. */
  run: (world: Running) => Promise<void>;
}

/** A copy of a state in which one action runs. */
export class Running {
  state: State;
  readonly store: SmallStore;
  readonly deps: Deps;
  readonly wrong: string[] = [];

  constructor(state: State) {
    this.state = { ...state };
    this.store = new SmallStore(state.rows, DOCUMENTS);
    this.deps = {
      store: this.store.port(),
      timing: TIMING,
      newId: (prefix) => `${prefix}_${(this.state.ids += 1)}`,
      random: () => 0,
      sha256: (text) => `#${text.length}`,
      derive: (purpose, number) => `${purpose} ${number}`,
      defaultMaxWorkers: 1,
    } as Partial<Deps> as Deps;
  }

  async run(action: Action): Promise<State> {
    await action.run(this);
    return { ...this.state, rows: this.store.rows };
  }

  dispatcher(index: number, set: Partial<DispatcherState>): void {
    const [first, second] = this.state.dispatchers;
    this.state.dispatchers = index === 0 ? [{ ...first, ...set }, second] : [first, { ...second, ...set }];
  }

  agent(agent: Agent, set: Partial<Agent> | null): void {
    this.state.agents = this.state.agents.flatMap((one) =>
      one === agent ? (set === null ? [] : [{ ...one, ...set }]) : [one],
    );
  }

  /** What was accepted was said under the token that is current: a token that was superseded moves nothing. */
  #current<T extends TicketChanged | Refusal>({ what, attempt, fence }: Message, result: T): T {
    if (!isRefusal(result) && result.ticket.fence !== fence)
      this.wrong.push(
        `I2: ${what} of ${attempt} was accepted under ${fence}, and the token is ${result.ticket.fence}`,
      );
    return result;
  }

  /** What a message does at the server; what its sender makes of the answer. */
  async send(message: Message): Promise<(knows: Agent | null) => void> {
    const { what, runner, attempt, fence } = message;
    const who = { attempt, fence };
    const byRunner: Caller = { actor: { kind: 'runner', id: runner }, role: 'runner' };
    const byAgent: Caller = { actor: { kind: 'attempt', id: attempt }, role: 'attempt' };
    const sentAt = this.store.rows.now;
    if (what === 'accept') {
      const offered = await acceptAttempt(this.deps, byRunner, { ...who, base: 'b', branch: null });
      const accepted = this.#current(message, offered);
      return () => {
        if (isRefusal(accepted) || this.state.agents.some((a) => a.attempt === attempt && a.fence === fence))
          return;
        const agent = { ...who, runner, renewedAt: sentAt, owes: null };
        this.state.agents = [...this.state.agents.filter((a) => a.attempt !== attempt), agent];
      };
    }
    if (what === 'renew') {
      const renewed = await heartbeatAttempt(this.deps, byRunner, who);
      return (agent) => {
        if (!agent) return;
        if (isRefusal(renewed)) this.agent(agent, null);
        else if (renewed.directive === 'continue') this.agent(agent, { renewedAt: sentAt });
        else this.agent(agent, { renewedAt: sentAt, owes: renewed.directive === 'park' ? 'park' : 'end' });
      };
    }
    if (what === 'end' || what === 'park') {
      const reported =
        what === 'park'
          ? await parkAttempt(this.deps, byRunner, { ...who, session: 's', treeGone: true })
          : await endAttempt(
              this.deps,
              byRunner,
              {
                ...who,
                outcome: 'stopped',
                reason: null,
                exitCode: 0,
                head: 'h',
                session: null,
                notBefore: null,
                treeGone: true,
              },
              undefined,
            );
      this.#current(message, reported);
      return (agent) => {
        if (agent && (!isRefusal(reported) || reported.code === 'stale_attempt')) this.agent(agent, null);
      };
    }
    const signals = {
      ask: { type: 'ask', text: '?' },
      fail: { type: 'fail', reason: 'cannot' },
      submit: { type: 'submit', summary: '', commit: 'c'.repeat(40) },
    } as const;
    const said = this.#current(message, await signalAttempt(this.deps, byAgent, who, signals[what]));
    // An agent that has asked or submitted leaves, and its runner sees it go.
    return (agent) => {
      if (agent && !isRefusal(said)) this.agent(agent, { owes: what === 'ask' ? 'park' : 'end' });
    };
  }
}

const DISPATCHERS = ['d1', 'd2'] as const;

/** Everything that may happen next. */
export function actionsOf(state: State): Action[] {
  return [...dispatching(state), ...working(state), ...outside(state)];
}

function dispatching(state: State): Action[] {
  const actions: Action[] = [];
  for (const [index, name] of DISPATCHERS.entries()) {
    const own = state.dispatchers[index];
    if (!own) continue;
    if (own.plan === null) {
      actions.push({
        name: `${name} takes or renews the dispatch lease`,
        run: async (world) => {
          const { store, timing } = world.deps;
          const { acquired, lease } = await store.acquireLease(DISPATCH_LEASE, name, timing.dispatchLeaseMs);
          world.dispatcher(index, { epoch: acquired ? lease.epoch : null });
        },
      });
      if (own.epoch !== null) actions.push({ name: `${name} plans`, run: (world) => makePlan(world, index) });
    }
    for (const planned of own.plan?.starts ?? []) {
      actions.push({
        name: `${name} starts ${planned.candidate.key} on ${planned.runner}`,
        run: async (world) => {
          const { plan, epoch } = world.state.dispatchers[index] ?? own;
          if (!plan || epoch === null) return;
          const starts = plan.starts.filter((one) => one !== planned);
          await startPlanned(world.deps, { holder: name, epoch }, planned, plan.configVersion, plan.world);
          world.dispatcher(index, { plan: starts.length === 0 ? null : { ...plan, starts } });
        },
      });
    }
  }
  return actions;
}

async function makePlan(world: Running, index: number): Promise<void> {
  const lanes = await world.deps.store.readLanes({ limit: 10, afterTodo: null });
  const picture = await readWorld(world.deps, lanes);
  const { resumes, claims } = planDispatch({ ...picture, needsInput: lanes.needsInput, todo: lanes.todo });
  const starts: Planned[] = [...resumes, ...claims];
  const plan = { starts, world: picture, configVersion: lanes.configVersion };
  world.dispatcher(index, { plan: starts.length === 0 ? null : plan });
}

/** A message and its fates: it arrives; its answer is lost; it arrives, and again at some later moment. */
function fates(state: State, message: Message, agent: Agent | null): Action[] {
  const name = `${message.runner}: ${message.what} ${message.attempt} under ${message.fence}`;
  const actions: Action[] = [{ name, run: async (world) => (await world.send(message))(agent) }];
  if (state.left.lost > 0) {
    actions.push({
      name: `${name}, and the answer is lost`,
      run: async (world) => {
        world.state.left = { ...world.state.left, lost: world.state.left.lost - 1 };
        await world.send(message);
      },
    });
  }
  if (state.left.doubled > 0 && state.late === null) {
    actions.push({
      name: `${name}, and a copy is on its way`,
      run: async (world) => {
        world.state.left = { ...world.state.left, doubled: world.state.left.doubled - 1 };
        world.state.late = message;
        (await world.send(message))(agent);
      },
    });
  }
  return actions;
}

function working(state: State): Action[] {
  const actions: Action[] = [];
  for (const { state: ticket } of state.rows.tickets.values()) {
    const open = openAttempt(ticket);
    if (open?.state !== 'offered' || open.runner === null) continue;
    if (state.agents.some((agent) => agent.attempt === open.id && agent.fence === open.fence)) continue;
    actions.push(
      ...fates(state, { what: 'accept', runner: open.runner, attempt: open.id, fence: open.fence }, null),
    );
  }
  for (const agent of state.agents) {
    const { runner, attempt, fence } = agent;
    const message = (what: Message['what']): Message => ({ what, runner, attempt, fence });
    if (agent.owes !== null) {
      actions.push(...fates(state, message(agent.owes), agent));
      continue;
    }
    if (state.rows.now - agent.renewedAt >= TIMING.leaseMs - TIMING.offerMs / 2) {
      // Alone for too long: it stops its agent before the lease can run out.
      actions.push({
        name: `${runner}: stops ${attempt} by itself`,
        run: (world) => Promise.resolve(world.agent(agent, { owes: 'end' })),
      });
    } else actions.push(...fates(state, message('renew'), agent));
    for (const what of ['submit', 'ask', 'fail'] as const)
      actions.push(...fates(state, message(what), agent));
    actions.push({
      name: `the agent of ${attempt} leaves`,
      run: (world) => Promise.resolve(world.agent(agent, { owes: 'end' })),
    });
  }
  return actions;
}

function outside(state: State): Action[] {
  const actions: Action[] = [
    {
      name: 'a second passes',
      run: (world) => {
        world.store.rows = { ...world.store.rows, now: world.store.rows.now + 1000 };
        return Promise.resolve();
      },
    },
  ];
  if (state.left.crash > 0) {
    for (const runner of new Set(state.agents.map((agent) => agent.runner))) {
      actions.push({
        name: `${runner} crashes, and its agents live on`,
        run: (world) => {
          world.state.left = { ...world.state.left, crash: world.state.left.crash - 1 };
          world.state.zombies = world.state.agents.filter((agent) => agent.runner === runner);
          world.state.agents = world.state.agents.filter((agent) => agent.runner !== runner);
          return Promise.resolve();
        },
      });
    }
  }
  for (const { runner, attempt, fence } of state.zombies) {
    for (const what of ['submit', 'ask', 'fail'] as const) {
      actions.push({
        name: `what ${runner} left behind: ${what} ${attempt} under ${fence}`,
        run: async (world) => void (await world.send({ what, runner, attempt, fence })),
      });
    }
  }
  const { late } = state;
  if (late !== null) {
    actions.push({
      name: `the copy arrives: ${late.what} ${late.attempt} under ${late.fence}`,
      run: async (world) => {
        world.state.late = null;
        await world.send(late);
      },
    });
  }
  for (const { state: ticket } of state.rows.tickets.values()) {
    const open = openAttempt(ticket);
    if (open && open.state !== 'parked') {
      // At any moment: that the lease is over has to be held by the commit itself.
      actions.push({
        name: `the reaper takes ${open.id} for lost`,
        run: async (world) => void (await expireAttempt(world.deps, { attempt: open.id, state: open.state })),
      });
    }
    for (const question of openQuestions(ticket)) {
      const choice = question.kind === 'attempts_exhausted' ? { choice: 'retry' } : { text: 'so' };
      const ada: Caller = { actor: { kind: 'human', id: 'ada' }, role: 'admin' };
      actions.push({
        name: `ada answers ${question.id}`,
        run: async (world) =>
          void (await answerQuestion(world.deps, ada, ticket.key, { question: question.id, ...choice }, {})),
      });
    }
  }
  return actions;
}
