/** Notifications through the API: what a person is told, reads, mutes and holds; webhooks and devices, sent for real to a recorder. */
import { createECDH } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Notifier } from '../../loops/notifier.ts';
import { raise } from '../../services/alerts.ts';
import { signatureOf } from '../../services/notify/messages.ts';
import { answered } from '../../services/testing/recorded-outgoing.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
let notifier: Notifier;
beforeEach(async () => {
  t = await createTestApp();
  notifier = new Notifier(t.deps, 'srv_test', () => new Promise(() => undefined));
  await t.call('POST', '/projects', {
    body: { key: 'MC', name: 'x', repository: { path: '/repo' }, completion: { requires: ['signal'] } },
  });
});
afterEach(() => t.close());

const alert = (severity: 'info' | 'warning' | 'critical', subject = 'disk') =>
  raise(t.deps, { rule: 'disk_low', subject, severity, detail: `The ${subject} is full.` });
/** A person's work, handed in: somebody else has to review it. */
const handIn = async (title = 'A thing'): Promise<string> => {
  const made = await t.call('POST', '/tickets', {
    body: { project: 'MC', title, status: 'todo', assignee: 'the-member' },
  });
  const key = made.body.key as string;
  const moved = await t.call('POST', `/tickets/${key}/transitions`, {
    as: 'member',
    body: { transition: 'hand_in', summary: 'done' },
    ifMatch: made.body.version,
  });
  expect(moved.status).toBe(200);
  return key;
};
const list = async (as = 'admin', query = '') => (await t.call('GET', `/notifications${query}`, { as })).body;
const kinds = async (as = 'admin'): Promise<string[]> =>
  (await list(as)).items.map((n: { kind: string }) => n.kind);
const browser = () => {
  const keys = createECDH('prime256v1');
  keys.generateKeys();
  return { p256dh: keys.getPublicKey('base64url'), auth: Buffer.alloc(16, 7).toString('base64url') };
};
const device = (as: string, name = 'phone') =>
  t.call('POST', '/notifications/devices', {
    as,
    body: { name, endpoint: `https://push.example/${as}-${name}`, ...browser() },
  });
const pushes = () =>
  t.outgoing.requests
    .filter(({ url }) => url.startsWith('https://push.example/'))
    .map(({ url, body }): Record<string, unknown> => ({
      to: url.split('/').at(-1),
      ...(JSON.parse(String(body)) as object),
    }));

describe('what a person is told', () => {
  it('is there as soon as it has happened, with where it is decided', async () => {
    const key = await handIn('Rename the thing');
    const { items, unread } = await list();
    expect(unread).toBe(1);
    expect(items[0]).toMatchObject({
      kind: 'review',
      ticket: key,
      project: 'MC',
      title: `${key} is ready for review`,
      text: 'Rename the thing',
      path: expect.stringMatching(/^\/inbox\/inb_/),
      read: false,
      settled: null,
    });
    const item = await t.call('GET', items[0].path);
    expect(item.body).toMatchObject({ kind: 'review', ticket: key, state: 'pending' });
  });

  it('is not what they did themselves', async () => {
    await handIn();
    expect(await kinds('member')).toEqual([]);
    await t.call('POST', '/pause', { body: { paused: true, reason: 'lunch' } });
    expect(await kinds('admin')).toEqual(['review']);
    expect(await kinds('member')).toEqual(['paused']);
  });

  it('is over when somebody has decided it', async () => {
    const key = await handIn();
    await list();
    const ticket = await t.call('GET', `/tickets/${key}`);
    await t.call('POST', `/tickets/${key}/transitions`, {
      body: { transition: 'accept', reason: 'good' },
      ifMatch: ticket.body.version,
    });
    const { items, unread } = await list('viewer');
    expect(items.map((n: { kind: string }) => n.kind)).toEqual(['done', 'review']);
    expect(items[1].settled).toMatchObject({ by: 'the-admin', how: 'accept' });
    expect(unread).toBe(1);
  });

  it('is read on all devices of a person, and by nobody else', async () => {
    await handIn();
    await alert('critical');
    const { items } = await list();
    expect(await t.call('POST', '/notifications/read', { body: { ids: [items[1].id] } })).toMatchObject({
      status: 204,
    });
    expect((await list()).items.map((n: { read: boolean }) => n.read)).toEqual([false, true]);
    expect((await list('admin', '?unread=true')).items).toHaveLength(1);
    expect((await list('viewer')).unread).toBe(2);
    await t.call('POST', '/notifications/read', { body: { all: true } });
    expect((await list()).unread).toBe(0);
    expect((await t.call('POST', '/notifications/read', { body: {} })).status).toBe(400);
  });

  it('comes page by page', async () => {
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await alert('warning', subject);
    const first = await list('admin', '?limit=2');
    expect(first.items.map((n: { text: string }) => n.text)).toEqual(['The e is full.', 'The d is full.']);
    const second = await list('admin', `?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map((n: { text: string }) => n.text)).toEqual(['The c is full.', 'The b is full.']);
    const third = await list('admin', `?limit=2&cursor=${second.nextCursor}`);
    expect(third.items).toHaveLength(1);
    expect(third.nextCursor).toBeNull();
  });

  it('is chosen by kind, muted by ticket and project, and kept with a version', async () => {
    const settings = () => t.call('GET', '/notifications/settings');
    expect((await settings()).body).toMatchObject({
      person: 'the-admin',
      version: 0,
      quiet: null,
      ways: { question: { app: true, push: true }, alert_info: { app: false, push: false } },
    });
    const key = await handIn();
    const patch = (body: object, ifMatch?: number) =>
      t.call('PATCH', '/notifications/settings', { body, ...(ifMatch === undefined ? {} : { ifMatch }) });
    expect((await patch({ muted: { tickets: [key] } })).body).toMatchObject({
      version: 1,
      muted: { tickets: [key] },
    });
    expect(await kinds()).toEqual([]);
    await patch({ muted: { tickets: [], projects: ['MC'] } });
    expect(await kinds()).toEqual([]);
    await patch({ muted: { projects: [] }, ways: { review: { app: false } } });
    expect(await kinds()).toEqual([]);
    const back = await patch({ ways: { review: { app: true } } }, 3);
    expect(back.body.ways.review).toEqual({ app: true, push: true });
    expect(await kinds()).toEqual(['review']);
    expect((await patch({ criticalThrough: false }, 1)).status).toBe(412);
    const wrong = await patch({ quiet: { from: '22:00', to: '07:00', timezone: 'Mars/Olympus' } });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ path: 'quiet.timezone' }] } });
    expect((await patch({ quiet: { from: '25:00', to: '07:00', timezone: 'UTC' } })).status).toBe(400);
  });

  it('is for people', async () => {
    for (const path of ['/notifications', '/notifications/settings', '/notifications/devices'])
      expect((await t.call('GET', path, { as: 'orchestrator' })).status).toBe(403);
    expect((await t.call('GET', '/notifications', { as: 'runner' })).status).toBe(403);
    expect((await t.call('GET', '/webhooks', { as: 'member' })).status).toBe(403);
  });
});

describe('a webhook', () => {
  const add = (body: object = {}, key?: string) =>
    t.call('POST', '/webhooks', {
      body: { name: 'chat', url: 'https://chat.example/hook/s3cret?token=abc', ...body },
      ...(key === undefined ? {} : { key }),
    });

  it('is told with a signature that its receiver can check', async () => {
    const made = await add();
    expect(made.status).toBe(201);
    await handIn('Rename the thing');
    await notifier.runOnce();
    const [request, more] = t.outgoing.requests;
    if (!request || more) throw new Error(`${t.outgoing.requests.length} requests`);
    const { headers, body } = request;
    expect(request.url).toBe('https://chat.example/hook/s3cret?token=abc');
    const said = JSON.parse(String(body));
    expect(said).toMatchObject({
      type: 'notification.review',
      timestamp: '2026-11-22T12:00:00.000Z',
      data: {
        kind: 'review',
        project: 'MC',
        ticket: 'MC-1',
        text: 'Rename the thing',
        event: expect.any(Number),
      },
    });
    const id = headers['webhook-id'] ?? '';
    const at = headers['webhook-timestamp'] ?? '';
    expect(id).toContain(said.data.id);
    expect(at).toBe(String(Date.parse('2026-11-22T12:00:00.000Z') / 1000));
    expect(headers['webhook-signature']).toBe(signatureOf(made.body.secret, id, at, String(body)));
    // The vector of the Standard Webhooks specification.
    expect(
      signatureOf(
        'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        'msg_p5jXN8AQM9LWM0D4loKWxJek',
        '1614265330',
        '{"test": 2432232314}',
      ),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('shows its secret once, and its address never; neither is on the log', async () => {
    const made = await add({}, 'k1');
    const { secret, id } = made.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await add({}, 'k1')).body).toEqual(made.body);
    const seen = [
      await t.call('GET', '/webhooks'),
      await t.call('GET', `/webhooks/${id}`),
      await t.call('PATCH', `/webhooks/${id}`, { body: { name: 'team' } }),
    ];
    const log = JSON.stringify(await t.deps.store.eventsAfter(0, 1000));
    const kept = JSON.stringify(await t.deps.store.idempotent('x', 'k1'));
    for (const text of [...seen.map((answer) => JSON.stringify(answer.body)), log, kept]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('s3cret');
      expect(text).not.toContain('token=abc');
    }
    expect(seen[2]?.body).toMatchObject({ name: 'team', origin: 'https://chat.example', version: 2 });
    const renewed = await t.call('POST', `/webhooks/${id}/secret`, { key: 'k2', body: {} });
    expect(renewed.body.secret).not.toBe(secret);
    const again = await t.call('POST', `/webhooks/${id}/secret`, { key: 'k2', body: {} });
    expect(again.body).toEqual(renewed.body);
  });

  it('gets only what it asks for', async () => {
    await add({ name: 'criticals', kinds: ['alert_critical'] });
    await add({ name: 'of another project', url: 'https://other.example/', projects: ['OPS'] });
    await add({ name: 'off', url: 'https://off.example/', enabled: false });
    await handIn();
    await alert('critical');
    await notifier.runOnce();
    expect(t.outgoing.requests.map(({ url, body }) => [url, JSON.parse(String(body)).type])).toEqual([
      ['https://chat.example/hook/s3cret?token=abc', 'notification.alert_critical'],
    ]);
  });

  it('is tried again later and later under the same id, and says how long it has been failing', async () => {
    const { id } = (await add()).body;
    t.outgoing.answer = () => answered(500, 'oops\u0007');
    await handIn();
    await notifier.runOnce();
    expect(t.outgoing.requests).toHaveLength(1);
    const shown = async () => (await t.call('GET', `/webhooks/${id}`)).body;
    expect(await shown()).toMatchObject({
      failures: 1,
      detail: 'HTTP 500: oops',
      failingSince: expect.any(String),
    });
    t.advance(4000);
    await notifier.runOnce();
    expect(t.outgoing.requests).toHaveLength(1);
    t.advance(1001);
    await notifier.runOnce();
    expect(t.outgoing.requests).toHaveLength(2);
    t.outgoing.answer = () => answered(200);
    t.advance(20_001);
    await notifier.runOnce();
    expect(new Set(t.outgoing.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(t.outgoing.requests).toHaveLength(3);
    expect(await shown()).toMatchObject({ failures: 0, detail: null, failingSince: null });
    const log = (await t.call('GET', `/webhooks/${id}/deliveries`)).body.items;
    expect(log).toMatchObject([{ kind: 'review', state: 'sent', tries: 3, answer: 'HTTP 200' }]);
  });

  it('is given up after a day of trying, said on its page and by an alert', async () => {
    const { id } = (await add()).body;
    t.outgoing.answer = () => ({ answered: false, problem: 'Nothing listens there.', refused: false });
    await handIn();
    for (let hour = 0; hour < 26; hour += 1) {
      await notifier.runOnce();
      t.advance(3_600_000);
    }
    const log = (await t.call('GET', `/webhooks/${id}/deliveries`)).body.items;
    expect(log).toMatchObject([{ state: 'given_up', answer: 'Nothing listens there.' }]);
    const count = t.outgoing.requests.length;
    await notifier.runOnce();
    expect(t.outgoing.requests).toHaveLength(count);
    const { operatorSnapshot } = await import('../../services/operator-view.ts');
    const { observe } = await import('../../domain/operator/rules.ts');
    const look = {
      disk: () => Promise.resolve({ freeBytes: 1e12, totalBytes: 2e12 }),
      clockJumpMs: 0,
    };
    const seen = observe(await operatorSnapshot(t.deps, look)).filter(
      ({ rule }) => rule === 'webhook_failing',
    );
    expect(seen).toMatchObject([{ subject: id, detail: expect.stringContaining('Nothing listens there.') }]);
  });

  it('that hangs holds up nobody else', async () => {
    await add();
    await add({ name: 'quick', url: 'https://quick.example/' });
    let release = (): void => undefined;
    const hangs = new Promise<void>((resolve) => (release = resolve));
    t.outgoing.answer = async ({ url }) => {
      if (url.startsWith('https://chat')) await hangs;
      return answered(200);
    };
    const brief = new Notifier(t.deps, 'srv_test', () => Promise.resolve());
    const sent = () => t.outgoing.requests.filter(({ url }) => url.startsWith('https://quick')).length;
    await handIn();
    for (let turn = 0; turn < 50 && sent() < 1; turn += 1) await brief.runOnce();
    await alert('critical');
    for (let turn = 0; turn < 50 && sent() < 2; turn += 1) await brief.runOnce();
    expect(sent()).toBe(2);
    expect(t.outgoing.requests.filter(({ url }) => url.startsWith('https://chat'))).toHaveLength(1);
    release();
    for (let turn = 0; turn < 50 && t.outgoing.requests.length < 4; turn += 1) await brief.runOnce();
    expect(t.outgoing.requests).toHaveLength(4);
    await brief.stop();
  });

  it('is tested on demand, and taken away for good', async () => {
    const { id } = (await add()).body;
    t.outgoing.answer = () => answered(202, 'thanks');
    const tested = await t.call('POST', `/webhooks/${id}/test`, { body: {} });
    expect(tested.body).toMatchObject({ ok: true, status: 202, answer: 'HTTP 202: thanks' });
    expect(JSON.parse(String(t.outgoing.requests[0]?.body))).toMatchObject({ type: 'notification.test' });
    await handIn();
    await list();
    expect((await t.call('DELETE', `/webhooks/${id}`)).status).toBe(204);
    await notifier.runOnce();
    expect(t.outgoing.requests).toHaveLength(1);
    expect((await t.call('GET', `/webhooks/${id}`)).status).toBe(404);
    expect((await t.call('GET', '/webhooks')).body.items).toEqual([]);
  });

  it('with an address that is none to send to is refused before anything is written', async () => {
    const before = await t.deps.store.head();
    const refused = await add({ url: 'http://169.254.169.254/' });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'address_not_allowed', errors: [{ path: 'url' }] },
    });
    expect(await t.deps.store.head()).toEqual(before);
    expect(await t.deps.store.destinations()).toEqual([]);
  });
});

describe('a device', () => {
  it('is pushed what waits for its person, and shown that it is settled', async () => {
    expect((await device('admin')).status).toBe(201);
    await device('member');
    const key = await handIn();
    await notifier.runOnce();
    expect(pushes()).toMatchObject(
      [
        {
          to: 'admin-phone',
          part: 'new',
          kind: 'review',
          title: `${key} is ready for review`,
          tag: /inbox:/,
        },
      ].map((each) => ({ ...each, tag: expect.stringMatching(/^inbox:inb_/) })),
    );
    const ticket = await t.call('GET', `/tickets/${key}`);
    await t.call('POST', `/tickets/${key}/transitions`, {
      body: { transition: 'request_changes', feedback: 'no' },
      ifMatch: ticket.body.version,
    });
    await notifier.runOnce();
    const [first, second] = pushes();
    expect(second).toMatchObject({
      part: 'settled',
      tag: first?.['tag'],
      title: 'Changes requested by the-admin',
    });
  });

  it('gets nothing of what was settled before it could be sent', async () => {
    await device('admin');
    const key = await handIn();
    const ticket = await t.call('GET', `/tickets/${key}`);
    await t.call('POST', `/tickets/${key}/transitions`, {
      body: { transition: 'cancel', reason: 'no' },
      ifMatch: ticket.body.version,
    });
    await notifier.runOnce();
    expect(pushes()).toEqual([]);
  });

  it('is left in peace in quiet hours, but for what burns, and gets the rest as one in the morning', async () => {
    await device('admin');
    // It is noon here, and half past five in the evening in Kolkata.
    const quiet = { from: '17:00', to: '08:00', timezone: 'Asia/Kolkata' };
    await t.call('PATCH', '/notifications/settings', { body: { quiet } });
    await handIn('One');
    await handIn('Two');
    await alert('critical');
    await notifier.runOnce();
    expect(pushes().map(({ kind }) => kind)).toEqual(['alert_critical']);
    t.advance(14 * 3_600_000);
    await notifier.runOnce();
    expect(pushes()).toHaveLength(1);
    t.advance(30 * 60_000);
    await notifier.runOnce();
    await notifier.runOnce();
    expect(pushes()[1]).toMatchObject({
      part: 'digest',
      title: '2 while it was quiet',
      text: 'MC-1 is ready for review · MC-2 is ready for review',
      path: '/notifications',
    });
    expect(pushes()).toHaveLength(2);
  });

  it('that its push service no longer knows is taken off', async () => {
    await device('admin');
    t.outgoing.answer = () => answered(410);
    await handIn();
    await notifier.runOnce();
    expect((await t.call('GET', '/notifications/devices')).body.items).toEqual([]);
    await alert('critical');
    await notifier.runOnce();
    expect(pushes()).toHaveLength(1);
  });

  it('goes with the token that it signed in with', async () => {
    const issued = await t.call('POST', '/tokens', { body: { role: 'member', name: 'grace' } });
    await device(issued.body.token as string, 'phone');
    await handIn();
    await notifier.runOnce();
    expect(pushes()).toHaveLength(1);
    await t.call('DELETE', `/tokens/${issued.body.id}`);
    await alert('critical');
    await notifier.runOnce();
    expect(pushes()).toHaveLength(1);
    expect(await t.deps.store.destinations()).toEqual([]);
  });

  it('is its person’s alone, and another’s once another signs in on it', async () => {
    const { id } = (await device('admin')).body;
    expect((await t.call('DELETE', `/notifications/devices/${id}`, { as: 'member' })).status).toBe(404);
    expect(
      (await t.call('POST', `/notifications/devices/${id}/test`, { as: 'member', body: {} })).status,
    ).toBe(404);
    const body = { name: 'shared', endpoint: 'https://push.example/admin-phone', ...browser() };
    await t.call('POST', '/notifications/devices', { as: 'member', body });
    expect((await t.call('GET', '/notifications/devices')).body.items).toEqual([]);
    expect((await t.call('GET', '/notifications/devices', { as: 'member' })).body.items).toMatchObject([
      { id, name: 'shared' },
    ]);
    const shown = JSON.stringify((await t.call('GET', '/notifications/devices', { as: 'member' })).body);
    expect(shown).not.toContain('push.example');
  });

  it('with keys or an address of no browser is refused', async () => {
    const good = { name: 'x', endpoint: 'https://push.example/x', ...browser() };
    for (const wrong of [{ p256dh: 'short' }, { auth: '' }, { endpoint: 'http://10.0.0.1/' }]) {
      const { status } = await t.call('POST', '/notifications/devices', { body: { ...good, ...wrong } });
      expect([400, 422]).toContain(status);
    }
  });
});
