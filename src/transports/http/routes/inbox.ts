/** The inbox of decisions, and alerts. */
import { z } from 'zod';
import * as requests from '../../../contract/requests.ts';
import * as shapes from '../../../contract/shapes.ts';
import { isRefusal, refuse } from '../../../domain/refusal.ts';
import { ALERT_STATES, INBOX_STATES } from '../../../domain/words.ts';
import { acknowledgeAlert } from '../../../services/alerts.ts';
import { notFound } from '../../../services/deps.ts';
import { actOnInbox, leaseInbox } from '../../../services/inbox.ts';
import { alertView, inboxView } from '../../../services/present.ts';
import { newTicketOf } from '../../ticket-input.ts';
import { DEFAULT_LIMIT, listQuery, several } from '../listing.ts';
import type { Api } from '../route.ts';

const id = z.object({ id: z.string().max(100) });

export function inboxRoutes(api: Api): void {
  const { deps } = api;
  api.route({
    method: 'GET',
    path: '/inbox',
    summary: 'Lists decisions to make, or made',
    access: 'read',
    query: z.object({
      ...listQuery,
      state: z.string().optional(),
      ticket: z.string().optional(),
      for: z.enum(['person', 'orchestrator']).optional(),
      order: z.enum(['oldest', 'newest']).optional(),
    }),
    response: shapes.page(shapes.inboxItem),
    handler: async ({ query }) => {
      const states = several(query.state) ?? ['pending', 'delivered'];
      const unknown = states.find((state) => !(INBOX_STATES as readonly string[]).includes(state));
      if (unknown !== undefined) {
        return refuse('invalid_request', `There is no state ${unknown}.`, {
          errors: [{ path: 'state', message: `one of ${INBOX_STATES.join(', ')}` }],
        });
      }
      const page = await deps.store.inbox({
        states,
        limit: query.limit ?? DEFAULT_LIMIT,
        ...(query.ticket === undefined ? {} : { ticket: query.ticket }),
        ...(query.for === undefined ? {} : { for: query.for }),
        newestFirst: query.order === 'newest',
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      return { body: { items: page.items.map((item) => inboxView(item)), nextCursor: page.nextCursor } };
    },
  });
  api.route({
    method: 'GET',
    path: '/inbox/:id',
    summary: 'One item',
    access: 'read',
    params: id,
    response: shapes.inboxItem,
    handler: async ({ params }) => {
      const found = await deps.store.inboxItem(params.id);
      return found
        ? { body: inboxView(found.item), version: found.item.version }
        : notFound('inbox item', params.id);
    },
  });
  api.route({
    method: 'POST',
    path: '/inbox/lease',
    summary: 'Delivers pending items to a consumer, each under a lease',
    access: 'write',
    body: requests.leaseInbox,
    response: z.object({ items: z.array(shapes.inboxItem) }),
    handler: async ({ body, caller }) => {
      const items = await leaseInbox(deps, caller, {
        consumer: body.consumer,
        max: body.max ?? 1,
        seconds: body.seconds ?? 300,
      });
      return { body: { items: items.map((item) => inboxView(item, true)) } };
    },
  });
  api.route({
    method: 'POST',
    path: '/inbox/:id/act',
    summary: 'Decides an item: result, effect and state in one transaction',
    access: 'write',
    params: id,
    body: requests.actInbox,
    response: shapes.inboxItem,
    handler: async ({ params, body, caller }) => {
      const { ticket, ...act } = body;
      const item = await actOnInbox(
        deps,
        caller,
        params.id,
        { ...act, ...(ticket ? { ticket: newTicketOf(ticket) } : {}) },
        {},
      );
      return isRefusal(item) ? item : { body: inboxView(item), version: item.version };
    },
  });

  api.route({
    method: 'GET',
    path: '/alerts',
    summary: 'Lists alerts, newest first',
    access: 'read',
    query: z.object({ ...listQuery, state: z.string().optional() }),
    response: shapes.page(shapes.alert),
    handler: async ({ query }) => {
      const states = several(query.state);
      const unknown = states?.find((state) => !(ALERT_STATES as readonly string[]).includes(state));
      if (unknown !== undefined) {
        return refuse('invalid_request', `There is no state ${unknown}.`, {
          errors: [{ path: 'state', message: `one of ${ALERT_STATES.join(', ')}` }],
        });
      }
      const page = await deps.store.alerts({
        limit: query.limit ?? DEFAULT_LIMIT,
        ...(states ? { states } : {}),
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      return { body: { items: page.items.map(alertView), nextCursor: page.nextCursor } };
    },
  });
  api.route({
    method: 'GET',
    path: '/alerts/:id',
    summary: 'One alert',
    access: 'read',
    params: id,
    response: shapes.alert,
    handler: async ({ params }) => {
      const found = await deps.store.alertById(params.id);
      return found
        ? { body: alertView(found.alert), version: found.alert.version }
        : notFound('alert', params.id);
    },
  });
  api.route({
    method: 'POST',
    path: '/alerts/:id/acknowledge',
    summary: 'Acknowledges an alert; its condition is still watched',
    access: 'write',
    params: id,
    body: z.strictObject({ reason: z.string().max(10_000).optional() }),
    response: shapes.alert,
    handler: async ({ params, body, caller }) => {
      const alert = await acknowledgeAlert(deps, caller, params.id, body.reason ?? '');
      return isRefusal(alert) ? alert : { body: alertView(alert), version: alert.version };
    },
  });
}
