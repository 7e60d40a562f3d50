/**
 * The one table of ticket transitions. Nothing else in the system changes a ticket's status: every decider asks this
 * table, the invariants replay it, and docs/states.md is drawn from it.
 */
import type { ActorKind, TicketStatus, Transition } from '../words.ts';

export interface TransitionRow {
  transition: Transition;
  from: readonly TicketStatus[];
  to: TicketStatus;
  by: readonly ActorKind[];
  guard: string;
}

const OPEN = ['backlog', 'todo', 'in_progress', 'needs_input', 'in_review'] as const;

export const TRANSITION_TABLE: readonly TransitionRow[] = [
  { transition: 'ready', from: ['backlog'], to: 'todo', by: ['human', 'orchestrator'], guard: '' },
  { transition: 'defer', from: ['todo'], to: 'backlog', by: ['human', 'orchestrator'], guard: '' },
  {
    transition: 'claim',
    from: ['todo'],
    to: 'in_progress',
    by: ['dispatcher'],
    guard:
      'dispatch lease current; claim policy allows; a slot is free; no earlier attempt is running or stopping; creates the next attempt',
  },
  {
    transition: 'ask',
    from: ['in_progress'],
    to: 'needs_input',
    by: ['attempt', 'runner'],
    guard: 'opens a question; the attempt stops and is parked',
  },
  {
    transition: 'resume',
    from: ['needs_input'],
    to: 'in_progress',
    by: ['dispatcher'],
    guard:
      'as claim, and no question is open; continues the parked attempt with the answers, or starts the next attempt where none is parked',
  },
  {
    transition: 'submit',
    from: ['in_progress'],
    to: 'in_review',
    by: ['attempt'],
    guard: 'a summary and evidence claims; the attempt stops and ends; open questions are withdrawn',
  },
  {
    transition: 'hand_in',
    from: ['todo'],
    to: 'in_review',
    by: ['human'],
    guard: 'the assignee is a person; records an attempt of kind person, ended submitted',
  },
  {
    transition: 'accept',
    from: ['in_review'],
    to: 'done',
    by: ['human', 'orchestrator', 'policy'],
    guard:
      'the completion policy is satisfied by verified evidence or unexpired waivers; decided by someone other than the worker; where something has to land it is recorded only',
  },
  {
    transition: 'land',
    from: ['in_review'],
    to: 'done',
    by: ['control_plane'],
    guard: 'accepted, landed, deploy verified where required',
  },
  {
    transition: 'request_changes',
    from: ['in_review'],
    to: 'todo',
    by: ['human', 'orchestrator', 'policy'],
    guard: 'feedback; the next attempt gets it and starts at the submitted head',
  },
  {
    transition: 'release',
    from: ['in_progress'],
    to: 'todo',
    by: ['control_plane'],
    guard:
      "the attempt's outcome is fixed and is not submitted; failed, lost and timed_out spend a retry, declined, rate_limited and stopped do not",
  },
  {
    transition: 'exhaust',
    from: ['in_progress', 'in_review'],
    to: 'needs_input',
    by: ['control_plane'],
    guard: 'retries spent, fail without retry, or the budget of the ticket spent; asks what to do',
  },
  {
    transition: 'cancel',
    from: OPEN,
    to: 'cancelled',
    by: ['human', 'orchestrator'],
    guard: 'withdraws questions, closes inbox items, ends offered and parked attempts, stops running ones',
  },
  {
    transition: 'reopen',
    from: ['done', 'cancelled'],
    to: 'todo',
    by: ['human', 'orchestrator'],
    guard: 'a reason',
  },
];

const ROWS = new Map(TRANSITION_TABLE.map((row) => [row.transition, row]));

export function transitionRow(transition: Transition): TransitionRow {
  const row = ROWS.get(transition);
  if (!row) throw new Error(`the transition table has no row for ${transition}`);
  return row;
}

/** The transitions that an actor of this kind may try from this status; guards may still refuse. */
export function transitionsFrom(status: TicketStatus, by: ActorKind): Transition[] {
  return TRANSITION_TABLE.filter((row) => row.from.includes(status) && row.by.includes(by)).map(
    (row) => row.transition,
  );
}

export function isClosed(status: TicketStatus): boolean {
  return status === 'done' || status === 'cancelled';
}
