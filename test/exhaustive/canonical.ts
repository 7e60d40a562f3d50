/**
 * One text for all states that cannot be told apart from here on: times count from now, epochs and tokens from the
 * present ones, attempts from the newest; identities, and which of the two dispatchers is which, do not count.
 */
import type { Ticket } from '../../src/domain/ticket/state.ts';
import { DISPATCH_LEASE } from '../../src/services/dispatching.ts';
import { attemptLease } from '../../src/services/ticket-effects.ts';
import { TIMING } from './set-up.ts';
import type { Agent, DispatcherState, Message, State } from './world.ts';

export function canonical(state: State): string {
  const { rows } = state;
  const tickets = [...rows.tickets.values()].map(({ state: ticket }) => ticket);
  const owner = new Map<string, string>();
  for (const [index, ticket] of tickets.entries())
    for (const [at, attempt] of ticket.attempts.entries())
      owner.set(attempt.id, `${index}.${at - ticket.attempts.length}`);
  const fenceOf = (attempt: string, fence: number): number => {
    const ticket = tickets.find((one) => one.attempts.some((candidate) => candidate.id === attempt));
    return fence - (ticket?.fence ?? 0);
  };
  const agent = (a: Agent): string =>
    `${owner.get(a.attempt)}${fenceOf(a.attempt, a.fence)}${a.runner}${Math.min(rows.now - a.renewedAt, TIMING.leaseMs)}${a.owes}`;
  const message = (m: Message | null): string =>
    m ? `${m.what}${owner.get(m.attempt)}${fenceOf(m.attempt, m.fence)}${m.runner}` : '-';
  const [first, second] = tickets;
  const shared = [
    ...tickets.map((ticket) => ticketText(ticket, state)),
    first && second ? Math.sign(first.statusSince - second.statusSince) : '',
    state.agents.map(agent).sort().join(),
    state.zombies.map(agent).sort().join(),
    message(state.late),
    state.left.crash,
    state.left.lost,
    state.left.doubled,
  ].join('|');
  const one = dispatchText(state, ['d1', 'd2']);
  const other = dispatchText(state, ['d2', 'd1']);
  return `${shared}|${one < other ? one : other}`;
}

function dispatchText(state: State, order: readonly ['d1' | 'd2', 'd1' | 'd2']): string {
  const { rows, dispatchers, started } = state;
  const lease = rows.leases.get(DISPATCH_LEASE);
  const base = lease?.epoch ?? 0;
  const name = (holder: string): number => order.indexOf(holder as 'd1');
  const own = (d: DispatcherState): string => {
    const plan = d.plan?.starts.map(
      ({ candidate, runner }) =>
        `${candidate.key}${rows.tickets.get(candidate.key)?.state.version === candidate.version}${runner}${candidate.lane}`,
    );
    return `${d.epoch === null ? '-' : d.epoch - base}:${plan?.join() ?? '-'}`;
  };
  return [
    lease ? `${name(lease.holder)}${Math.max(lease.expiresAt - rows.now, 0)}` : '-',
    `${name(started.holder)}${started.epoch - base}`,
    ...order.map((holder) => own(dispatchers[holder === 'd1' ? 0 : 1])),
  ].join('/');
}

function ticketText(ticket: Ticket, { rows }: State): string {
  const newest = ticket.attempts.at(-1);
  const lease = newest && rows.leases.get(attemptLease(newest.id));
  const index = (id: string | null): number =>
    ticket.attempts.findIndex((a) => a.id === id) - ticket.attempts.length;
  return [
    ticket.status,
    Math.max((ticket.notBefore ?? 0) - rows.now, 0),
    ticket.retriesSpent,
    ticket.freeReleases,
    newest
      ? `${newest.state}${newest.outcome}${newest.stoppingTo}${newest.runner}${newest.fence - ticket.fence}${newest.startedAt === null}${newest.continues === null}`
      : '-',
    lease
      ? `${Math.max(lease.expiresAt - rows.now, -TIMING.graceMs)}${lease.holder}${lease.epoch - ticket.fence}`
      : '-',
    ticket.questions
      .filter((q) => q.state !== 'withdrawn')
      .map((q) => `${q.kind}${q.state}${index(q.attempt) === -1}${q.deliveredTo.length > 0}`)
      .join(),
  ].join(';');
}
