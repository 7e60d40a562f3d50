/** A ticket as callers send it, as the services take it: times in milliseconds, and defaults for a new one. */
import type { z } from 'zod';
import type * as requests from '../contract/requests.ts';
import type { TicketFields } from '../domain/ticket/state.ts';
import type { NewTicket } from '../services/tickets.ts';

/** The members that a request gave, with times in milliseconds; absent members stay absent. */
export function fieldsOf(body: z.infer<typeof requests.patchTicket>): Partial<TicketFields> {
  const { notBefore, completion, ...rest } = body;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...given,
    ...(notBefore === undefined ? {} : { notBefore: notBefore === null ? null : Date.parse(notBefore) }),
    ...(completion === undefined ? {} : { completion: completion as TicketFields['completion'] }),
  };
}

export const EMPTY_FIELDS: TicketFields = {
  title: '',
  description: '',
  priority: 2,
  assignee: null,
  campaign: null,
  profile: null,
  labels: [],
  acceptanceCriteria: [],
  blockedBy: [],
  completion: null,
  budget: null,
  notBefore: null,
};

export function newTicketOf(body: requests.CreateTicket): NewTicket {
  const { project, status, ...rest } = body;
  return { project, status: status ?? 'backlog', fields: { ...EMPTY_FIELDS, ...fieldsOf(rest) } };
}
