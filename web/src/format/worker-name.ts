/**
 * Who works on a ticket, or worked on it last: the profile of its attempt. A ticket's `profile` is only what was set on
 * it, and its `owner` may be a person; the sentence of the ticket always ends with the profile that the attempt has.
 */
import type { Attempt, Ticket } from '../../../src/contract/shapes.ts';

export function workerName(ticket: Ticket): string | null {
  return (
    ticket.attempt?.profile ?? /· profile (\S+)$/.exec(ticket.sentence)?.[1] ?? ticket.profile ?? ticket.owner
  );
}

/** The author of a comment: an attempt is named by its profile and number, not by its id. */
export function authorName(by: string, attempts: readonly Attempt[]): string {
  const attempt = attempts.find((a) => a.id === by);
  if (attempt) return `${attempt.profile ?? 'a person'} · attempt ${attempt.number}`;
  return by.startsWith('att_') ? 'the worker' : by;
}
