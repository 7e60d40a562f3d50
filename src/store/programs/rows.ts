/** How a state becomes the columns of its row: the columns are for finding and ordering, the state is the truth. */
import { type RawBuilder, sql } from 'kysely';
import type { AlertState } from '../../domain/alert/alert.ts';
import { dispatchRank } from '../../domain/dispatch/plan-dispatch.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import {
  holdsSlot,
  newestAttempt,
  openQuestions,
  type Ticket,
  ticketCost,
} from '../../domain/ticket/state.ts';
import type { StoredEvent } from '../port.ts';
import { SEARCHED_LENGTH, type Tables } from '../schema.ts';

export const EVENT_COLUMNS = [
  'stream',
  'version',
  'seq',
  'type',
  'actor_kind',
  'actor_id',
  'at',
  'data',
  'data_hash',
  'hash',
  'roll',
  'ticket',
  'project',
] as const satisfies readonly (keyof Tables['events'])[];

export const TICKET_COLUMNS = [
  'key',
  'project',
  'number',
  'status',
  'priority',
  'assignee',
  'campaign',
  'profile',
  'title',
  'search',
  'labels',
  'lane',
  'rank',
  'not_before',
  'blocked_by',
  'stopping',
  'parked_on',
  'budget',
  'cost_usd',
  'cost_input',
  'cost_output',
  'to_verify',
  'status_since',
  'created_at',
  'updated_at',
  'version',
  'stream_version',
  'state',
] as const satisfies readonly (keyof Tables['tickets'])[];

export const ATTEMPT_COLUMNS = [
  'id',
  'ticket',
  'number',
  'kind',
  'project',
  'profile',
  'campaign',
  'runner',
  'state',
  'fence',
  'offered_at',
  'ended_at',
  'cost_usd',
  'cost_input',
  'cost_output',
] as const satisfies readonly (keyof Tables['attempts'])[];

export const INBOX_COLUMNS = [
  'id',
  'kind',
  'state',
  'ticket',
  'for_whom',
  'created_at',
  'due_at',
  'stream_version',
  'item',
] as const satisfies readonly (keyof Tables['inbox'])[];

export const CREDENTIAL_COLUMNS = [
  'hash',
  'id',
  'kind',
  'role',
  'name',
  'created_at',
  'expires_at',
  'last_used_at',
  'attempt',
  'ticket',
  'fence',
  'over_at',
] as const satisfies readonly (keyof Tables['credentials'])[];

/** Of an upsert that meets a row: the columns take what would have been inserted, so that nothing is bound twice. */
export function proposed<C extends string>(
  columns: readonly C[],
  fixed: readonly C[],
): Record<string, RawBuilder<never>> {
  const changing = columns.filter((column) => !fixed.includes(column));
  return Object.fromEntries(changing.map((column) => [column, sql<never>`${sql.ref(`excluded.${column}`)}`]));
}

/** Settings in seconds and what agents report have decimals, or any size; a column of whole numbers takes neither. */
export const whole = (value: number): number => Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);

/** The lane that a ticket waits in: the needs_input lane opens once every question is answered. */
function laneOf(ticket: Ticket): 'todo' | 'needs_input' | null {
  if (ticket.status === 'todo') return 'todo';
  return ticket.status === 'needs_input' && openQuestions(ticket).length === 0 ? 'needs_input' : null;
}

/** @param data as it was hashed */
export function eventColumns(event: StoredEvent, data: string): Tables['events'] {
  return {
    stream: event.stream,
    version: event.version,
    seq: event.seq,
    type: event.type,
    actor_kind: event.actor.kind,
    actor_id: event.actor.id,
    at: event.at,
    data,
    data_hash: event.dataHash,
    hash: event.hash,
    roll: event.roll,
    ticket: event.ticket,
    project: event.project,
  };
}

/** @returns null for an event that is no comment */
export function commentColumns({ type, seq, ticket, data }: StoredEvent): Tables['comments'] | null {
  if (type !== 'ticket.commented' || ticket === null) return null;
  return { seq, ticket, said: asSaid(String((data as { text?: unknown }).text)).slice(0, SEARCHED_LENGTH) };
}

/** A text as it is looked for in comments. */
export const asSaid = (text: string): string => JSON.stringify(text).slice(1, -1).toLowerCase();

type TicketColumns = Tables['tickets'];

/** Those that a ticket is found and ordered by, and that cost nothing to make. */
/** What tickets are counted by. */
export const COUNTED = ['project', 'status', 'priority', 'campaign', 'assignee', 'profile'] as const;
export type CountedColumns = Pick<TicketColumns, (typeof COUNTED)[number]>;

export function countedOf(ticket: Ticket): CountedColumns {
  const { project, status, priority, campaign, assignee } = ticket;
  const newest = newestAttempt(ticket);
  // A parked attempt goes on with the profile it was started with.
  const { profile } = newest?.state === 'parked' ? newest : ticket;
  return { project, status, priority, campaign, assignee, profile };
}

function placeOf(ticket: Ticket) {
  const newest = newestAttempt(ticket);
  const cost = ticketCost(ticket);
  const parked = newest?.state === 'parked' ? newest : null;
  const { status, priority, campaign, assignee, profile } = countedOf(ticket);
  return {
    status,
    priority,
    assignee,
    campaign,
    profile,
    title: ticket.title,
    lane: laneOf(ticket),
    rank: dispatchRank(ticket.priority, ticket.statusSince),
    not_before: ticket.notBefore === null ? null : whole(ticket.notBefore),
    stopping: newest && holdsSlot(newest) ? 1 : 0,
    parked_on: parked ? parked.runner : null,
    cost_usd: cost.usd,
    cost_input: whole(cost.inputTokens),
    cost_output: whole(cost.outputTokens),
    status_since: ticket.statusSince,
  } satisfies Partial<TicketColumns>;
}

const searchOf = (ticket: Ticket): string =>
  `${ticket.key} ${ticket.title} ${ticket.description}`.toLowerCase().slice(0, SEARCHED_LENGTH);
const budgetOf = (ticket: Ticket): string | null => (ticket.budget ? JSON.stringify(ticket.budget) : null);

/** Those that every change of a ticket changes. */
function progressOf(ticket: Ticket, streamVersion: number, toVerify: boolean) {
  return {
    to_verify: toVerify ? 1 : 0,
    updated_at: ticket.updatedAt,
    version: ticket.version,
    stream_version: streamVersion,
    state: JSON.stringify(ticket),
  } satisfies Partial<TicketColumns>;
}

export function ticketColumns(ticket: Ticket, streamVersion: number, toVerify: boolean): TicketColumns {
  return {
    key: ticket.key,
    project: ticket.project,
    number: ticket.number,
    created_at: ticket.createdAt,
    ...placeOf(ticket),
    search: searchOf(ticket),
    labels: JSON.stringify(ticket.labels),
    blocked_by: JSON.stringify(ticket.blockedBy),
    budget: budgetOf(ticket),
    ...progressOf(ticket, streamVersion, toVerify),
  };
}

/** What differs from the row of the state before: each column that is written again costs each of its indexes. */
export function changedTicketColumns(
  before: Ticket,
  ticket: Ticket,
  streamVersion: number,
  toVerify: boolean,
): Partial<TicketColumns> & Pick<TicketColumns, 'state'> {
  return {
    ...changed(placeOf(before), placeOf(ticket)),
    ...(before.title === ticket.title && before.description === ticket.description
      ? {}
      : { search: searchOf(ticket) }),
    ...(before.labels === ticket.labels ? {} : { labels: JSON.stringify(ticket.labels) }),
    ...(before.blockedBy === ticket.blockedBy ? {} : { blocked_by: JSON.stringify(ticket.blockedBy) }),
    ...(before.budget === ticket.budget ? {} : { budget: budgetOf(ticket) }),
    ...progressOf(ticket, streamVersion, toVerify),
  };
}

/** The members of the second that the first has not. */
export function changed<T extends object>(before: T, after: T): Partial<T> {
  const found: Partial<T> = {};
  for (const column in after) if (before[column] !== after[column]) found[column] = after[column];
  return found;
}

export function attemptColumns(ticket: Ticket, index: number): Tables['attempts'] {
  const attempt = ticket.attempts[index];
  if (!attempt) throw new Error(`${ticket.key} has no attempt at ${index}`);
  return {
    id: attempt.id,
    ticket: ticket.key,
    number: attempt.number,
    kind: attempt.kind,
    project: ticket.project,
    profile: attempt.profile,
    campaign: ticket.campaign,
    runner: attempt.runner,
    state: attempt.state,
    fence: attempt.fence,
    offered_at: attempt.offeredAt,
    ended_at: attempt.endedAt,
    cost_usd: attempt.cost.usd,
    cost_input: whole(attempt.cost.inputTokens),
    cost_output: whole(attempt.cost.outputTokens),
  };
}

export function inboxColumns(item: InboxItem, streamVersion: number): Tables['inbox'] {
  const due = item.state === 'acted' ? null : item.delivery ? item.delivery.until : item.deadline;
  return {
    id: item.id,
    kind: item.kind,
    state: item.state,
    ticket: item.ticket,
    for_whom: item.for,
    created_at: item.createdAt,
    due_at: due === null ? null : whole(due),
    stream_version: streamVersion,
    item: JSON.stringify(item),
  };
}

export function alertColumns(alert: AlertState, streamVersion: number): Tables['alerts'] {
  return {
    id: alert.id,
    fingerprint: alert.fingerprint,
    state: alert.state,
    last_seen: alert.lastSeen,
    stream_version: streamVersion,
    alert: JSON.stringify(alert),
  };
}
