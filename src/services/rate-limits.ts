/** Until when the providers behind profiles refuse them, as their last attempts found out. */
import { newestAttempt } from '../domain/ticket/state.ts';
import type { Deps } from './deps.ts';

/** Looked at among the tickets that wait; more than this do not wait for one provider. */
const MOST_TICKETS = 200;

/** @returns by profile, milliseconds since the epoch; profiles that may work are left out */
export async function rateLimits(deps: Deps): Promise<Map<string, number>> {
  const now = await deps.store.now();
  const { items } = await deps.store.tickets({ statuses: ['todo'], sort: 'updated', limit: MOST_TICKETS });
  const until = new Map<string, number>();
  for (const ticket of items) {
    const attempt = newestAttempt(ticket);
    if (attempt?.outcome !== 'rate_limited' || attempt.profile === null) continue;
    if (ticket.notBefore === null || ticket.notBefore <= now) continue;
    until.set(attempt.profile, Math.max(until.get(attempt.profile) ?? 0, ticket.notBefore));
  }
  return until;
}
