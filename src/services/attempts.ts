/** What workers and their runners do with an attempt: accept, renew, signal, ask for permission, park, end. */
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import {
  type EndCommand,
  decideEnd,
  decidePark,
  decidePermission,
  decideStop,
  withCost,
} from '../domain/ticket/decide-attempt.ts';
import { decideAccept, decideExpire, decideLoseParked } from '../domain/ticket/decide-dispatch.ts';
import { type SignalCommand, decideSignal } from '../domain/ticket/decide-signal.ts';
import { currentAttempt } from '../domain/ticket/fence.ts';
import type { Attempt, Budget, Cost, Ticket } from '../domain/ticket/state.ts';
import { type ChangeOptions, type TicketChanged, changeTicket } from './change-ticket.ts';
import { type Caller, type Deps, notFound, system } from './deps.ts';
import { type Usage, costOf, holdToBudgets, recordUsage } from './metering.ts';
import { attemptLease } from './ticket-effects.ts';

type Who = { attempt: string; fence: number };

export async function findAttempt(
  deps: Deps,
  attempt: string,
): Promise<{ ticket: Ticket; attempt: Attempt } | Refusal> {
  const key = await deps.store.ticketOfAttempt(attempt);
  const record = key === null ? null : await deps.store.ticket(key);
  const found = record?.state.attempts.find((candidate) => candidate.id === attempt);
  return record && found ? { ticket: record.state, attempt: found } : notFound('attempt', attempt);
}

async function change(
  deps: Deps,
  caller: Caller,
  attempt: string,
  decide: Parameters<typeof changeTicket>[3],
  options: ChangeOptions = {},
): Promise<TicketChanged | Refusal> {
  const key = await deps.store.ticketOfAttempt(attempt);
  if (key === null) return notFound('attempt', attempt);
  return changeTicket(deps, caller, key, decide, options);
}

export function acceptAttempt(
  deps: Deps,
  caller: Caller,
  who: Who & { base: string | null; branch: string | null },
) {
  return change(deps, caller, who.attempt, (ticket, context) => decideAccept(ticket, who, context));
}

export interface Renewed {
  leaseMs: number;
  directive: 'continue' | 'park' | 'stop';
  answers: { question: string; choice: string }[];
  /** What this run may use in all before a budget stops it; members that nothing limits are left out. */
  budget?: Budget;
  sinceSignalMs: number | null;
}

/** Renews the lease of an attempt that is current; a heartbeat is no event. Tells the runner what is wanted of it. */
export async function heartbeatAttempt(
  deps: Deps,
  caller: Caller,
  { usage, ...who }: Who & { usage?: Usage | undefined },
): Promise<Renewed | Refusal> {
  const found = await currentOf(deps, who);
  if (isRefusal(found)) return found;
  const { attempt } = found;
  if (attempt.state === 'offered') {
    return refuse(
      'transition_not_allowed',
      `Attempt ${attempt.number} has to be accepted before its lease can be renewed.`,
    );
  }
  const { leaseMs } = deps.timing;
  const renewed = await deps.store.renewLease(attemptLease(attempt.id), caller.actor.id, who.fence, leaseMs);
  if (!renewed) {
    return refuse(
      'stale_attempt',
      `The lease of attempt ${attempt.number} is no longer held by this runner.`,
      { reason: 'lease_expired' },
    );
  }
  if (usage) await recordUsage(deps, found.ticket.project, who, usage);
  const budget = attempt.state === 'running' ? await holdToBudgets(deps, found.ticket, attempt) : {};
  if (budget === null)
    return renewedAs(deps, { leaseMs, directive: 'stop', answers: [] }, found.ticket, attempt);
  const directive =
    attempt.state === 'stopping' ? (attempt.stoppingTo === 'parked' ? 'park' : 'stop') : 'continue';
  const answers = found.ticket.questions
    .filter(
      (q) =>
        q.kind === 'permission' &&
        q.attempt === attempt.id &&
        q.state === 'answered' &&
        q.deliveredTo.length === 0,
    )
    .map((q) => ({ question: q.id, choice: q.choice ?? '' }));
  return renewedAs(deps, { leaseMs, directive, answers, budget }, found.ticket, attempt);
}

async function renewedAs(
  deps: Deps,
  renewed: Omit<Renewed, 'sinceSignalMs'>,
  ticket: Ticket,
  attempt: Attempt,
): Promise<Renewed> {
  return { ...renewed, sinceSignalMs: sinceSignal(ticket, attempt, await deps.store.now()) };
}

async function currentOf(deps: Deps, who: Who): Promise<{ ticket: Ticket; attempt: Attempt } | Refusal> {
  const found = await findAttempt(deps, who.attempt);
  if (isRefusal(found)) return found;
  const attempt = currentAttempt(found.ticket, who.attempt, who.fence);
  return isRefusal(attempt) ? attempt : { ticket: found.ticket, attempt };
}

/** Signals do not pass the runner, which judges stalls: how long ago the attempt's last one was, null for none. */
function sinceSignal(ticket: Ticket, attempt: Attempt, now: number): number | null {
  // Submit, fail and ask are what made it stop.
  if (
    attempt.state === 'stopping' &&
    (attempt.stoppingTo === 'parked' || attempt.outcome === 'submitted' || attempt.outcome === 'failed')
  )
    return 0;
  const asked = ticket.questions
    .filter((q) => q.attempt === attempt.id && q.kind === 'question')
    .map((q) => q.askedAt);
  const times = [...asked, ...(attempt.lastProgress ? [attempt.lastProgress.at] : [])];
  return times.length === 0 ? null : Math.max(0, now - Math.max(...times));
}

export function signalAttempt(
  deps: Deps,
  caller: Caller,
  who: Who,
  signal: SignalCommand,
  options: ChangeOptions = {},
) {
  return change(
    deps,
    caller,
    who.attempt,
    (ticket, context) => decideSignal(ticket, who, signal, context),
    options,
  );
}

export function requestPermission(
  deps: Deps,
  caller: Caller,
  command: Who & { text: string; choices: { id: string; label: string }[] },
) {
  return change(deps, caller, command.attempt, (ticket, context) =>
    decidePermission(ticket, command, context),
  );
}

export async function parkAttempt(
  deps: Deps,
  caller: Caller,
  { usage, ...command }: Who & { session: string | null; treeGone: boolean; usage?: Usage | undefined },
) {
  const cost = await settledCost(deps, command, usage);
  return change(deps, caller, command.attempt, (ticket, context) =>
    withCost(decidePark(ticket, command, context), command.attempt, cost),
  );
}

export async function endAttempt(
  deps: Deps,
  caller: Caller,
  { usage, ...command }: EndCommand & { usage?: Usage | undefined },
  diff: unknown,
) {
  const cost = await settledCost(deps, command, usage);
  if (command.reason === 'budget_exhausted') {
    // Its runner stopped it at what it might still spend; whose budget that was is decided here.
    const found = await currentOf(deps, command);
    if (!isRefusal(found)) await holdToBudgets(deps, found.ticket, found.attempt);
  }
  return change(
    deps,
    caller,
    command.attempt,
    (ticket, context) => withCost(decideEnd(ticket, command, context), command.attempt, cost),
    { effects: diff === undefined ? [] : [{ effect: 'diff_set', attempt: command.attempt, diff }] },
  );
}

/** What is on record for the attempt, with the last report of this run; a superseded run adds nothing. */
async function settledCost(deps: Deps, who: Who, usage: Usage | undefined): Promise<Cost> {
  if (usage) {
    const found = await currentOf(deps, who);
    if (!isRefusal(found))
      await recordUsage(deps, found.ticket.project, { attempt: who.attempt, fence: who.fence }, usage);
  }
  return costOf(deps, who.attempt);
}

/** The reaper's write: the guard re-checks by the database's clock that the lease, and for what ran the grace, are over. */
export async function expireAttempt(deps: Deps, open: { attempt: string; state: string }) {
  const graceMs = open.state === 'offered' ? 0 : deps.timing.graceMs;
  const cost = await costOf(deps, open.attempt);
  return change(
    deps,
    system('reaper'),
    open.attempt,
    (ticket, context) => withCost(decideExpire(ticket, open.attempt, context), open.attempt, cost),
    {
      guards: [{ guard: 'lease_expired', name: attemptLease(open.attempt), graceMs }],
    },
  );
}

export function loseParkedAttempt(deps: Deps, attempt: string) {
  return change(deps, system('reaper'), attempt, (ticket, context) =>
    decideLoseParked(ticket, attempt, context),
  );
}

export function stopAttempt(deps: Deps, ticket: string, reason: string) {
  return changeTicket(deps, system('pause'), ticket, (state, context) => decideStop(state, reason, context));
}
