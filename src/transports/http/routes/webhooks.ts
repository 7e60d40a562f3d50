/** Webhooks: addresses that are told what people are. Their secrets are shown once. */
import { z } from 'zod';
import * as wire from '../../../contract/notify-shapes.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Stamped } from '../../../domain/config.ts';
import type { Webhook } from '../../../domain/notify/preferences.ts';
import { isRefusal } from '../../../domain/refusal.ts';
import { notFound } from '../../../services/deps.ts';
import { deliveryView, webhookView } from '../../../services/notify/present-notify.ts';
import { sendTest } from '../../../services/notify/send-delivery.ts';
import {
  changeWebhook,
  createWebhook,
  destinationOf,
  readWebhook,
  readWebhooks,
  removeWebhook,
  renewWebhookSecret,
  webhookSecret,
} from '../../../services/notify/webhooks.ts';
import { DEFAULT_LIMIT, listQuery, pageOf } from '../listing.ts';
import type { Answer, Api } from '../route.ts';

const idParam = z.object({ id: z.string().max(100) });

export function webhookRoutes(api: Api): void {
  const { deps } = api;
  const shown = async (webhook: Webhook & Stamped): Promise<Answer> => ({
    body: webhookView(webhook, await destinationOf(deps, webhook.id)),
    version: webhook.version,
  });
  const withSecret = async (webhook: Webhook & Stamped): Promise<Answer> => {
    const answer = await shown(webhook);
    const secret = webhookSecret(deps, webhook.id, webhook.secretNumber);
    return { ...answer, body: { ...(answer.body as object), secret, secretNumber: webhook.secretNumber } };
  };
  api.route({
    method: 'POST',
    path: '/webhooks',
    summary: 'Adds a webhook; its secret is shown this once',
    access: 'admin',
    body: wire.createWebhook,
    response: wire.issuedWebhook,
    status: 201,
    secret: { member: 'secret', again: (body) => webhookSecret(deps, String(body['id']), 1) },
    handler: async ({ caller, body }) => {
      const input = {
        ...body,
        kinds: body.kinds ?? null,
        projects: body.projects ?? null,
        enabled: body.enabled ?? true,
      };
      const created = await createWebhook(deps, caller, input);
      return isRefusal(created) ? created : { ...(await withSecret(created)), status: 201 };
    },
  });
  api.route({
    method: 'GET',
    path: '/webhooks',
    summary: 'Lists webhooks, without addresses and secrets',
    access: 'admin',
    query: z.object(listQuery),
    response: shapes.page(wire.webhook),
    handler: async ({ query }) => {
      const [all, destinations] = await Promise.all([readWebhooks(deps), deps.store.destinations()]);
      const views = all.map((webhook) =>
        webhookView(webhook, destinations.find(({ id }) => id === webhook.id) ?? null),
      );
      return { body: pageOf(views, query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/webhooks/:id',
    summary: 'One webhook',
    access: 'admin',
    params: idParam,
    response: wire.webhook,
    handler: async ({ params }) => {
      const found = await readWebhook(deps, params.id);
      return isRefusal(found) ? found : shown(found);
    },
  });
  api.route({
    method: 'PATCH',
    path: '/webhooks/:id',
    summary: 'Changes a webhook',
    access: 'admin',
    ifMatch: 'honoured',
    params: idParam,
    body: wire.patchWebhook,
    response: wire.webhook,
    handler: async ({ caller, params, body, ifMatch }) => {
      const changed = await changeWebhook(deps, caller, params.id, body, { ifMatch });
      return isRefusal(changed) ? changed : shown(changed);
    },
  });
  api.route({
    method: 'DELETE',
    path: '/webhooks/:id',
    summary: 'Takes a webhook away; what was still to go there is dropped',
    access: 'admin',
    params: idParam,
    status: 204,
    handler: async ({ caller, params }) => {
      const removed = await removeWebhook(deps, caller, params.id);
      return isRefusal(removed) ? removed : { body: undefined, status: 204 };
    },
  });
  api.route({
    method: 'POST',
    path: '/webhooks/:id/secret',
    summary: 'Makes a new secret, shown this once; the old one signs nothing any more',
    access: 'admin',
    params: idParam,
    response: wire.issuedWebhook,
    secret: {
      member: 'secret',
      again: (body) => webhookSecret(deps, String(body['id']), Number(body['secretNumber'])),
    },
    handler: async ({ caller, params }) => {
      const renewed = await renewWebhookSecret(deps, caller, params.id);
      return isRefusal(renewed) ? renewed : withSecret(renewed);
    },
  });
  api.route({
    method: 'POST',
    path: '/webhooks/:id/test',
    summary: 'Sends a test, and says what was answered',
    access: 'admin',
    params: idParam,
    response: wire.tested,
    handler: async ({ caller, params }) => {
      const destination = await destinationOf(deps, params.id);
      if (destination?.kind !== 'webhook') return notFound('webhook', params.id);
      return { body: await sendTest(deps, destination, caller.actor.id) };
    },
  });
  api.route({
    method: 'GET',
    path: '/webhooks/:id/deliveries',
    summary: 'What went there, or is still to go, the newest first',
    access: 'admin',
    params: idParam,
    query: z.object(listQuery),
    response: shapes.page(wire.delivery),
    handler: async ({ params, query }) => {
      const found = await readWebhook(deps, params.id);
      if (isRefusal(found)) return found;
      const rows = await deps.store.deliveriesTo(params.id, query.limit ?? DEFAULT_LIMIT);
      const items = await Promise.all(
        rows.map(async (row) => deliveryView(row, await deps.store.notification(row.notification))),
      );
      return { body: { items, nextCursor: null } };
    },
  });
}
