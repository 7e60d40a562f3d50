/** What workers and their runners do with an attempt: accept, renew, signal, ask for permission, park, end. */
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import {
  type EndCommand,
  decideEnd,
  decidePark,
  decidePermission,
  decideStop,
} from '../domain/ticket/decide-attempt.ts';
import { decideAccept, decideExpire, decideLoseParked } from '../domain/ticket/decide-dispatch.ts';
import { type SignalCommand, decideSignal } from '../domain/ticket/decide-signal.ts';
import { currentAttempt } from '../domain/ticket/fence.ts';
import type { Attempt, Ticket } from '../domain/ticket/state.ts';
import { type ChangeOptions, type TicketChanged, changeTicket } from './change-ticket.ts';
import { type Caller, type Deps, notFound, system } from './deps.ts';
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
  sinceSignalMs: number | null;
}

/** Renews the lease of an attempt that is current; a heartbeat is no event. Tells the runner what is wanted of it. */
export async function heartbeatAttempt(deps: Deps, caller: Caller, who: Who): Promise<Renewed | Refusal> {
  const found = await findAttempt(deps, who.attempt);
  if (isRefusal(found)) return found;
  const attempt = currentAttempt(found.ticket, who.attempt, who.fence);
  if (isRefusal(attempt)) return attempt;
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
  return {
    leaseMs,
    directive,
    answers,
    sinceSignalMs: sinceSignal(found.ticket, attempt, await deps.store.now()),
  };
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

export function parkAttempt(
  deps: Deps,
  caller: Caller,
  command: Who & { session: string | null; treeGone: boolean },
) {
  return change(deps, caller, command.attempt, (ticket, context) => decidePark(ticket, command, context));
}

export function endAttempt(deps: Deps, caller: Caller, command: EndCommand, diff: unknown) {
  return change(deps, caller, command.attempt, (ticket, context) => decideEnd(ticket, command, context), {
    effects: diff === undefined ? [] : [{ effect: 'diff_set', attempt: command.attempt, diff }],
  });
}

/** The reaper's write: the guard re-checks by the database's clock that the lease, and for what ran the grace, are over. */
export function expireAttempt(deps: Deps, open: { attempt: string; state: string }) {
  const graceMs = open.state === 'offered' ? 0 : deps.timing.graceMs;
  return change(
    deps,
    system('reaper'),
    open.attempt,
    (ticket, context) => decideExpire(ticket, open.attempt, context),
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
