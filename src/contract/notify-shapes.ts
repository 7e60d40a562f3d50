/** Notifications over the wire: what is told, to whom, and by which way. */
import { z } from 'zod';
import { ACTOR_KINDS, DELIVERY_STATES, NOTIFICATION_KINDS } from '../domain/words.ts';
import { clean, required, ticketKey } from './fields.ts';

const time = z.iso.datetime();
const nullable = <T extends z.ZodType>(type: T) => type.nullable();
const kind = z.enum(NOTIFICATION_KINDS);
const ways = z.strictObject({ app: z.boolean(), push: z.boolean() });

export const notification = z.object({
  id: z.string(),
  kind,
  project: nullable(z.string()),
  ticket: nullable(z.string()),
  title: z.string(),
  text: z.string(),
  /** Where the app shows exactly this. */
  path: z.string(),
  actor: z.object({ kind: z.enum(ACTOR_KINDS), id: z.string() }),
  /** The event of the log that it comes from. */
  seq: z.number().int(),
  at: time,
  read: z.boolean(),
  settled: nullable(z.object({ at: time, by: z.string(), how: z.string() })),
  /** What notifications on devices carry to take each other's place. */
  tag: z.string(),
});
export type Notification = z.infer<typeof notification>;

export const notificationPage = z.object({
  items: z.array(notification),
  nextCursor: z.string().nullable(),
  /** Of all that concern the caller, not of this page. */
  unread: z.number().int(),
});
export type NotificationPage = z.infer<typeof notificationPage>;

const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { message: 'a time of the day looks like 22:30' });
const quietHours = z.strictObject({ from: clock, to: clock, timezone: z.string().min(1).max(100) });
const muted = z.strictObject({
  tickets: z.array(ticketKey).max(500),
  projects: z.array(z.string().max(10)).max(200),
});

export const notifySettings = z.object({
  person: z.string(),
  ways: z.record(kind, ways),
  quiet: nullable(quietHours),
  criticalThrough: z.boolean(),
  muted,
  version: z.number().int(),
});
export type NotifySettings = z.infer<typeof notifySettings>;

export const patchNotifySettings = z.strictObject({
  /** Kinds and ways that are not named stay as they are. */
  ways: z.partialRecord(kind, ways.partial()).optional(),
  quiet: quietHours.nullable().optional(),
  criticalThrough: z.boolean().optional(),
  muted: muted.partial().optional(),
});

export const markRead = z
  .strictObject({
    ids: z.array(z.string().max(100)).min(1).max(200).optional(),
    all: z.literal(true).optional(),
  })
  .refine((s) => (s.ids === undefined) !== (s.all === undefined), { message: 'give either ids or all' });

/** How it has fared with a destination. */
const fared = {
  lastOkAt: nullable(time),
  failingSince: nullable(time),
  failures: z.number().int(),
  detail: nullable(z.string()),
};

export const device = z.object({ id: z.string(), name: z.string(), createdAt: time, ...fared });
export type Device = z.infer<typeof device>;

const key = (bytes: number) =>
  z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}={0,2}$`));
export const createDevice = z.strictObject({
  name: required(60),
  endpoint: z.string().min(1).max(2000),
  p256dh: key(65),
  auth: key(16),
});

export const pushKey = z.object({ publicKey: z.string() });
export type PushKey = z.infer<typeof pushKey>;

export const webhook = z.object({
  id: z.string(),
  name: z.string(),
  /** Without path and query, which may be secrets. */
  origin: z.string(),
  kinds: nullable(z.array(kind)),
  projects: nullable(z.array(z.string())),
  enabled: z.boolean(),
  version: z.number().int(),
  createdAt: time,
  ...fared,
});
export type Webhook = z.infer<typeof webhook>;
export const issuedWebhook = webhook.extend({ secret: z.string(), secretNumber: z.number().int() });
export type IssuedWebhook = z.infer<typeof issuedWebhook>;

const webhookFields = {
  name: required(60),
  url: z.string().min(1).max(2000),
  kinds: z.array(kind).min(1).max(NOTIFICATION_KINDS.length).nullable(),
  projects: z.array(z.string().max(10)).min(1).max(200).nullable(),
  enabled: z.boolean(),
};
export const createWebhook = z.strictObject({
  ...webhookFields,
  kinds: webhookFields.kinds.optional(),
  projects: webhookFields.projects.optional(),
  enabled: webhookFields.enabled.optional(),
});
export const patchWebhook = z.strictObject(webhookFields).partial();

export const delivery = z.object({
  notification: z.string(),
  /** `new`; on devices also `settled` (taken back) and `digest` (several in one). */
  part: z.string(),
  kind: nullable(z.string()),
  title: nullable(z.string()),
  state: z.enum(DELIVERY_STATES),
  tries: z.number().int(),
  createdAt: time,
  /** When it is tried again, where it is. */
  nextAt: nullable(time),
  doneAt: nullable(time),
  answer: nullable(z.string()),
});
export type Delivery = z.infer<typeof delivery>;

export const tested = z.object({
  ok: z.boolean(),
  status: nullable(z.number().int()),
  answer: clean(1000),
  durationMs: z.number(),
});
export type Tested = z.infer<typeof tested>;
