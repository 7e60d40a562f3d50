/**
 * Recurring tickets: setting them up, and deciding their slots. A slot's decision, and the ticket that it creates or
 * opens again, are one commit on the schedule's version: of two servers that see the same slot, one wins, and a server
 * that died right after it does not run it again.
 */
import { type Schedule, decideSlot } from '../domain/schedule/schedule.ts';
import type { Stamped } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { decideEdit } from '../domain/ticket/decide-fields.ts';
import { decideReady, decideRecur } from '../domain/ticket/decide-people.ts';
import type { DecideContext, Decision } from '../domain/ticket/decide.ts';
import { evolveTicket } from '../domain/ticket/evolve.ts';
import type { Ticket, TicketFields } from '../domain/ticket/state.ts';
import type { Row, StreamAppend } from '../store/port.ts';
import { changeTicket } from './change-ticket.ts';
import { type DocumentOptions, changeDocument, createDocument, documentWrite } from './configuration.ts';
import { cronProblem, lastFiring, nextFiring, nextFirings } from './cron.ts';
import { type Caller, type Deps, notFound, system } from './deps.ts';
import { checkNewTicket, createTicket } from './tickets.ts';

type Stored = Schedule & Stamped;

export interface ScheduleInput {
  project: string;
  cron: string;
  timezone: string;
  missedRun: Schedule['missedRun'];
  ticket: TicketFields;
}

export async function createSchedule(
  deps: Deps,
  caller: Caller,
  input: ScheduleInput,
  options: DocumentOptions<Schedule> = {},
): Promise<Stored | Refusal> {
  if (caller.actor.kind !== 'human')
    return refuse('actor_not_allowed', 'What runs by itself is set up by people.');
  const wrong = await checkSchedule(deps, caller, input);
  if (wrong) return wrong;
  const state: Schedule = {
    id: deps.newId('sch'),
    ...input,
    key: null,
    enabled: true,
    changedBy: null,
    reason: null,
    createdBy: caller.actor.id,
    decidedUntil: await deps.store.now(),
    lastRun: null,
  };
  return createDocument<Schedule>(deps, caller, 'schedule', state.id, state, options);
}

async function checkSchedule(deps: Deps, caller: Caller, input: ScheduleInput): Promise<Refusal | null> {
  const problem = cronProblem(input.cron, input.timezone);
  if (problem !== null) return refuse('invalid_cron', problem.message, { errors: [problem] });
  const project = await checkNewTicket(deps, caller, { project: input.project, fields: input.ticket });
  return isRefusal(project) ? project : null;
}

export interface ScheduleChange {
  cron?: string | undefined;
  timezone?: string | undefined;
  missedRun?: Schedule['missedRun'] | undefined;
  ticket?: Partial<TicketFields> | undefined;
  enabled?: boolean | undefined;
  reason?: string | undefined;
}

/** What was due while it was off, or under another cron line, is not made up for. */
export async function changeSchedule(
  deps: Deps,
  caller: Caller,
  id: string,
  change: ScheduleChange,
  options: DocumentOptions<Schedule> = {},
): Promise<Stored | Refusal> {
  if (caller.actor.kind !== 'human')
    return refuse('actor_not_allowed', 'What runs by itself is changed by people.');
  const before = await deps.store.document<Schedule>('schedule', id);
  if (!before) return notFound('schedule', id);
  const wrong = await checkSchedule(deps, caller, merged(before, change));
  if (wrong) return wrong;
  const now = await deps.store.now();
  return changeDocument<Schedule>(
    deps,
    caller,
    'schedule',
    id,
    (state) => {
      const { cron, timezone, missedRun, ticket } = merged(state, change);
      const starts = state.cron !== cron || state.timezone !== timezone || (change.enabled && !state.enabled);
      return {
        cron,
        timezone,
        missedRun,
        ticket,
        ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
        ...(starts ? { decidedUntil: now } : {}),
        changedBy: caller.actor.id,
        reason: change.reason ?? null,
      };
    },
    options,
  );
}

function merged(state: Schedule, change: ScheduleChange): ScheduleInput {
  return {
    project: state.project,
    cron: change.cron ?? state.cron,
    timezone: change.timezone ?? state.timezone,
    missedRun: change.missedRun ?? state.missedRun,
    ticket: { ...state.ticket, ...change.ticket },
  };
}

/** When a line would be due in the next `count` slots, before anything is set up by it. */
export async function previewSlots(
  deps: Deps,
  line: { cron: string; timezone: string },
  count: number,
): Promise<number[] | Refusal> {
  const problem = cronProblem(line.cron, line.timezone);
  if (problem !== null) return refuse('invalid_cron', problem.message, { errors: [problem] });
  return nextFirings(line.cron, line.timezone, await deps.store.now(), count);
}

/** When it is due next; null while it is off. Slots that pass while its ticket is open are decided, though not written. */
export function nextSlot(schedule: Schedule, now: number): number | null {
  if (!schedule.enabled) return null;
  const isWaiting = schedule.lastRun?.outcome === 'still_open';
  const after = isWaiting ? Math.max(schedule.decidedUntil, now) : schedule.decidedUntil;
  return nextFiring(schedule.cron, schedule.timezone, after);
}

/** Slots that passed while a ticket was open are counted up to here. */
const MOST_COUNTED = 100;

/** Decides every slot that has come. @returns when the next one comes, or null when none will */
export async function runSchedules(deps: Deps): Promise<number | null> {
  let next: number | null = null;
  for (const { id } of await deps.store.documents<Schedule>('schedule')) {
    const schedule = await deps.store.document<Schedule>('schedule', id);
    if (!schedule?.enabled) continue;
    const now = await deps.store.now();
    // However many slots have passed: the latest stands for all of them.
    const slot = lastFiring(schedule.cron, schedule.timezone, now);
    if (slot !== null && slot > schedule.decidedUntil)
      await runSlot(deps, schedule, slot, system('schedules'));
    const following = nextFiring(schedule.cron, schedule.timezone, now);
    if (following !== null) next = Math.min(next ?? Infinity, following);
  }
  return next;
}

/** A person asks for a run now; the slots stay as they are. */
export async function runScheduleNow(deps: Deps, caller: Caller, id: string): Promise<Stored | Refusal> {
  const schedule = await deps.store.document<Schedule>('schedule', id);
  if (!schedule) return notFound('schedule', id);
  const result = await runSlot(deps, schedule, null, caller);
  if (isRefusal(result)) return result;
  return (await deps.store.document<Schedule>('schedule', id)) ?? notFound('schedule', id);
}

async function runSlot(
  deps: Deps,
  schedule: Stored,
  slot: number | null,
  decidedBy: Caller,
): Promise<true | Refusal> {
  const now = await deps.store.now();
  const ticket = schedule.key === null ? null : await deps.store.ticket(schedule.key);
  const state = ticket?.state ?? null;
  const { outcome, detail, isKnown } = decideSlot(schedule, slot, now, state, () =>
    nextFirings(schedule.cron, schedule.timezone, schedule.decidedUntil, MOST_COUNTED).filter(
      (at) => at <= (slot ?? now),
    ),
  );
  // One event for an open ticket, not one for each slot: a line of every second would fill the log.
  if (isKnown) return true;
  const decision = (key: string | null, at: number, what = { outcome, detail }): Also => {
    const { append, row } = documentWrite<Schedule>(
      decidedBy,
      'schedule',
      schedule.id,
      schedule,
      { decidedUntil: slot ?? schedule.decidedUntil, key, lastRun: { slot, at, ...what } },
      'decided',
      at,
    );
    return { appends: [append], rows: [row] };
  };
  if (outcome !== 'started') {
    await deps.store.commit(decision(schedule.key, now));
    return true;
  }
  // It moves its ticket in the name of the person who set it up, or who asks for this run.
  const mover: Caller = slot === null ? decidedBy : { actor: { kind: 'human', id: schedule.createdBy } };
  const why = slot === null ? 'asked for by hand' : `due at ${new Date(slot).toISOString()}`;
  const result =
    ticket === null
      ? await createTicket(
          deps,
          mover,
          { project: schedule.project, status: 'todo', fields: schedule.ticket },
          { also: (key, at) => decision(key, at) },
        )
      : await changeTicket(
          deps,
          mover,
          ticket.state.key,
          (state, context) => startAgain(state, schedule, why, context),
          { ifMatch: ticket.state.version, also: decision(schedule.key, now) },
        );
  if (!isRefusal(result)) return true;
  // Somebody was first: with the ticket, or with the slot. What is still due is seen again in a moment.
  if (result.code === 'version_conflict') return slot === null ? result : true;
  if (slot === null) return result;
  // It can never work as it is set up; the slot is over, and says why.
  await deps.store.commit(decision(schedule.key, now, { outcome: 'missed', detail: result.detail }));
  return true;
}

interface Also {
  appends: StreamAppend[];
  rows: Row[];
}

function startAgain(state: Ticket, schedule: Schedule, why: string, context: DecideContext): Decision {
  const edited = decideEdit(state, schedule.ticket, context);
  if (isRefusal(edited)) return edited;
  const ticket = edited.reduce<Ticket>((current, event) => evolveTicket(current, event), state);
  const moved =
    ticket.status === 'backlog'
      ? decideReady(ticket, context)
      : decideRecur(ticket, `scheduled work (${schedule.cron}), ${why}`, context);
  return isRefusal(moved) ? moved : [...edited, ...moved];
}
