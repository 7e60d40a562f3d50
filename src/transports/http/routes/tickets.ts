/** Tickets, their transitions, conversation, questions, waivers, and why they are not running. */
import { z } from 'zod';
import * as figures from '../../../contract/figures.ts';
import * as requests from '../../../contract/requests.ts';
import * as shapes from '../../../contract/shapes.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import type { Ticket } from '../../../domain/ticket/state.ts';
import { TICKET_STATUSES } from '../../../domain/words.ts';
import type { TicketChanged } from '../../../services/change-ticket.ts';
import { conversationOf, explainWhy, readActivity } from '../../../services/history.ts';
import { notFound } from '../../../services/deps.ts';
import { closeMerge } from '../../../services/landing.ts';
import { readOutput } from '../../../services/output.ts';
import { presentTicket, presentTickets } from '../../../services/present.ts';
import {
  answerQuestion,
  commentTicket,
  createTicket,
  editTicket,
  grantWaiver,
  loadTicket,
  transitionTicket,
} from '../../../services/tickets.ts';
import type { TicketFilter, TicketGroup } from '../../../store/port.ts';
import { fieldsOf, newTicketOf } from '../../ticket-input.ts';
import { DEFAULT_LIMIT, listQuery, several } from '../listing.ts';
import type { Answer, Api, Context } from '../route.ts';

const historyQuery = z.object({ ...listQuery, order: z.enum(['oldest', 'newest']).optional() });
const key = z.object({ key: z.string().max(30) });

/** An empty assignee, campaign, profile or agent asks for tickets without one. */
const ticketFilter = {
  project: z.string().max(10).optional(),
  status: z.string().max(200).optional().describe('one or several, separated by commas'),
  priority: z
    .string()
    .regex(/^[0-4](,[0-4])*$/, { message: 'priorities are 0 to 4, separated by commas' })
    .optional(),
  assignee: z.string().max(64).optional(),
  campaign: z.string().max(64).optional(),
  profile: z.string().max(64).optional(),
  agent: z.string().max(64).optional().describe('the assignee, else the profile that the ticket names'),
  label: z.string().max(100).optional(),
  q: z
    .string()
    .max(500)
    .optional()
    .describe('words, each of which is in its key, title, description or comments'),
};
const TICKET_GROUPINGS = ['status', 'priority', 'project', 'campaign', 'agent'] as const;

type FilterQuery = { [name in keyof typeof ticketFilter]?: string | undefined };

function filterOf(query: FilterQuery): TicketFilter | Refusal {
  const statuses = several(query.status);
  const unknown = statuses?.find((status) => !(TICKET_STATUSES as readonly string[]).includes(status));
  if (unknown !== undefined) {
    return refuse('invalid_request', `There is no status ${unknown}.`, {
      errors: [{ path: 'status', message: `one of ${TICKET_STATUSES.join(', ')}` }],
    });
  }
  const orNone = (value: string | undefined): string | null | undefined => (value === '' ? null : value);
  return {
    project: query.project,
    statuses,
    priorities: several(query.priority)?.map(Number),
    assignee: orNone(query.assignee),
    campaign: orNone(query.campaign),
    profile: orNone(query.profile),
    agent: orNone(query.agent),
    label: query.label,
    q: query.q,
  };
}

/** One entry a value, with its tickets by status. */
function gather(rows: readonly TicketGroup[]): figures.TicketGroup[] {
  const groups = new Map<string | null, figures.TicketGroup>();
  for (const { value, status, count } of rows) {
    const group = groups.get(value) ?? { value, count: 0, statuses: {} };
    groups.set(value, group);
    group.count += count;
    group.statuses[status] = count;
  }
  return [...groups.values()].sort((a, b) => (a.value ?? '').localeCompare(b.value ?? ''));
}

export function ticketRoutes(api: Api): void {
  const { deps } = api;
  const answerWith =
    (context: Pick<Context<unknown, unknown, unknown>, 'viewer'>, status?: number) =>
    async ({ ticket }: { ticket: Ticket }): Promise<Answer> => ({
      body: await presentTicket(deps, ticket, context.viewer),
      version: ticket.version,
      ...(status === undefined ? {} : { status }),
    });
  const finish = async (
    context: Context<unknown, unknown, unknown>,
    result: TicketChanged | ReturnType<typeof refuse>,
    status?: number,
  ) => (isRefusal(result) ? result : answerWith(context, status)(result));

  api.route({
    method: 'POST',
    path: '/tickets',
    summary: 'Creates a ticket',
    access: 'write',
    body: requests.createTicket,
    response: shapes.ticket,
    status: 201,
    handler: async (c) => {
      const input = newTicketOf(c.body);
      return finish(
        c,
        await createTicket(deps, c.caller, input, { respond: c.respond(answerWith(c, 201)) }),
        201,
      );
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets',
    summary: 'Lists tickets',
    access: 'read',
    query: z.object({
      ...listQuery,
      ...ticketFilter,
      sort: z.enum(['dispatch', 'priority', 'age', 'updated', 'created']).optional(),
    }),
    response: shapes.page(shapes.ticket),
    handler: async ({ query, viewer }) => {
      const filter = filterOf(query);
      if (isRefusal(filter)) return filter;
      const page = await deps.store.tickets({
        ...filter,
        sort: query.sort ?? 'dispatch',
        limit: query.limit ?? DEFAULT_LIMIT,
        cursor: query.cursor,
      });
      return { body: { items: await presentTickets(deps, page.items, viewer), nextCursor: page.nextCursor } };
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets/groups',
    summary: 'How many tickets there are, by status, priority, project, campaign or agent',
    access: 'read',
    query: z.object({ ...ticketFilter, by: z.enum(TICKET_GROUPINGS) }),
    response: figures.ticketGroups,
    handler: async ({ query }) => {
      const filter = filterOf(query);
      if (isRefusal(filter)) return filter;
      return { body: { items: gather(await deps.store.groupTickets(filter, query.by)) } };
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key',
    summary: 'One ticket',
    access: 'read',
    params: key,
    response: shapes.ticket,
    handler: async (c) => {
      const ticket = await loadTicket(deps, c.params.key);
      return isRefusal(ticket) ? ticket : answerWith(c)({ ticket });
    },
  });
  api.route({
    method: 'PATCH',
    path: '/tickets/:key',
    summary: "Changes a ticket's fields",
    access: 'write',
    ifMatch: 'required',
    params: key,
    body: requests.patchTicket,
    response: shapes.ticket,
    handler: async (c) =>
      finish(c, await editTicket(deps, c.caller, c.params.key, fieldsOf(c.body), { ifMatch: c.ifMatch })),
  });
  api.route({
    method: 'POST',
    path: '/tickets/:key/transitions',
    summary: "Changes a ticket's status by the transition table",
    access: 'write',
    ifMatch: 'required',
    params: key,
    body: requests.transition,
    response: shapes.ticket,
    handler: async (c) =>
      finish(
        c,
        await transitionTicket(deps, c.caller, c.params.key, c.body, {
          ifMatch: c.ifMatch,
          respond: c.respond(answerWith(c)),
        }),
      ),
  });
  api.route({
    method: 'POST',
    path: '/tickets/:key/comments',
    summary: 'Adds to the conversation',
    access: 'write',
    params: key,
    body: requests.createComment,
    response: shapes.ticket,
    status: 201,
    handler: async (c) =>
      finish(
        c,
        await commentTicket(deps, c.caller, c.params.key, c.body.text, {
          respond: c.respond(answerWith(c, 201)),
        }),
        201,
      ),
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key/comments',
    summary: 'The conversation: comments, progress, questions and answers, summaries, feedback',
    access: 'read',
    params: key,
    query: historyQuery,
    response: shapes.page(shapes.comment),
    handler: async ({ params, query }) => {
      const ticket = await deps.store.ticket(params.key);
      if (!ticket) return notFound('ticket', params.key);
      return { body: await conversationOf(deps, params.key, ticket.streamVersion, query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key/activity',
    summary: 'All events of a ticket, oldest or newest first',
    access: 'read',
    params: key,
    query: historyQuery,
    response: shapes.page(shapes.event),
    handler: async ({ params, query }) => {
      const ticket = await deps.store.ticket(params.key);
      if (!ticket) return notFound('ticket', params.key);
      return { body: await readActivity(deps, `ticket:${params.key}`, ticket.streamVersion, query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key/why',
    summary: "Why isn't this running? The present reason and its history",
    access: 'read',
    params: key,
    response: shapes.why,
    handler: async ({ params }) => {
      const ticket = await loadTicket(deps, params.key);
      return isRefusal(ticket) ? ticket : { body: await explainWhy(deps, ticket) };
    },
  });
  api.route({
    method: 'POST',
    path: '/tickets/:key/questions/:id/answer',
    summary: 'Answers a question',
    access: 'write',
    params: z.object({ key: z.string().max(30), id: z.string().max(100) }),
    body: requests.answer,
    ifMatch: 'honoured',
    response: shapes.ticket,
    handler: async (c) =>
      finish(
        c,
        await answerQuestion(
          deps,
          c.caller,
          c.params.key,
          { question: c.params.id, ...c.body },
          { ifMatch: c.ifMatch, respond: c.respond(answerWith(c)) },
        ),
      ),
  });
  api.route({
    method: 'POST',
    path: '/tickets/:key/landing/close',
    summary: 'Says that the pull request of a landing was closed and will not be merged',
    access: 'write',
    params: key,
    body: requests.closeMerge,
    ifMatch: 'honoured',
    response: shapes.ticket,
    handler: async (c) =>
      finish(
        c,
        await closeMerge(deps, c.caller, c.params.key, c.body.reason, {
          ifMatch: c.ifMatch,
          respond: c.respond(answerWith(c)),
        }),
      ),
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key/landing/output',
    summary: 'What the checks on the merge result printed',
    access: 'read',
    params: key,
    query: z.object({
      after: z.coerce.number().int().min(-1).optional(),
      limit: z.coerce.number().int().min(1).max(5000).optional(),
    }),
    response: shapes.output,
    handler: async ({ params, query }) => {
      const ticket = await loadTicket(deps, params.key);
      if (isRefusal(ticket)) return ticket;
      if (!ticket.landing) return notFound('landing of', params.key);
      return { body: await readOutput(deps, ticket.landing.id, query, () => Promise.resolve(true)) };
    },
  });
  api.route({
    method: 'POST',
    path: '/tickets/:key/waivers',
    summary: 'A person takes the place of one kind of evidence, until a date',
    access: 'person',
    params: key,
    body: requests.createWaiver,
    ifMatch: 'honoured',
    response: shapes.waiver,
    status: 201,
    handler: async (c) => {
      const waiverAnswer = async ({ ticket }: TicketChanged): Promise<Answer> => {
        const view = await presentTicket(deps, ticket, c.viewer);
        return { body: view.waivers.at(-1), status: 201 };
      };
      const command = { kind: c.body.kind, reason: c.body.reason, expiresAt: Date.parse(c.body.expiresAt) };
      const result = await grantWaiver(deps, c.caller, c.params.key, command, {
        ifMatch: c.ifMatch,
        respond: c.respond(waiverAnswer),
      });
      return isRefusal(result) ? result : waiverAnswer(result);
    },
  });
}
