/**
 * Landing: what happens between the decision to accept and `done`, where the accepted work has to get somewhere.
 *
 *     accept ─ recorded ─▶ queued ─▶ building ──(intent)──▶ pushing ─┬─▶ done
 *                            ▲          │ merge, checks on it        ├─▶ awaiting_merge ─┐ (pull request)
 *                            └──────────┴── the branch moved ◀───────┘                   ├─▶ deploying ─▶ done
 *                                                                                        ┘
 *     any of them ─▶ ended (a conflict item asks what to do) · withdrawn (cancel, request_changes)
 *
 * Nothing is pushed that was not announced before, and an announced push whose result is not known blocks everything
 * else: whoever goes on looks first whether it has arrived.
 */
import type { Completion, Landing, Ticket } from './state.ts';
import { newestAttempt } from './state.ts';

export function isUnfinished(landing: Landing): boolean {
  return landing.state !== 'landed' && landing.state !== 'ended' && landing.state !== 'withdrawn';
}

/** The landing of the present submission; an earlier submission's says nothing about this one. */
export function landingOf(ticket: Ticket): Landing | null {
  const { landing } = ticket;
  if (!landing || ticket.status !== 'in_review' || landing.attempt !== newestAttempt(ticket)?.id) return null;
  return landing;
}

export function isLanding(ticket: Ticket): boolean {
  const landing = landingOf(ticket);
  return landing !== null && isUnfinished(landing);
}

/** Whether accepting is not the end: the work has to be merged, or its deploy seen. */
export function needsLanding(completion: Completion): boolean {
  return completion.onAccept !== 'leave_branch' || completion.requires.includes('deploy');
}
