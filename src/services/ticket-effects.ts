/**
 * What a ticket's events mean beside the log: leases begin and end with an attempt's states, and a reason for not running
 * goes when the ticket leaves its lane.
 */
import type { TicketEvent } from '../domain/ticket/events.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { Effect } from '../store/port.ts';
import type { Deps } from './deps.ts';

export const attemptLease = (attempt: string): string => `attempt:${attempt}`;

/** Not a right but a time: until it runs out nobody looks again for a merge or a deploy. */
export const lookLease = (landing: string): string => `look:${landing}`;

export function effectsOf(deps: Deps, events: readonly TicketEvent[], after: Ticket): Effect[] {
  const effects: Effect[] = [];
  for (const event of events) {
    switch (event.type) {
      case 'attempt.offered': {
        const { attempt, fence, runner, kind } = event.data;
        if (kind === 'person' || runner === null) break;
        effects.push({
          effect: 'lease_set',
          name: attemptLease(attempt),
          holder: runner,
          epoch: fence,
          ttlMs: deps.timing.offerMs,
        });
        break;
      }
      case 'attempt.started': {
        const { attempt, fence } = event.data;
        const runner = after.attempts.find((a) => a.id === attempt)?.runner ?? '';
        effects.push({
          effect: 'lease_set',
          name: attemptLease(attempt),
          holder: runner,
          epoch: fence,
          ttlMs: deps.timing.leaseMs,
        });
        break;
      }
      case 'attempt.parked':
      case 'attempt.ended':
        effects.push({ effect: 'lease_drop', name: attemptLease(event.data.attempt) });
        break;
      case 'landing.ended':
      case 'landing.withdrawn':
        // In the same commit: a runner that is still at it learns with its next word that this is over.
        effects.push({ effect: 'work_withdraw', ticket: after.key, kind: 'land' });
        effects.push({ effect: 'lease_drop', name: lookLease(event.data.landing) });
        break;
      case 'ticket.transitioned':
        if (event.data.to !== 'todo') effects.push({ effect: 'skip_clear', ticket: after.key });
        break;
      default:
        break;
    }
  }
  return effects;
}
