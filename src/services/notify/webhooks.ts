/**
 * Webhooks: an address of an installation's choice that is told what people are. Their filters are a document on the
 * log; the address stands beside it, because its path may be a password; the secret stands nowhere: it is derived.
 */
import type { Stamped } from '../../domain/config.ts';
import type { Webhook } from '../../domain/notify/preferences.ts';
import { type Refusal, isRefusal, refuse } from '../../domain/refusal.ts';
import type { NotificationKind } from '../../domain/words.ts';
import type { DestinationRow } from '../../store/port.ts';
import { type DocumentOptions, changeDocument, createDocument } from '../configuration.ts';
import { type Caller, type Deps, notFound } from '../deps.ts';

export interface WebhookInput {
  name: string;
  url: string;
  kinds: NotificationKind[] | null;
  projects: string[] | null;
  enabled: boolean;
}

/** As receivers configure it: the bytes that sign, in the notation of Standard Webhooks. */
export function webhookSecret(deps: Deps, id: string, secretNumber: number): string {
  const bytes = deps.sha256(`mc_att_${deps.derive(`webhook\n${id}`, secretNumber)}`);
  return `whsec_${Buffer.from(bytes, 'hex').toString('base64')}`;
}

async function checkUrl(deps: Deps, url: string): Promise<Refusal | null> {
  const wrong = deps.outgoing.problemOf(url);
  return wrong === null
    ? null
    : refuse('address_not_allowed', wrong, { errors: [{ path: 'url', message: wrong }] });
}

export async function createWebhook(
  deps: Deps,
  caller: Caller,
  { url, ...input }: WebhookInput,
  options: DocumentOptions<Webhook> = {},
): Promise<(Webhook & Stamped) | Refusal> {
  const wrong = await checkUrl(deps, url);
  if (wrong) return wrong;
  const id = deps.newId('whk');
  // First the address: an event about a webhook that has none would be told to nobody.
  await saveAddress(deps, id, input.name, url);
  const state: Webhook = { id, ...input, origin: new URL(url).origin, secretNumber: 1, removed: false };
  const created = await createDocument<Webhook>(deps, caller, 'webhook', id, state, options);
  if (isRefusal(created)) await deps.store.removeDestination(id, await deps.store.now());
  return created;
}

async function saveAddress(deps: Deps, id: string, name: string, url: string): Promise<void> {
  const before = (await deps.store.destinations()).find((destination) => destination.id === id);
  const now = await deps.store.now();
  await deps.store.saveDestination({
    id,
    kind: 'webhook',
    person: null,
    token: null,
    name,
    target: { url },
    createdAt: before?.createdAt ?? now,
    notBefore: 0,
    failures: 0,
    failingSince: null,
    lastOkAt: before?.lastOkAt ?? null,
    detail: null,
  });
}

export async function changeWebhook(
  deps: Deps,
  caller: Caller,
  id: string,
  { url, ...change }: { [K in keyof WebhookInput]?: WebhookInput[K] | undefined },
  options: DocumentOptions<Webhook> = {},
): Promise<(Webhook & Stamped) | Refusal> {
  const found = await readWebhook(deps, id);
  if (isRefusal(found)) return found;
  if (url !== undefined) {
    const wrong = await checkUrl(deps, url);
    if (wrong) return wrong;
  }
  const set = {
    ...(Object.fromEntries(
      Object.entries(change).filter(([, value]) => value !== undefined),
    ) as Partial<Webhook>),
    ...(url === undefined ? {} : { origin: new URL(url).origin }),
  };
  const changed = await changeDocument<Webhook>(deps, caller, 'webhook', id, () => set, options);
  if (!isRefusal(changed) && url !== undefined) await saveAddress(deps, id, changed.name, url);
  return changed;
}

/** A new secret at once: the old one signs nothing any more. */
export async function renewWebhookSecret(
  deps: Deps,
  caller: Caller,
  id: string,
): Promise<(Webhook & Stamped) | Refusal> {
  const found = await readWebhook(deps, id);
  if (isRefusal(found)) return found;
  return changeDocument<Webhook>(deps, caller, 'webhook', id, (state) => ({
    secretNumber: state.secretNumber + 1,
  }));
}

/** It stays on the log, and sends nothing any more. */
export async function removeWebhook(deps: Deps, caller: Caller, id: string): Promise<true | Refusal> {
  const found = await readWebhook(deps, id);
  if (isRefusal(found)) return found;
  const removed = await changeDocument<Webhook>(deps, caller, 'webhook', id, () => ({
    removed: true,
    enabled: false,
  }));
  if (isRefusal(removed)) return removed;
  await deps.store.removeDestination(id, await deps.store.now());
  return true;
}

export async function readWebhook(deps: Deps, id: string): Promise<(Webhook & Stamped) | Refusal> {
  const found = await deps.store.document<Webhook>('webhook', id);
  return found && !found.removed ? found : notFound('webhook', id);
}

export async function readWebhooks(deps: Deps): Promise<(Webhook & Stamped)[]> {
  return (await deps.store.documents<Webhook>('webhook')).filter((webhook) => !webhook.removed);
}

export async function destinationOf(deps: Deps, id: string): Promise<DestinationRow | null> {
  return (await deps.store.destinations()).find((destination) => destination.id === id) ?? null;
}
