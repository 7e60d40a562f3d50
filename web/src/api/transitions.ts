/**
 * What a person can do to a ticket's status: the words on the buttons, where on the board each leads, and what the
 * person has to say with it. Which of them are possible now is the server's answer (`allowedTransitions`).
 */
import type { ReviewComment, Ticket } from '../../../src/contract/shapes.ts';
import type { TicketStatus, Transition } from '../../../src/domain/words.ts';
import { api, newKey } from './client.ts';
import { keys } from './keys.ts';
import { queryClient } from './query-client.ts';

export type PersonTransition = Extract<
  Transition,
  'ready' | 'defer' | 'hand_in' | 'accept' | 'request_changes' | 'cancel' | 'reopen'
>;

export interface TransitionWords {
  label: string;
  explains: string;
  to: TicketStatus;
  /** What the person has to write: nothing, or a member of the request. */
  asks: 'reason' | 'feedback' | 'summary' | 'optional_reason' | null;
  tone: 'plain' | 'primary' | 'danger';
}

export const PERSON_TRANSITIONS: Record<PersonTransition, TransitionWords> = {
  accept: {
    label: 'Accept',
    explains: 'The work is good: close the ticket, or land it where the project says so.',
    to: 'done',
    asks: null,
    tone: 'primary',
  },
  request_changes: {
    label: 'Request changes',
    explains: 'The next attempt gets your feedback and starts from the submitted work.',
    to: 'todo',
    asks: 'feedback',
    tone: 'plain',
  },
  ready: {
    label: 'Make ready',
    explains: 'Put it in the queue: a worker may take it.',
    to: 'todo',
    asks: null,
    tone: 'primary',
  },
  hand_in: {
    label: 'Hand in',
    explains: 'Your own work is finished: hand it in for review.',
    to: 'in_review',
    asks: 'summary',
    tone: 'primary',
  },
  defer: {
    label: 'Defer',
    explains: 'Back to the backlog: no worker takes it.',
    to: 'backlog',
    asks: null,
    tone: 'plain',
  },
  reopen: {
    label: 'Reopen',
    explains: 'Back to the queue, with its history.',
    to: 'todo',
    asks: 'reason',
    tone: 'plain',
  },
  cancel: {
    label: 'Cancel ticket',
    explains: 'Stop what runs and close it without a result. What was written is kept.',
    to: 'cancelled',
    asks: 'optional_reason',
    tone: 'danger',
  },
};

const ORDER = Object.keys(PERSON_TRANSITIONS) as PersonTransition[];

export const possibleTransitions = (ticket: Ticket): PersonTransition[] =>
  ORDER.filter((transition) => ticket.allowedTransitions.includes(transition));

/** The transition that a move on the board stands for, or why there is none. */
export function transitionTo(
  ticket: Ticket,
  to: TicketStatus,
): { transition: PersonTransition } | { why: string } {
  if (ticket.status === to) return { why: 'It is there already.' };
  const transition = possibleTransitions(ticket).find((t) => PERSON_TRANSITIONS[t].to === to);
  if (transition) return { transition };
  switch (to) {
    case 'in_progress':
      return { why: 'Only a worker’s claim moves a ticket here.' };
    case 'needs_input':
      return { why: 'A ticket comes here when its agent asks something.' };
    case 'in_review':
      return { why: 'A ticket comes here when its work is submitted.' };
    case 'done':
      return { why: 'Only submitted work can be accepted.' };
    case 'backlog':
      return { why: 'Only a ticket in To do can be deferred.' };
    case 'todo':
      return { why: `A ticket that is ${ticket.status.replace('_', ' ')} cannot be queued by hand.` };
    case 'cancelled':
      return { why: 'It is closed already.' };
  }
}

export interface TransitionInput {
  transition: PersonTransition;
  reason?: string;
  feedback?: string;
  summary?: string;
  commit?: string;
  comments?: ReviewComment[];
}

/** Moves a ticket on the version that the person saw; the answer is the new ticket, and goes straight to the cache. */
export async function postTransition(
  ticket: Pick<Ticket, 'key' | 'version'>,
  input: TransitionInput,
): Promise<Ticket> {
  const moved = await api.post<Ticket>(`/tickets/${encodeURIComponent(ticket.key)}/transitions`, input, {
    ifMatch: ticket.version,
    idempotencyKey: newKey(),
  });
  keepTicket(moved);
  return moved;
}

export function keepTicket(ticket: Ticket): void {
  queryClient.setQueryData(keys.ticket(ticket.key), ticket);
  void queryClient.invalidateQueries({
    queryKey: keys.ticket(ticket.key),
    predicate: (q) => q.queryKey.length > 2,
  });
  void queryClient.invalidateQueries({ queryKey: keys.allTickets });
  void queryClient.invalidateQueries({ queryKey: keys.allInbox });
  void queryClient.invalidateQueries({ queryKey: keys.overview });
}
