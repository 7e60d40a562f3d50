/**
 * What an orchestrator may do: read the board, lease decisions and act on them, make and edit tickets. Its decisions
 * pass the same guards as a person's; what is for a person stays a person's.
 */
import { z } from 'zod';
import * as requests from '../../contract/requests.ts';
import { isRefusal, refuse } from '../../domain/refusal.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import { TICKET_STATUSES } from '../../domain/words.ts';
import { findAttempt } from '../../services/attempts.ts';
import type { TicketChanged } from '../../services/change-ticket.ts';
import { notFound } from '../../services/deps.ts';
import { conversationOf, explainWhy } from '../../services/history.ts';
import { actOnInbox, leaseInbox } from '../../services/inbox.ts';
import { inboxView, presentTicket, presentTickets } from '../../services/present.ts';
import { readOutput } from '../../services/output.ts';
import {
  commentTicket,
  createTicket,
  editTicket,
  loadTicket,
  transitionTicket,
} from '../../services/tickets.ts';
import { fieldsOf, newTicketOf } from '../ticket-input.ts';
import { type ToolContext, tool } from './tool.ts';

const key = z.string().describe('like MC-12');
const version = z.number().int().describe('of the ticket you read; refused when it moved');

async function changed(context: ToolContext, result: TicketChanged | ReturnType<typeof refuse>) {
  return isRefusal(result) ? result : shown(context, result.ticket);
}
async function shown({ deps, caller }: ToolContext, ticket: Ticket) {
  const {
    key: id,
    title,
    status,
    version: at,
    nextAction,
  } = await presentTicket(deps, ticket, caller.actor.kind);
  return { key: id, title, status, version: at, nextAction };
}

/** The end of a long text, for a model that pays by the token. */
const tail = (text: string, most: number): string =>
  text.length <= most ? text : `… ${text.length - most} characters before this\n${text.slice(-most)}`;

export const ORCHESTRATOR_TOOLS = [
  tool({
    name: 'board',
    description: 'List tickets, most urgent first.',
    input: z.strictObject({
      project: z.string().optional(),
      status: z.array(z.enum(TICKET_STATUSES)).optional().describe('default: all that are open'),
      q: z.string().optional().describe('words to search for'),
      limit: z.number().int().min(1).max(100).optional(),
    }),
    readOnly: true,
    run: async ({ deps, caller }, { project, status, q, limit }) => {
      const open = TICKET_STATUSES.filter((each) => each !== 'done' && each !== 'cancelled');
      const page = await deps.store.tickets({
        project,
        statuses: status ?? [...open],
        q,
        sort: 'dispatch',
        limit: limit ?? 30,
      });
      const tickets = await presentTickets(deps, page.items, caller.actor.kind);
      return {
        tickets: tickets.map((t) => ({
          key: t.key,
          title: t.title,
          status: t.status,
          priority: t.priority,
          next: t.nextAction.text,
          ...(t.whyNotRunning ? { whyNotRunning: t.whyNotRunning.code } : {}),
        })),
        more: page.nextCursor !== null,
      };
    },
  }),
  tool({
    name: 'ticket',
    description: 'One ticket whole: text, attempts, evidence with what was found, questions, conversation.',
    input: z.strictObject({ key }),
    readOnly: true,
    run: async (context, input) => {
      const found = await context.deps.store.ticket(input.key);
      if (!found) return notFound('ticket', input.key);
      const view = await presentTicket(context.deps, found.state, context.caller.actor.kind);
      const said = await conversationOf(context.deps, input.key, found.streamVersion, {
        limit: 20,
        order: 'newest',
      });
      return { ...view, conversation: said.items.reverse() };
    },
  }),
  tool({
    name: 'why',
    description: "Why isn't this ticket running?",
    input: z.strictObject({ key }),
    readOnly: true,
    run: async ({ deps }, input) => {
      const ticket = await loadTicket(deps, input.key);
      return isRefusal(ticket) ? ticket : explainWhy(deps, ticket);
    },
  }),
  tool({
    name: 'diff',
    description: 'What an attempt changed, as a patch.',
    input: z.strictObject({ attempt: z.string().describe('id, like att_…') }),
    readOnly: true,
    run: async ({ deps }, { attempt }) => {
      const found = await findAttempt(deps, attempt);
      if (isRefusal(found)) return found;
      const diff = (await deps.store.diff(attempt)) as { files?: unknown[]; patch?: string } | null;
      return { files: diff?.files ?? [], patch: (diff?.patch ?? '').slice(0, 60_000) };
    },
  }),
  tool({
    name: 'check_output',
    description: 'The end of what a check printed.',
    input: z.strictObject({ evidence: z.string().describe('id, like evd_…') }),
    readOnly: true,
    run: async ({ deps }, { evidence }) => {
      if ((await deps.store.ticketOfEvidence(evidence)) === null)
        return refuse('not_found', `There is no evidence ${evidence}.`);
      const output = await readOutput(deps, evidence, { limit: 5000 }, () => Promise.resolve(true));
      return { text: tail(output.items.map((item) => item.text).join(''), 8000) };
    },
  }),
  tool({
    name: 'inbox_lease',
    description:
      'Take decisions that wait for you, under a lease. Answer each with inbox_act before it ends, or it goes to somebody else.',
    input: z.strictObject({
      max: z.number().int().min(1).max(20).optional(),
      seconds: z.number().int().min(10).max(3600).optional(),
    }),
    run: async ({ deps, caller }, { max, seconds }) => {
      const items = await leaseInbox(deps, caller, {
        consumer: caller.actor.id,
        max: max ?? 1,
        seconds: seconds ?? 300,
      });
      return { items: items.map((item) => inboxView(item, true)) };
    },
  }),
  tool({
    name: 'inbox_act',
    description:
      'Decide an item. review: accept, request_changes(feedback), cancel. question: answer(text or choice). attempts_exhausted: retry, cancel. alert: acknowledge, create_ticket(ticket). conflict: retry, request_changes. Any: escalate to a person.',
    input: z.strictObject({
      item: z.string(),
      deliveryId: z.string(),
      ...requests.actInbox.omit({ deliveryId: true }).shape,
    }),
    run: async ({ deps, caller }, { item, ticket, ...act }) => {
      const acted = await actOnInbox(
        deps,
        caller,
        item,
        { ...act, ...(ticket ? { ticket: newTicketOf(ticket) } : {}) },
        {},
      );
      return isRefusal(acted) ? acted : inboxView(acted);
    },
  }),
  tool({
    name: 'ticket_create',
    description: 'Make a ticket; status todo queues it at once.',
    input: requests.createTicket,
    run: async (context, input) =>
      changed(context, await createTicket(context.deps, context.caller, newTicketOf(input))),
  }),
  tool({
    name: 'ticket_edit',
    description: 'Change fields of a ticket.',
    input: z.strictObject({ key, version, set: requests.patchTicket }),
    run: async (context, { key: id, version: ifMatch, set }) =>
      changed(context, await editTicket(context.deps, context.caller, id, fieldsOf(set), { ifMatch })),
  }),
  tool({
    name: 'ticket_move',
    description: 'Queue (ready), put back (defer), cancel or reopen a ticket.',
    input: z.strictObject({
      key,
      version,
      transition: z.enum(['ready', 'defer', 'cancel', 'reopen']),
      reason: z.string().optional(),
    }),
    run: async (context, { key: id, version: ifMatch, ...move }) =>
      changed(context, await transitionTicket(context.deps, context.caller, id, move, { ifMatch })),
  }),
  tool({
    name: 'comment',
    description: 'Say something on a ticket.',
    input: z.strictObject({ key, text: z.string().min(1).max(65_536) }),
    run: async (context, { key: id, text }) =>
      changed(context, await commentTicket(context.deps, context.caller, id, text, {})),
  }),
];
