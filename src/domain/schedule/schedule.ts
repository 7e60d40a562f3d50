/**
 * Recurring work: a schedule owns one ticket, and makes it ready again at each of its slots. It is one ticket with a
 * history, not many tickets. A slot is decided once: the decision stands in the schedule's stream, in the same commit
 * as what it did, so neither a restart nor a second server runs a slot again.
 */
import type { TicketFields } from '../ticket/state.ts';
import type { TicketStatus } from '../words.ts';

export const MISSED_RUNS = ['run_once', 'skip'] as const;
export type MissedRun = (typeof MISSED_RUNS)[number];

export const SLOT_OUTCOMES = ['started', 'still_open', 'missed'] as const;
export type SlotOutcome = (typeof SLOT_OUTCOMES)[number];

export interface Schedule {
  id: string;
  project: string;
  /** Five or six fields, read in `timezone`. */
  cron: string;
  /** An IANA name. */
  timezone: string;
  /** What happens to slots that passed while nothing could run them. */
  missedRun: MissedRun;
  /** What its ticket is made of, and made again at each start. */
  ticket: TicketFields;
  /** Its ticket; null before the first run. */
  key: string | null;
  enabled: boolean;
  changedBy: string | null;
  reason: string | null;
  /** The person on whose behalf it moves its ticket. */
  createdBy: string;
  /** Every slot up to here has been decided; milliseconds since the epoch. */
  decidedUntil: number;
  lastRun: { slot: number | null; at: number; outcome: SlotOutcome; detail: string } | null;
}

/** A slot that is seen later than this was missed: the server was away, or the clock jumped. */
export const LATE_AFTER_MS = 60_000;

/**
 * What becomes of a slot.
 * @param slot when it was due; null when a person asks for a run now
 * @param ticket the schedule's; null where there is none yet
 * @param passed the slots that have come since the last decision
 * @returns `isKnown` where the schedule says so already, and nothing is to be written
 */
export function decideSlot(
  schedule: Pick<Schedule, 'key' | 'missedRun' | 'lastRun'>,
  slot: number | null,
  now: number,
  ticket: { status: TicketStatus; statusSince: number } | null,
  passed: () => readonly number[],
): { outcome: SlotOutcome; detail: string; isKnown?: boolean } {
  const name = schedule.key ?? 'its ticket';
  const wasOpen = schedule.lastRun?.outcome === 'still_open' && schedule.lastRun.slot !== null;
  if (ticket !== null && isOpen(ticket.status)) {
    const detail = `${name} is still ${ticket.status.replace('_', ' ')}; it is not started twice`;
    return { outcome: 'still_open', detail, isKnown: wasOpen && slot !== null };
  }
  // Its slot came before it was closed: that it is closed by now makes up for nothing.
  if (ticket !== null && wasOpen && slot !== null && slot <= ticket.statusSince) {
    const count = passed().length;
    const slots = `${count} ${count === 1 ? 'slot' : 'slots'}`;
    return {
      outcome: 'still_open',
      detail: `${slots} passed while ${name} was open; it is not started twice`,
    };
  }
  const lateMs = slot === null ? 0 : now - slot;
  const late = lateMs > LATE_AFTER_MS ? `, ${Math.round(lateMs / 60_000)} min late` : '';
  if (late !== '' && schedule.missedRun === 'skip') {
    return { outcome: 'missed', detail: `nobody was there when it was due${late}; its policy is to skip` };
  }
  return { outcome: 'started', detail: `started${late}` };
}

function isOpen(status: TicketStatus): boolean {
  return status !== 'backlog' && status !== 'done' && status !== 'cancelled';
}
