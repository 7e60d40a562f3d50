/**
 * Recurring work in the simulated world: a schedule whose slots come while servers are frozen, broken, paused and beside
 * each other, and the machine sleeps; and what must be true of its slots in the end.
 */
import { LATE_AFTER_MS, type Schedule } from '../../src/domain/schedule/schedule.ts';
import { isClosed } from '../../src/domain/ticket/transitions.ts';
import { lastFiring } from '../../src/services/cron.ts';
import { changeSchedule, createSchedule } from '../../src/services/schedules.ts';
import { transitionTicket } from '../../src/services/tickets.ts';
import type { Log } from './judge.ts';
import { PLAIN_TICKET } from '../../src/domain/ticket/testing.ts';
import { PERSON, type SimServer, type World } from './world.ts';

const TITLE = 'Recurring work';
/** So seldom that its slots can be seen too late. */
const SELDOM = '30 */2 * * * *';

export async function startRecurring(world: World): Promise<void> {
  const { random } = world;
  const made = await world.plain(
    createSchedule(world.server(0).deps, PERSON, {
      project: random.pick(['A', 'B']),
      cron: random.pick(['*/7 * * * * *', '*/20 * * * * *', SELDOM, SELDOM]),
      timezone: 'UTC',
      missedRun: random.pick(['run_once', 'skip']),
      ticket: { ...PLAIN_TICKET, title: TITLE, assignee: random.chance(0.5) ? 'ada' : null },
    }),
  );
  if ('id' in made) world.schedule = made.id;
}

/** The loop of one server, or of two at a time; its ticket is from then on one of those that people act on. */
export async function recur(world: World): Promise<void> {
  if (world.schedule === null) return;
  const run = async (server: SimServer): Promise<unknown> => server.wired.loops.schedules.runOnce();
  if (world.random.chance(0.3)) await Promise.all(world.servers.map(run));
  else await run(world.anyServer());
  const key = (await scheduleOf(world))?.key ?? null;
  if (key !== null && !world.keys.includes(key)) world.keys.push(key);
}

/** People are done with it for now; its next slot opens it again. Or it sleeps through some slots. */
export async function disturbRecurring(world: World): Promise<void> {
  const { random } = world;
  const schedule = await scheduleOf(world);
  if (!schedule) return;
  if (random.chance(0.3)) world.now += random.below(4 * LATE_AFTER_MS);
  const ticket = schedule.key === null ? null : await world.store.ticket(schedule.key);
  if (!ticket || isClosed(ticket.state.status)) return;
  const { key, version } = ticket.state;
  const { deps } = world.anyServer();
  await transitionTicket(deps, PERSON, key, { transition: 'cancel', reason: 'over' }, { ifMatch: version });
}

/** The healed world looks once at what it has missed; then it is switched off, or its ticket would never rest. */
export async function endRecurring(world: World, server: SimServer): Promise<void> {
  if (world.schedule === null) return;
  await server.wired.loops.schedules.runOnce();
  const schedule = await scheduleOf(world);
  if (schedule) {
    const slot = lastFiring(schedule.cron, schedule.timezone, world.now);
    const isHeld = schedule.lastRun?.outcome === 'still_open';
    if (slot !== null && slot > schedule.decidedUntil && !isHeld)
      world.wrongs.push(`the slot ${slot} of ${schedule.id} was seen, and is not decided`);
  }
  await world.plain(
    changeSchedule(server.deps, PERSON, world.schedule, { enabled: false, reason: 'healed' }),
  );
}

function scheduleOf(world: World): Promise<Schedule | null> {
  return world.schedule === null
    ? Promise.resolve(null)
    : world.store.document<Schedule>('schedule', world.schedule);
}

/** Over the whole log: each slot once, each start with its ticket, no start beside an open ticket, nothing late that is skipped. */
export async function slotTruths(world: World, log: Log): Promise<string[]> {
  const found: string[] = [];
  const schedule = await scheduleOf(world);
  if (!schedule) return found;
  let last: NonNullable<Schedule['lastRun']> | null = null;
  let starts = 0;
  let moves = 0;
  for (const entry of log) {
    const { event } = entry;
    if (event.type === 'schedule.decided') {
      const run = (event.data as { set: Pick<Schedule, 'lastRun'> }).set.lastRun;
      if (run?.slot === null || run === null) continue;
      if (last?.slot && run.slot <= last.slot)
        found.push(`seq ${event.seq}: the slot ${run.slot} was decided, and ${last.slot} was before`);
      if (run.outcome === 'missed' && schedule.missedRun === 'run_once')
        found.push(`seq ${event.seq}: a slot is missed (${run.detail}), and the policy is to run it`);
      if (run.outcome === 'started') {
        starts += 1;
        // By what it was when it was decided: a server may be paused between that and the commit.
        if (run.detail.endsWith(' late') && schedule.missedRun === 'skip')
          found.push(`seq ${event.seq}: the slot ${run.slot} was run late, and the policy is to skip it`);
      }
      last = run;
    }
    if (entry.ticket === null) continue;
    const isMade = event.type === 'ticket.created' && entry.after.title === TITLE;
    const data = event.data as { reason?: string };
    const isOpened = event.type === 'ticket.transitioned' && (data.reason ?? '').startsWith('scheduled work');
    if (isMade || isOpened) moves += 1;
    if (isMade && schedule.key !== null && entry.ticket !== schedule.key)
      found.push(`seq ${event.seq}: ${entry.ticket} is a second ticket of one schedule`);
    if (!isOpened || !entry.before) continue;
    if (!isClosed(entry.before.status) && entry.before.status !== 'backlog')
      found.push(`seq ${event.seq}: ${entry.ticket} was started by its schedule while it was open`);
    const slot = Date.parse(/due at (\S+)/.exec(data.reason ?? '')?.[1] ?? '');
    if (last?.outcome === 'still_open' && slot <= entry.before.statusSince)
      found.push(`seq ${event.seq}: the slot ${slot} passed while ${entry.ticket} was open, and was run`);
  }
  // What makes a ticket ready without a slot is a person; what decides without the ticket is a bug.
  if (moves > starts)
    found.push(`${schedule.id} started ${starts} times, and moved its ticket ${moves} times`);
  return found;
}
