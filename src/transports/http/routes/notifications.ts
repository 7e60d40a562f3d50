/** What a person is told: the list, what they have read, what they have chosen, and their devices. */
import { z } from 'zod';
import * as wire from '../../../contract/notify-shapes.ts';
import * as shapes from '../../../contract/shapes.ts';
import { isTimezone } from '../../../domain/notify/quiet-hours.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import { type Caller, notFound } from '../../../services/deps.ts';
import { addDevice, devicesOf, ownDevice, removeDevice } from '../../../services/notify/devices.ts';
import { deviceView, notificationView, notifySettingsView } from '../../../services/notify/present-notify.ts';
import {
  changeNotifySettings,
  markRead,
  notificationsOf,
  readNotifySettings,
} from '../../../services/notify/reading.ts';
import { sendTest } from '../../../services/notify/send-delivery.ts';
import { DEFAULT_LIMIT, listQuery, pageOf } from '../listing.ts';
import type { Api } from '../route.ts';

const idParam = z.object({ id: z.string().max(100) });

/** Orchestrators have an inbox; notifications are for people. */
function personOf(caller: Caller): string | Refusal {
  return caller.actor.kind === 'human'
    ? caller.actor.id
    : refuse('actor_not_allowed', 'Notifications are for people.');
}

export function notificationRoutes(api: Api): void {
  const { deps } = api;
  api.route({
    method: 'GET',
    path: '/notifications',
    summary: 'What the caller is told, the newest first',
    access: 'read',
    query: z.object({ ...listQuery, unread: z.enum(['true', 'false']).optional() }),
    response: wire.notificationPage,
    handler: async ({ caller, query }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      const before = query.cursor === undefined ? undefined : Number.parseInt(query.cursor, 10);
      const found = await notificationsOf(deps, person, {
        unread: query.unread === 'true',
        limit: query.limit ?? DEFAULT_LIMIT,
        before: Number.isSafeInteger(before) ? before : undefined,
      });
      const nextCursor = found.next === null ? null : String(found.next);
      return { body: { items: found.items.map(notificationView), nextCursor, unread: found.unread } };
    },
  });
  api.route({
    method: 'POST',
    path: '/notifications/read',
    summary: 'Marks notifications as read, for the caller on all devices',
    access: 'read',
    body: wire.markRead,
    status: 204,
    handler: async ({ caller, body }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      await markRead(deps, person, body.ids === undefined ? { all: true } : { ids: body.ids });
      return { body: undefined, status: 204 };
    },
  });
  api.route({
    method: 'GET',
    path: '/notifications/settings',
    summary: 'What the caller is told by which way, quiet hours, and what is muted',
    access: 'read',
    response: wire.notifySettings,
    handler: async ({ caller }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      const settings = await readNotifySettings(deps, person);
      return { body: notifySettingsView(person, settings), version: settings.version };
    },
  });
  api.route({
    method: 'PATCH',
    path: '/notifications/settings',
    summary: 'Changes what the caller is told by which way, quiet hours, and what is muted',
    access: 'read',
    ifMatch: 'honoured',
    body: wire.patchNotifySettings,
    response: wire.notifySettings,
    handler: async ({ caller, body, ifMatch }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      if (body.quiet && !isTimezone(body.quiet.timezone)) {
        const message = `There is no time zone ${body.quiet.timezone}.`;
        return refuse('invalid_request', message, { errors: [{ path: 'quiet.timezone', message }] });
      }
      const changed = await changeNotifySettings(deps, caller, body, ifMatch);
      return isRefusal(changed)
        ? changed
        : { body: notifySettingsView(person, changed), version: changed.version };
    },
  });
  deviceRoutes(api);
}

function deviceRoutes(api: Api): void {
  const { deps } = api;
  api.route({
    method: 'GET',
    path: '/notifications/push-key',
    summary: 'The key with which a browser subscribes to pushes of this installation',
    access: 'read',
    response: wire.pushKey,
    handler: async () => ({ body: { publicKey: await deps.outgoing.pushKey() } }),
  });
  api.route({
    method: 'GET',
    path: '/notifications/devices',
    summary: 'The caller’s devices that are pushed to',
    access: 'read',
    query: z.object(listQuery),
    response: shapes.page(wire.device),
    handler: async ({ caller, query }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      return { body: pageOf((await devicesOf(deps, person)).map(deviceView), query) };
    },
  });
  api.route({
    method: 'POST',
    path: '/notifications/devices',
    summary: 'Has this browser pushed to',
    access: 'read',
    body: wire.createDevice,
    response: wire.device,
    status: 201,
    handler: async ({ caller, body }) => {
      const person = personOf(caller);
      if (isRefusal(person)) return person;
      const device = await addDevice(deps, caller, body);
      return isRefusal(device) ? device : { body: deviceView(device), status: 201 };
    },
  });
  api.route({
    method: 'DELETE',
    path: '/notifications/devices/:id',
    summary: 'Pushes to this device no more',
    access: 'read',
    params: idParam,
    status: 204,
    handler: async ({ caller, params }) => {
      const result = await removeDevice(deps, caller, params.id);
      return isRefusal(result) ? result : { body: undefined, status: 204 };
    },
  });
  api.route({
    method: 'POST',
    path: '/notifications/devices/:id/test',
    summary: 'Pushes a test to this device, and says what its push service answered',
    access: 'read',
    params: idParam,
    response: wire.tested,
    handler: async ({ caller, params }) => {
      const device = await ownDevice(deps, caller, params.id);
      if (!device) return notFound('device', params.id);
      return { body: await sendTest(deps, device, caller.actor.id) };
    },
  });
}
