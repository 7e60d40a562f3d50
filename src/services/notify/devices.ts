/** People's devices: where a browser has let itself be pushed to. A device goes with the token it signed in with. */
import { type Refusal, refuse } from '../../domain/refusal.ts';
import { plainText } from '../../domain/notify/plain-text.ts';
import type { DestinationRow } from '../../store/port.ts';
import { type Caller, type Deps, notFound } from '../deps.ts';

export interface NewDevice {
  name: string;
  endpoint: string;
  p256dh: string;
  auth: string;
}

/** The link that a starting server prints is of no token; whoever can read it owns the machine. */
const INSTALLATION = 'tok_installation';
/** More than a person has; a browser that is asked anew again and again must not fill the table. */
const MOST_DEVICES = 20;

const devicesIn = (rows: readonly DestinationRow[]): DestinationRow[] =>
  rows.filter((row) => row.kind === 'push');

/** Those whose token is still good; the others are taken off, for nobody may be told anything there any more. */
export async function liveDevices(deps: Deps): Promise<DestinationRow[]> {
  const devices = devicesIn(await deps.store.destinations());
  if (devices.length === 0) return [];
  const now = await deps.store.now();
  const good = new Set(
    (await deps.store.credentials())
      .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
      .map(({ id }) => id),
  );
  const live: DestinationRow[] = [];
  for (const device of devices) {
    if (device.token === INSTALLATION || good.has(device.token ?? '')) live.push(device);
    else await deps.store.removeDestination(device.id, now);
  }
  return live;
}

export async function devicesOf(deps: Deps, person: string): Promise<DestinationRow[]> {
  return (await liveDevices(deps)).filter((device) => device.person === person);
}

/** One address is one device: a browser that signs in as somebody else is theirs from then on. */
export async function addDevice(
  deps: Deps,
  caller: Caller,
  input: NewDevice,
): Promise<DestinationRow | Refusal> {
  const wrong = deps.outgoing.problemOf(input.endpoint);
  if (wrong !== null)
    return refuse('address_not_allowed', wrong, { errors: [{ path: 'endpoint', message: wrong }] });
  const target = { endpoint: input.endpoint, p256dh: input.p256dh, auth: input.auth };
  // Keys with which nothing can be encrypted are found out now, not when somebody waits for a notification.
  const usable = await deps.outgoing
    .pushRequest(target, { payload: '', ttlSeconds: 0, urgency: 'low', topic: 'keys' })
    .then(() => true)
    .catch(() => false);
  if (!usable) {
    const message = 'must be the keys of a push subscription';
    return refuse('invalid_request', 'Nothing can be encrypted for this device.', {
      errors: [{ path: 'p256dh', message }],
    });
  }
  const person = caller.actor.id;
  const all = devicesIn(await deps.store.destinations());
  const id = `dev_${deps.sha256(input.endpoint).slice(0, 32)}`;
  const own = all.filter((device) => device.person === person && device.id !== id);
  const now = await deps.store.now();
  for (const old of own.slice(0, Math.max(0, own.length - MOST_DEVICES + 1)))
    await deps.store.removeDestination(old.id, now);
  const before = all.find((device) => device.id === id);
  // What was on its way to the person before is not the next one's business.
  if (before && before.person !== person) await deps.store.removeDestination(id, now);
  const device: DestinationRow = {
    id,
    kind: 'push',
    person,
    token: caller.tokenId ?? null,
    name: plainText(input.name, 60) || 'A device',
    target,
    createdAt: before?.createdAt ?? now,
    notBefore: 0,
    failures: 0,
    failingSince: null,
    lastOkAt: before?.person === person ? before.lastOkAt : null,
    detail: null,
  };
  await deps.store.saveDestination(device);
  return device;
}

export async function removeDevice(deps: Deps, caller: Caller, id: string): Promise<true | Refusal> {
  const device = await ownDevice(deps, caller, id);
  if (!device) return notFound('device', id);
  await deps.store.removeDestination(id, await deps.store.now());
  return true;
}

export async function ownDevice(deps: Deps, caller: Caller, id: string): Promise<DestinationRow | null> {
  return (await devicesOf(deps, caller.actor.id)).find((device) => device.id === id) ?? null;
}
