/** Creating, editing, commenting: what changes no status. */
import { refuse } from '../refusal.ts';
import { type DecideContext, type Decision, Draft } from './decide.ts';
import { type TicketEvent, ticketEvent } from './events.ts';
import { type Ticket, type TicketFields, submittedAttempt } from './state.ts';
import type { EvidenceKind } from '../words.ts';

export interface CreateTicketCommand extends TicketFields {
  key: string;
  project: string;
  number: number;
  status: 'backlog' | 'todo';
}

export function decideCreate(
  command: CreateTicketCommand,
  context: Pick<DecideContext, 'actor' | 'now'>,
): TicketEvent[] {
  return [
    ticketEvent('ticket.created', context.actor, context.now, { ...command, createdBy: context.actor.id }),
  ];
}

export function decideEdit(state: Ticket, set: Partial<TicketFields>, context: DecideContext): Decision {
  const changed: Partial<TicketFields> = {};
  for (const key of Object.keys(set) as (keyof TicketFields)[]) {
    if (set[key] !== undefined && JSON.stringify(set[key]) !== JSON.stringify(state[key])) {
      Object.assign(changed, { [key]: set[key] });
    }
  }
  if (changed.blockedBy?.includes(state.key)) {
    return refuse('dependency_cycle', `${state.key} cannot be blocked by itself.`);
  }
  if (Object.keys(changed).length === 0) return [];
  return new Draft(state, context).add('ticket.changed', { set: changed }).events;
}

export function decideComment(state: Ticket, text: string, context: DecideContext): Decision {
  return new Draft(state, context).add('ticket.commented', { text }).events;
}

/** A person takes the place of one kind of evidence, for one attempt, by name, with a reason and until a date. */
export function decideWaiver(
  state: Ticket,
  command: { kind: EvidenceKind; reason: string; expiresAt: number },
  context: DecideContext,
): Decision {
  if (context.actor.kind !== 'human') {
    return refuse('actor_not_allowed', 'Only a person may waive evidence.');
  }
  const attempt = submittedAttempt(state);
  if (!attempt || state.status !== 'in_review') {
    return refuse(
      'transition_not_allowed',
      `${state.key} is ${state.status}; a waiver is for a submission that is in review.`,
      {
        current: { version: state.version, status: state.status },
      },
    );
  }
  if (command.expiresAt <= context.now) {
    return refuse('invalid_request', 'The waiver would have expired already.', {
      errors: [{ path: 'expiresAt', message: 'must be in the future' }],
    });
  }
  return new Draft(state, context).add('waiver.granted', {
    waiver: context.newId('wvr'),
    attempt: attempt.id,
    kind: command.kind,
    reason: command.reason,
    by: context.actor.id,
    expiresAt: command.expiresAt,
  }).events;
}
