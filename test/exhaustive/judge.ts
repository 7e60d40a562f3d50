/**
 * What must hold at each step. The history of one ticket is judged by the invariants that `mctl verify` uses; what goes
 * across tickets (epochs, limits, leases) is written here anew, from the states alone.
 */
import { InvariantReport } from '../../src/domain/invariants/report.ts';
import { TicketHistory } from '../../src/domain/invariants/ticket-history.ts';
import type { TicketEvent } from '../../src/domain/ticket/events.ts';
import { evolveTicket } from '../../src/domain/ticket/evolve.ts';
import { holdsSlot, newestAttempt, type Ticket } from '../../src/domain/ticket/state.ts';
import { DISPATCH_LEASE } from '../../src/services/dispatching.ts';
import { attemptLease } from '../../src/services/ticket-effects.ts';
import { DOCUMENTS, TIMING } from './set-up.ts';
import type { State } from './world.ts';

/** The violations of the step from `before`, in which these events were committed; notes in `after` who started what. */
export function judge(
  before: State,
  after: State,
  events: ReadonlyMap<string, readonly TicketEvent[]>,
): string[] {
  const report = new InvariantReport();
  const wrong: string[] = [];
  const expect = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  for (const [key, list] of events) {
    let ticket: Ticket | null = before.rows.tickets.get(key)?.state ?? null;
    const completion = () => DOCUMENTS.projects[0]?.completion ?? null;
    const history = new TicketHistory(report, completion, (text) => `#${text.length}`);
    for (const event of list) {
      const earlier: Ticket | null = ticket;
      ticket = evolveTicket(earlier, event);
      history.event({ ...event, seq: 0 }, earlier, ticket);
      if (!earlier) continue;
      if (event.type === 'attempt.offered') started(before, after, event, earlier, expect);
      if (
        event.type === 'attempt.ended' &&
        (event.data.outcome === 'lost' || event.data.outcome === 'declined')
      ) {
        const lease = before.rows.leases.get(attemptLease(event.data.attempt));
        const grace = event.data.outcome === 'lost' ? TIMING.graceMs : 0;
        expect(
          !lease || lease.expiresAt + grace <= before.rows.now,
          `I11: ${event.data.attempt} is ${event.data.outcome} before its lease and grace are over`,
        );
      }
    }
    if (ticket) history.final(ticket);
  }
  if (events.size > 0) limits(after, expect);
  for (const { id, violations } of report.results())
    wrong.push(...violations.map((text) => `${id}: ${text}`));
  return wrong;
}

function started(
  before: State,
  after: State,
  event: Extract<TicketEvent, { type: 'attempt.offered' }>,
  earlier: Ticket,
  expect: (holds: boolean, what: string) => void,
): void {
  const { epoch, fence, attempt } = event.data;
  const lease = before.rows.leases.get(DISPATCH_LEASE);
  const holder = event.actor.id;
  expect(fence > earlier.fence, `I2: ${attempt} has fencing token ${fence} after ${earlier.fence}`);
  expect(
    lease !== undefined &&
      lease.holder === holder &&
      lease.epoch === epoch &&
      lease.expiresAt > before.rows.now,
    `I3: ${holder} started ${attempt} under epoch ${epoch}, and the lease is ${JSON.stringify(lease)} at ${before.rows.now}`,
  );
  const last = after.started;
  expect(
    epoch > last.epoch || (epoch === last.epoch && holder === last.holder),
    `I3: ${holder} started ${attempt} under epoch ${epoch} after ${last.holder} under ${last.epoch}`,
  );
  if (epoch > last.epoch) after.started = { epoch, holder };
}

function limits(state: State, expect: (holds: boolean, what: string) => void): void {
  const holders = [...state.rows.tickets.values()].flatMap(({ state: ticket }) =>
    ticket.attempts.filter(holdsSlot),
  );
  const { maxWorkers } = DOCUMENTS.policy;
  expect(holders.length <= maxWorkers, `I4: ${holders.length} workers, limit ${maxWorkers}`);
  for (const { id, slots } of DOCUMENTS.runners) {
    const used = holders.filter((attempt) => attempt.runner === id).length;
    expect(used <= slots, `I4: ${used} workers on ${id}, which has ${slots} slots`);
  }
  for (const { state: ticket } of state.rows.tickets.values()) {
    const newest = newestAttempt(ticket);
    const held = newest !== null && holdsSlot(newest);
    expect(
      !held || state.rows.leases.has(attemptLease(newest.id)),
      `I11: ${newest?.id} is ${newest?.state} without a lease`,
    );
  }
}
