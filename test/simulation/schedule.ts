/** One schedule: set up, random steps with faults, judge, heal, demand that every ticket comes to rest, judge again. */
import { clear, raise } from '../../src/services/alerts.ts';
import { changeJob, changePolicy } from '../../src/services/configuration.ts';
import { setPause } from '../../src/services/pausing.ts';
import { atRest, histories, judge, readLog, truths } from './judge.ts';
import { disturbLanding, landingTruths, startWithLandings } from './landing.ts';
import { finishNotifying, notifyTruths, startNotifying } from './notify.ts';
import { peopleSettle, personActs } from './people.ts';
import { disturbRecurring, endRecurring, recur, slotTruths, startRecurring } from './recurring.ts';
import { SimRunner } from './runner.ts';
import { SESSION_PROFILE, sessionTruths } from './session.ts';
import { type DatabaseName, PERSON, type SimServer, type Size, World, loopsOf } from './world.ts';

export const SMALL: Size = { tickets: 2, runners: 2, servers: 2, steps: 30 };
export const LARGE: Size = { tickets: 50, runners: 8, servers: 3, steps: 600 };
/** Rounds of a healed world within which every ticket has to be closed. */
const HEALING_ROUNDS = 200;
/** More for each ticket: with a limit of one worker they go one by one, and some fail first. */
const ROUNDS_PER_TICKET = 15;

export interface Outcome {
  ok: boolean;
  violations: string[];
  events: number;
  /** The rolling hash of the whole log: equal where everything that happened is equal. */
  head: string;
  trace: string[];
  /** How often each loop of the servers ran. */
  loopRuns: ReadonlyMap<string, number>;
}

export async function runSchedule(seed: number, size: Size, database?: DatabaseName): Promise<Outcome> {
  const world = new World(seed, size, database);
  const violations: string[] = [];
  try {
    await world.setUp();
    if (world.random.chance(0.4)) await world.plain(startWithLandings(world, 2));
    if (world.random.chance(0.25)) await startRecurring(world);
    if (world.random.chance(0.25)) await world.addOrchestrator(SESSION_PROFILE);
    const notifies = world.random.chance(0.4);
    if (notifies) await startNotifying(world);
    const runners = Array.from({ length: size.runners }, (_, i) => new SimRunner(world, `r${i + 1}`));
    await misbehave(world, runners, notifies);
    // In the middle of faults no reaper may have run for long; that leases end is judged after healing.
    violations.push(
      ...(await judge(world, 'after the faults')).filter(
        (violation) => !violation.includes('its lease has long run out'),
      ),
    );
    if (violations.length === 0) {
      await heal(world, runners);
      if (notifies) await finishNotifying(world);
      const { items } = await world.store.tickets({ sort: 'created', limit: 200 });
      const log = await readLog(world);
      violations.push(
        ...world.wrongs,
        ...(await judge(world, 'after healing')),
        ...(await atRest(world, items)),
        ...(await truths(world, items)),
        ...(await histories(world, items, log)),
        ...landingTruths(world, items, log),
        ...(await slotTruths(world, log)),
        ...(await sessionTruths(world, log)),
        ...(await notifyTruths(world, log)),
      );
    }
  } catch (error) {
    violations.push(`crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const { seq, hash } = await world.store.head();
  for (const event of violations.length > 0 ? await world.store.eventsAfter(0, 1000) : []) {
    world.note(
      `#${event.seq} ${event.stream} ${event.type} by ${event.actor.kind}:${event.actor.id} ${JSON.stringify(event.data).slice(0, 300)}`,
    );
  }
  await world.store.close();
  return {
    ok: violations.length === 0,
    violations,
    events: seq,
    head: hash,
    trace: world.trace,
    loopRuns: world.loopRuns,
  };
}

async function misbehave(world: World, runners: SimRunner[], notifies: boolean): Promise<void> {
  const { random, scheduler } = world;
  world.faulty = true;
  for (let step = 0; step < world.size.steps; step += 1) {
    const action = random.weighted<() => Promise<unknown>>([
      [4, () => world.anyServer().wired.loops.dispatcher.runOnce()],
      [2, () => passOf(world.anyServer())],
      [0.5, () => random.pick(loopsOf(world.anyServer()))[1].runOnce()],
      [10, () => random.pick(runners).act()],
      [4, () => personActs(world)],
      [0.5, () => newTicket(world)],
      [1, () => observation(world)],
      [notifies ? 3 : 0, () => world.anyServer().wired.loops.notifier.runOnce()],
      [2, () => disturbLanding(world)],
      [world.schedule === null ? 0 : 3, () => recur(world)],
      [world.schedule === null ? 0 : 1, () => disturbRecurring(world)],
      [world.hasOrchestrator ? 2 : 0, () => world.anyServer().wired.loops.orchestrator.runOnce()],
    ]);
    if (random.chance(0.02)) await takeover(world);
    if (random.chance(0.02)) await askedTwice(world);
    if (random.chance(0.06)) scheduler.frozen.add(world.anyServer().task);
    else if (random.chance(0.2)) scheduler.frozen.clear();
    if (random.chance(0.04)) world.brokenServer = world.anyServer().task;
    else if (random.chance(0.3)) world.brokenServer = null;
    scheduler.start(action);
    // Up to a few tasks at a time, each going on for a while.
    for (let i = random.below(25); i > 0 || scheduler.active > 6; i -= 1) {
      if (!(await scheduler.step())) break;
    }
    world.now += random.weighted([
      [10, () => random.below(300)],
      [2, () => random.below(3000)],
      [1, () => random.below(20_000)],
    ])();
  }
  await scheduler.drain();
  for (const error of scheduler.errors.splice(0)) {
    if (!String(error).includes('injected failure')) throw error;
  }
}

/** Four loops of one server in a row, as after a long pause. */
async function passOf({ wired: { loops } }: SimServer): Promise<void> {
  for (const loop of [loops.dispatcher, loops.reaper, loops.verifier, loops.inbox]) await loop.runOnce();
}

/** A condition that holds, or is seen clear, as the operator says it; often enough in a row to resolve its alert. */
async function observation(world: World): Promise<void> {
  const { deps } = world.anyServer();
  const { random } = world;
  const held = { rule: 'simulated', subject: 'the world', severity: 'warning', detail: 'it holds' } as const;
  for (let looks = 1 + random.below(3); looks > 0; looks -= 1) {
    if (random.chance(0.5)) await raise(deps, held);
    else
      for (let clears = 1 + random.below(4); clears > 0; clears -= 1)
        await clear(deps, 'simulated:the world');
  }
}

/** Something that is done before anything else goes on. */
async function outside(world: World, action: Promise<unknown>): Promise<void> {
  let done = false;
  world.scheduler.start(async () => {
    await action.catch(() => undefined);
    done = true;
  });
  for (let i = 0; i < 500 && !done; i += 1) await world.scheduler.step();
}

/** Work goes on coming in, some of it urgent. */
async function newTicket(world: World, most = world.size.tickets): Promise<void> {
  if (world.created >= most) return;
  world.created += 1;
  await world.addTicket(world.anyServer().deps, world.random.below(2));
}

/**
 * The leader is paused in the middle of a tick, past its lease; another takes over while the picture changes, and then
 * the first one wakes up with its old plan.
 */
async function takeover(world: World): Promise<void> {
  const { random, scheduler } = world;
  const [old, fresh] = [world.anyServer(), world.anyServer()];
  if (old === fresh) return;
  // With room for one, what the fresh leader starts and what the old one planned cannot both be right.
  if (random.chance(0.6)) await outside(world, changePolicy(fresh.deps, PERSON, { maxWorkers: 1 }));
  scheduler.start(() => old.wired.dispatcher.runOnce());
  for (let i = random.below(30); i > 0; i -= 1) await scheduler.step();
  scheduler.frozen.add(old.task);
  world.now += 5000;
  // One more than the size says: it is for the picture to change under the old plan.
  scheduler.start(() => newTicket(world, world.size.tickets + 1));
  scheduler.start(async () => {
    await fresh.wired.dispatcher.runOnce();
    await fresh.wired.dispatcher.runOnce();
  });
  for (let i = random.below(120); i > 0; i -= 1) if (!(await scheduler.step())) break;
  scheduler.frozen.delete(old.task);
}

/** A server is asked for a tick in the middle of one, and in between the picture changes. */
async function askedTwice(world: World): Promise<void> {
  const { random, scheduler } = world;
  const { wired, deps } = world.anyServer();
  // With room for one, two plans of different pictures cannot both be right.
  if (random.chance(0.6)) await outside(world, changePolicy(deps, PERSON, { maxWorkers: 1 }));
  scheduler.start(() => wired.dispatcher.runOnce());
  for (let i = random.below(15); i > 0; i -= 1) await scheduler.step();
  scheduler.start(() => newTicket(world, world.size.tickets + 1));
  for (let i = random.below(15); i > 0; i -= 1) await scheduler.step();
  scheduler.start(() => wired.dispatcher.runOnce());
}

async function heal(world: World, runners: SimRunner[]): Promise<void> {
  world.faulty = false;
  world.brokenServer = null;
  const { deps } = world.server(0);
  await setPause(deps, PERSON, { paused: false });
  await changePolicy(deps, PERSON, { maxWorkers: 4 });
  for (const name of ['ticket-pickup', 'needs-input-pickup'])
    await changeJob(deps, PERSON, name, { enabled: true, reason: 'healed' });
  world.startTimers();
  const well = world.random.below(world.servers.length);
  await endRecurring(world, world.server(well));
  let isQuiet = false;
  for (let round = 0; round < HEALING_ROUNDS + ROUNDS_PER_TICKET * world.size.tickets; round += 1) {
    // Time goes on in small steps, so that healthy runners renew in time; where nobody did anything, none is running.
    world.now += isQuiet ? 2000 : 1000;
    const { committed } = world;
    for (const runner of runners) await runner.settle();
    // One server is well; the others limp along, and whatever they leave undone or half done must not matter.
    for (const [index, server] of world.servers.entries())
      if (index === well || round % 3 === 0) await world.runDueLoops(server);
    await world.server(well).wired.loops.inbox.runOnce();
    await staleDeliveries(world);
    // At rest means that nothing is left of any attempt either: a closed ticket may still be stopping one.
    if ((await peopleSettle(world)) && (await world.store.openAttempts()).length === 0) return;
    isQuiet = world.committed === committed;
  }
}

/** A delivery whose lease ran out has returned, now that the keeper has run. */
async function staleDeliveries(world: World): Promise<void> {
  for (const id of await world.store.dueInbox(world.now))
    world.wrongs.push(`inbox item ${id} is as it was, after its delivery or its deadline is over`);
}
