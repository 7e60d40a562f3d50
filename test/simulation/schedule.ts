/** One schedule: set up, random steps with faults, judge, heal, demand that every ticket comes to rest, judge again. */
import { isClosed } from '../../src/domain/ticket/transitions.ts';
import { submittedCommit } from '../../src/domain/ticket/completion.ts';
import { changeJob, changePolicy } from '../../src/services/configuration.ts';
import { setPause } from '../../src/services/pausing.ts';
import { peopleSettle, personActs } from './people.ts';
import { SimRunner } from './runner.ts';
import { PERSON, REAP_EVERY_MS, type Size, World } from './world.ts';

export const SMALL: Size = { tickets: 2, runners: 2, servers: 2, steps: 30 };
export const LARGE: Size = { tickets: 50, runners: 8, servers: 3, steps: 600 };
/** Rounds of a healed world within which every ticket has to be closed. */
const HEALING_ROUNDS = 200;

export interface Outcome {
  ok: boolean;
  violations: string[];
  events: number;
  trace: string[];
}

export async function runSchedule(seed: number, size: Size): Promise<Outcome> {
  const world = new World(seed, size);
  const violations: string[] = [];
  try {
    await world.setUp();
    const runners = Array.from({ length: size.runners }, (_, i) => new SimRunner(world, `r${i + 1}`));
    await misbehave(world, runners);
    // In the middle of faults no reaper may have run for long; that leases end is judged after healing.
    violations.push(...(await judge(world, 'after the faults')).filter((violation) => !violation.includes('its lease has long run out')));
    if (violations.length === 0) {
      await heal(world, runners);
      violations.push(...(await judge(world, 'after healing')), ...(await atRest(world)), ...(await truths(world)));
    }
  } catch (error) {
    violations.push(`crashed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const { seq } = await world.store.head();
  for (const event of violations.length > 0 ? await world.store.eventsAfter(0, 1000) : []) {
    world.note(`#${event.seq} ${event.stream} ${event.type} by ${event.actor.kind}:${event.actor.id} ${JSON.stringify(event.data).slice(0, 300)}`);
  }
  await world.store.close();
  return { ok: violations.length === 0, violations, events: seq, trace: world.trace };
}

async function misbehave(world: World, runners: SimRunner[]): Promise<void> {
  const { random, scheduler } = world;
  world.faulty = true;
  for (let step = 0; step < world.size.steps; step += 1) {
    const action = random.weighted<() => Promise<unknown>>([
      [4, () => world.anyServer().dispatcher.runOnce()],
      [2, () => world.runLoops(world.anyServer())],
      [10, () => random.pick(runners).act()],
      [4, () => personActs(world)],
    ]);
    scheduler.start(action);
    // Up to a few tasks at a time, each going on for a while.
    for (let i = random.below(25); i > 0 || scheduler.active > 4; i -= 1) {
      if (!(await scheduler.step())) break;
    }
    world.now += random.weighted([
      [10, () => random.below(300)],
      [2, () => random.below(3000)],
      [0.5, () => random.below(20_000)],
    ])();
  }
  await scheduler.drain();
  for (const error of scheduler.errors.splice(0)) {
    if (!String(error).includes('injected failure')) throw error;
  }
}

async function heal(world: World, runners: SimRunner[]): Promise<void> {
  world.faulty = false;
  const { deps } = world.server(0);
  const run = async (action: Promise<unknown>): Promise<void> => {
    world.scheduler.start(() => action);
    await world.scheduler.drain();
    const [error] = world.scheduler.errors.splice(0);
    if (error !== undefined) throw error;
  };
  await run(setPause(deps, PERSON, { paused: false }));
  await run(changePolicy(deps, PERSON, { maxWorkers: 4 }));
  for (const name of ['ticket-pickup', 'needs-input-pickup']) await run(changeJob(deps, PERSON, name, { enabled: true, reason: 'healed' }));
  for (let round = 0; round < HEALING_ROUNDS; round += 1) {
    // Time goes on in small steps, so that healthy runners renew in time.
    world.now += 900;
    for (const runner of runners) await run(runner.settle());
    // Every server's reaper runs in its time; one that runs too rarely takes itself for stalled.
    for (const server of world.servers) await run(server.reaper.runOnce(REAP_EVERY_MS));
    await run(world.runLoops(world.server(round % world.servers.length)));
    await run(peopleSettle(world));
    if (Object.entries(await world.store.countByStatus()).every(([status, count]) => status === 'done' || status === 'cancelled' || count === 0)) return;
  }
}

async function judge(world: World, when: string): Promise<string[]> {
  const verified = await world.verify();
  return verified.invariants.flatMap((invariant) => invariant.violations.map((violation) => `${when}: ${invariant.id} ${violation}`));
}

async function atRest(world: World): Promise<string[]> {
  const { items } = await world.store.tickets({ sort: 'created', limit: 200 });
  const restless = items.filter((ticket) => !isClosed(ticket.status));
  const skips = await world.store.skipsOf(restless.map((ticket) => ticket.key));
  return restless.map(
    (ticket) =>
      `${ticket.key} never came to rest: ${ticket.status}, attempt ${ticket.attempts.at(-1)?.state ?? 'none'}, ${skips.get(ticket.key)?.detail ?? 'no reason'}`,
  );
}

/** What the world knows, against what the system made of it. */
async function truths(world: World): Promise<string[]> {
  const found: string[] = [];
  const { items } = await world.store.tickets({ sort: 'created', limit: 200 });
  for (const ticket of items) {
    if (ticket.status !== 'done') continue;
    const commit = submittedCommit(ticket);
    if (commit === null || !world.goodCommits.has(commit)) found.push(`${ticket.key} is done on commit ${commit}, whose check fails`);
  }
  for (const [question, answer] of world.answers) {
    const later = world.prompts.filter((prompt) => prompt.ticket === answer.ticket && prompt.seq > answer.seq);
    const first = later[0];
    if (first && !later.some((prompt) => prompt.text.includes(answer.text))) {
      found.push(`the answer to ${question} of ${answer.ticket} is in no prompt of what went on`);
    }
  }
  for (const open of await world.store.inbox({ states: ['pending', 'delivered'], limit: 200 }).then((page) => page.items)) {
    if (open.ticket !== null) found.push(`inbox item ${open.id} (${open.kind}) of ${open.ticket} is still ${open.state} although every ticket is closed`);
  }
  return found;
}
