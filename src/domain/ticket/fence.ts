/**
 * Whether a write of a worker or its runner still counts. A lease is for liveness; this check, made inside the write's
 * compare-and-swap, is what keeps a superseded worker from changing anything (invariant 2).
 */
import type { StaleReason } from '../words.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Attempt, type Ticket, newestAttempt } from './state.ts';

/** The attempt that this id and fencing token stand for, or why they no longer stand for one. */
export function currentAttempt(ticket: Ticket, attemptId: string, fence: number): Attempt | Refusal {
  const attempt = ticket.attempts.find((candidate) => candidate.id === attemptId);
  if (!attempt) return refuse('not_found', `Ticket ${ticket.key} has no attempt ${attemptId}.`);
  if (attempt.state === 'ended') return stale(attempt, endedReason(attempt));
  if (newestAttempt(ticket) !== attempt || attempt.fence !== fence || ticket.fence !== fence) {
    return stale(attempt, attempt.state === 'parked' && fence === attempt.fence ? 'parked' : 'superseded');
  }
  if (attempt.state === 'parked') return stale(attempt, 'parked');
  return attempt;
}

/** Why a stopping attempt takes no more than progress. */
export function stoppingReason(attempt: Attempt): StaleReason {
  if (attempt.stoppingTo === 'parked') return 'parked';
  return attempt.outcome === 'cancelled' ? 'cancelled' : 'ended';
}

function endedReason(attempt: Attempt): StaleReason {
  if (attempt.outcome === 'cancelled') return 'cancelled';
  if (attempt.outcome === 'lost' || attempt.outcome === 'declined') return 'lease_expired';
  return 'ended';
}

export function stale(attempt: Attempt, reason: StaleReason): Refusal {
  const said: Record<StaleReason, string> = {
    superseded: 'a newer claim or resume has taken over',
    ended: 'it has ended',
    lease_expired: 'its lease has expired',
    cancelled: 'its ticket was cancelled',
    parked: 'it is parked until its question is answered',
  };
  return refuse(
    'stale_attempt',
    `Attempt ${attempt.number} (${attempt.id}) is no longer current: ${said[reason]}.`,
    { reason },
  );
}
