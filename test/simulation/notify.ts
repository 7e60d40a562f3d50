/**
 * The other end of notifications: two webhooks and two people's devices, behind a network that loses requests and
 * answers. What has really arrived is kept beside the system, and held against the log in the end.
 */
import { NO_SETTINGS, type Webhook } from '../../src/domain/notify/preferences.ts';
import { createDocument } from '../../src/services/configuration.ts';
import type { Outgoing, OutgoingAnswer } from '../../src/services/notify/outgoing.ts';
import { addDevice } from '../../src/services/notify/devices.ts';
import { changeNotifySettings, type StoredSettings } from '../../src/services/notify/reading.ts';
import { createWebhook } from '../../src/services/notify/webhooks.ts';
import type { Log } from './judge.ts';
import { Random } from './random.ts';
import { PERSON, REVIEWER, type World } from './world.ts';

interface Arrived {
  /** The id by which a receiver tells that it has this already; of a device, what it shows. */
  id: string;
  kind: string;
  part: string;
  event: number;
  /** The sender was told that it has arrived, in a world without faults. */
  isKnown: boolean;
}

const ALL = 'https://all.example';
const SOME = 'https://some.example';
const ADA = 'https://push.example/ada';
const GRACE = 'https://push.example/grace';
const GONE = 'https://push.example/gone';
const MINUTE_MS = 60_000;

export class Receivers {
  readonly arrived = new Map<string, Arrived[]>();
  /** Its own chance, so that what happens out there does not change what happens in here. */
  readonly #random: Random;
  readonly #world: World;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed ^ 0x5eed);
  }

  readonly outgoing: Outgoing = {
    post: ({ url, headers, body }) => Promise.resolve(this.#receive(url, headers, String(body))),
    problemOf: () => null,
    pushKey: () => Promise.resolve('key'),
    pushRequest: ({ endpoint = '' }, { payload }) =>
      Promise.resolve({ url: endpoint, headers: {}, body: payload }),
  };

  #receive(url: string, headers: Record<string, string>, body: string): OutgoingAnswer {
    if (url === GONE) return { answered: true, status: 410, text: '', retryAfterMs: null };
    const isFaulty = this.#world.faulty;
    if (isFaulty && this.#random.chance(0.2))
      return { answered: false, problem: 'the network lost it', refused: false };
    const fails = isFaulty && this.#random.chance(0.1);
    const { data, ...shown } = JSON.parse(body) as Record<string, unknown> & {
      data?: Record<string, unknown>;
    };
    const what = data ?? shown;
    const list = this.arrived.get(url) ?? [];
    this.arrived.set(url, list);
    list.push({
      id: headers['webhook-id'] ?? `${String(what['id'])} ${String(what['part'])}`,
      kind: String(what['kind']),
      part: (what['part'] as string | undefined) ?? 'new',
      event: Number(what['event'] ?? 0),
      isKnown: !isFaulty,
    });
    // It has arrived, and the sender does not know: it has to send the same again, and not another.
    if (fails) return { answered: false, problem: 'the answer was lost', refused: false };
    return { answered: true, status: 200, text: '', retryAfterMs: null };
  }
}

export async function startNotifying(world: World): Promise<void> {
  const { deps } = world.server(0);
  const hook = { kinds: null, projects: null, enabled: true };
  await world.plain(createWebhook(deps, PERSON, { ...hook, name: 'all', url: ALL }));
  await world.plain(
    createWebhook(deps, PERSON, { ...hook, name: 'some', url: SOME, kinds: ['done', 'question'] }),
  );
  const device = { p256dh: 'p', auth: 'a', name: 'a phone' };
  for (const [caller, endpoint] of [
    [PERSON, ADA],
    [REVIEWER, GRACE],
    [REVIEWER, GONE],
  ] as const)
    await world.plain(addDevice(deps, { ...caller, tokenId: 'tok_installation' }, { ...device, endpoint }));
  // The worlds begin at midnight: grace sleeps for as long as most of them last.
  const quiet = { from: '22:00', to: '07:00', timezone: 'UTC' };
  await world.plain(changeNotifySettings(deps, REVIEWER, { quiet }, undefined));
  await world.plain(
    createDocument<StoredSettings>(deps, PERSON, 'person', PERSON.actor.id, {
      ...NO_SETTINGS,
      name: PERSON.actor.id,
      ways: { done: { push: true } },
    }),
  );
}

/** Time goes on until everything that is to be told has been. */
export async function finishNotifying(world: World): Promise<void> {
  const { wired } = world.server(0);
  for (let round = 0; round < 200; round += 1) {
    await wired.loops.notifier.runOnce();
    const next = await world.store.nextDeliveryAt(world.now);
    const due = await world.store.dueDeliveries(world.now, 1);
    if (next === null && due.length === 0) return;
    world.now = Math.max(world.now + 1000, Math.min(next ?? 0, world.now + 24 * 60 * MINUTE_MS));
  }
  world.wrongs.push('notifications never came to rest');
}

/** What the log says has to be told; reviews apart, which are told when they can be decided. */
function tellable(log: Log): Map<number, string> {
  const expected = new Map<number, string>();
  const alerts = new Map<string, string>();
  for (const { event } of log) {
    const data = event.data as Record<string, unknown>;
    if (event.type === 'inbox.created' && data['for'] === 'person') {
      const kind = { question: 'question', attempts_exhausted: 'exhausted', conflict: 'conflict' }[
        String(data['kind'])
      ];
      if (kind !== undefined) expected.set(event.seq, kind);
    }
    if (event.type === 'inbox.escalated') expected.set(event.seq, 'escalated');
    if (event.type === 'alert.raised') alerts.set(event.stream, String(data['rule']));
    const rule = alerts.get(event.stream);
    const isTold =
      event.type === 'alert.raised' ||
      event.type === 'alert.reopened' ||
      (event.type === 'alert.changed' && data['severity'] !== undefined);
    if (isTold && rule !== 'exhausted')
      expected.set(event.seq, rule === 'inbox_overdue' ? 'overdue' : `alert_${String(data['severity'])}`);
    if (event.type === 'ticket.transitioned' && data['to'] === 'done') expected.set(event.seq, 'done');
    if (event.type === 'policy.changed' && (data['set'] as { paused?: unknown }).paused !== undefined)
      expected.set(event.seq, 'paused');
  }
  return expected;
}

export async function notifyTruths(world: World, log: Log): Promise<string[]> {
  if ((await world.store.documents<Webhook>('webhook')).length === 0) return [];
  const found: string[] = [];
  const { arrived } = world.receivers;
  for (const [url, list] of arrived) {
    const known = new Map<string, number>();
    const ids = new Map<string, Set<string>>();
    for (const { id, kind, part, event, isKnown } of list) {
      if (isKnown) known.set(id, (known.get(id) ?? 0) + 1);
      const what = `${kind} of event ${event}`;
      if (event > 0 && part === 'new') ids.set(what, (ids.get(what) ?? new Set()).add(id));
    }
    for (const [id, times] of known)
      if (times > 1) found.push(`${id} arrived ${times} times at ${url}, each time with an answer`);
    for (const [what, names] of ids)
      if (names.size > 1) found.push(`${url} was told of a ${what} under ${names.size} ids`);
  }
  const began = log.find(({ event }) => event.type === 'webhook.created')?.event.seq ?? 0;
  const expected = tellable(log);
  for (const [url, kinds] of [
    [ALL, null],
    [SOME, ['done', 'question']],
  ] as const) {
    const got = new Map((arrived.get(url) ?? []).map(({ event, kind }) => [event, kind]));
    for (const [seq, kind] of expected)
      if (seq > began + 1 && (kinds === null || kinds.includes(kind as 'done')) && got.get(seq) !== kind)
        found.push(
          `${url} was not told of the ${kind} of event ${seq}, but ${got.get(seq) ?? 'nothing'}: ${await fateOf(world, url, seq)}`,
        );
    for (const [seq, kind] of got)
      if (kind !== 'review' && expected.get(seq) !== kind)
        found.push(`${url} was told of a ${kind} of event ${seq}, which is none`);
  }
  // Whoever is asleep gets one message for the whole night, but for what burns.
  for (const { kind, part } of arrived.get(GRACE) ?? [])
    if (part === 'new' && kind !== 'alert_critical' && world.now < Date.parse('2026-11-22T07:00:00.000Z'))
      found.push(`grace was woken by a ${kind}`);
  if ((await world.store.destinations()).some(({ target }) => target['endpoint'] === GONE))
    for (const delivery of await world.store.deliveriesTo(
      (await world.store.destinations()).find(({ target }) => target['endpoint'] === GONE)?.id ?? '',
      10,
    ))
      if (delivery.tries > 0) found.push('a device that is gone is still pushed to');
  return found;
}

/** What the system has on record of it, for whoever looks for the reason. */
async function fateOf(world: World, url: string, seq: number): Promise<string> {
  const told = (await world.store.notifications({ limit: 1000 })).find((each) => each.seq === seq);
  if (!told) return `no notification (read up to ${await world.store.notifyCursor()})`;
  const to = (await world.store.destinations()).find(({ target }) => target['url'] === url);
  const delivery = await world.store.delivery({
    destination: to?.id ?? '',
    notification: told.id,
    part: 'new',
  });
  return delivery === null ? 'no delivery' : `${delivery.state}, ${delivery.tries} tries, ${delivery.answer}`;
}
