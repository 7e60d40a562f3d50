/** Notifications of the built server, over real connections to receivers that are well, slow, ill, gone, or deadly. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert, Page } from '../../src/contract/shapes.ts';
import type {
  Device,
  IssuedWebhook,
  NotificationPage,
  PushKey,
  Tested,
  Webhook,
} from '../../src/contract/notify-shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { Receiver, Subscriber, checkVapid } from '../harness/receivers.ts';

let mc: MissionControl;
let hook: Receiver;
beforeEach(async () => {
  hook = await new Receiver().start();
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_NOTIFY_HOSTS: '127.0.0.1' } });
  await mc.start();
  await mc.project({ completion: { requires: ['signal'] } });
});
afterEach(async () => {
  const { invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  await mc.stop();
  await hook.stop();
});

const addHook = (name = 'chat', to = hook, more: object = {}): Promise<IssuedWebhook> =>
  mc.api.post<IssuedWebhook>('/webhooks', { name, url: `${to.url}/hook`, ...more });
/** Somebody else's work, handed in: a review for the administrator. */
let grace = '';
async function handIn(title = 'A thing'): Promise<string> {
  if (grace === '' || !(await works(grace)))
    grace = (await mc.api.post<{ token: string }>('/tokens', { role: 'member', name: 'grace' })).token;
  const { key, version } = await mc.ticket('', {
    profile: undefined,
    title,
    assignee: 'grace',
  });
  const answer = await fetch(`${mc.url}/api/v1/tickets/${key}/transitions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${grace}`,
      'content-type': 'application/json',
      'if-match': `"${version}"`,
    },
    body: JSON.stringify({ transition: 'hand_in', summary: 'done' }),
  });
  expect(answer.status).toBe(200);
  return key;
}
async function works(token: string): Promise<boolean> {
  return (await fetch(`${mc.url}/api/v1/overview`, { headers: { authorization: `Bearer ${token}` } })).ok;
}
const accept = (key: string) => mc.move(key, 'accept', { reason: 'good' });

describe('a webhook', () => {
  it('is told at once, signed so that its receiver can check it', async () => {
    const { secret } = await addHook();
    const key = await handIn('Rename the thing');
    await mc.until(() => hook.received.length > 0, 'the webhook was told', 5000);
    const [first] = hook.received;
    if (!first) throw new Error('nothing arrived');
    const { headers, body } = first;
    expect(JSON.parse(body.toString())).toMatchObject({
      type: 'notification.review',
      data: { ticket: key, title: `${key} is ready for review`, text: 'Rename the thing' },
    });
    const signed = [headers['webhook-id'], headers['webhook-timestamp'], body.toString()].join('.');
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', bytes).update(signed).digest('base64')}`,
    );
    expect(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(60_000);
  });

  it('that fails first gets it again under the same id, and later ones after it', async () => {
    const { id } = await addHook();
    hook.answer = (_request, response) => {
      if (hook.received.length > 1) response.writeHead(200).end();
      else response.writeHead(500).end('not yet');
    };
    await handIn('First');
    await mc.until(() => hook.received.length === 1, 'it was tried');
    const failing = await mc.eventually(async () => {
      const webhook = await mc.api.get<Webhook>(`/webhooks/${id}`);
      return webhook.failures === 1 ? webhook : null;
    }, 'its failure is known');
    expect(failing.detail).toBe('HTTP 500: not yet');
    await handIn('Second');
    await mc.until(() => hook.received.length === 3, 'both have arrived', 20_000);
    const [first, again, second] = hook.messages;
    expect(again?.id).toBe(first?.id);
    expect(second?.id).not.toBe(first?.id);
    expect([again?.data['text'], second?.data['text']]).toEqual(['First', 'Second']);
  });

  it('that hangs, redirects or is not there keeps nobody else waiting', async () => {
    const quick = await new Receiver().start();
    const elsewhere = await new Receiver().start();
    const gone = await new Receiver().start();
    try {
      await addHook('hangs');
      hook.answer = () => undefined;
      const moved = await new Receiver().start();
      moved.answer = (_request, response) =>
        response.writeHead(307, { location: `${elsewhere.url}/taken` }).end();
      await addHook('moved', moved);
      const { id } = await addHook('gone', gone);
      await gone.stop();
      await addHook('quick', quick);
      await handIn('One');
      await mc.until(() => quick.received.length === 1, 'the quick one was told', 3000);
      await handIn('Two');
      await mc.until(() => quick.received.length === 2, 'and again', 3000);
      expect(hook.received).toHaveLength(1);
      const failing = await mc.eventually(async () => {
        const webhook = await mc.api.get<Webhook>(`/webhooks/${id}`);
        return webhook.failures > 0 ? webhook : null;
      }, 'who is not there is known');
      expect(failing.detail).toContain('refused');
      expect(elsewhere.received).toEqual([]);
      await moved.stop();
    } finally {
      await quick.stop();
      await elsewhere.stop();
    }
  });

  it('is not told twice as another thing when the server dies between sending and writing it down', async () => {
    await addHook();
    const { pid } = mc.server ?? {};
    hook.answer = (_request, response) => {
      if (hook.received.length === 1 && pid !== undefined) {
        process.kill(pid, 'SIGKILL');
        // It arrived, and nobody is there any more to hear so.
        response.destroy();
      } else response.writeHead(200).end();
    };
    await handIn();
    await mc.until(() => mc.server?.signalCode === 'SIGKILL', 'the server was killed');
    await mc.start();
    await mc.until(() => hook.received.length === 2, 'it arrived again', 60_000);
    await handIn('Another');
    await mc.until(() => hook.received.length === 3, 'and the next one', 20_000);
    const [first, again, other] = hook.messages;
    expect(again).toEqual(first);
    expect(other?.id).not.toBe(first?.id);
  }, 120_000);

  it('answers a test, and what it answers is shown', async () => {
    const { id } = await addHook();
    hook.answer = (_request, response) => response.writeHead(418).end('a teapot');
    expect(await mc.api.post<Tested>(`/webhooks/${id}/test`)).toMatchObject({
      ok: false,
      status: 418,
      answer: 'HTTP 418: a teapot',
    });
  });

  it('of a private address that the settings do not name is refused, however it is written', async () => {
    const head = async () => (await mc.verify()).head;
    const before = await head();
    for (const url of [
      'https://169.254.169.254/latest/meta-data/',
      'https://[::ffff:169.254.169.254]/',
      'https://0xa9fea9fe/',
      'https://2852039166/',
      'http://localhost:1/',
      'https://10.0.0.1/',
    ])
      await expect(mc.api.post('/webhooks', { name: 'x', url })).rejects.toMatchObject({
        code: 'address_not_allowed',
      });
    expect(await head()).toEqual(before);
  });
});

describe('a device', () => {
  it('gets what only it can read, signed by the installation, and is told when it is settled', async () => {
    const phone = new Subscriber();
    const push = await new Receiver().start();
    push.answer = (_request, response) => response.writeHead(201).end();
    const { id } = await mc.api.post<Device>(
      '/notifications/devices',
      phone.subscription(`${push.url}/push/1`),
    );
    const tested = await mc.api.post<Tested>(`/notifications/devices/${id}/test`);
    expect(tested).toMatchObject({ ok: true, status: 201 });
    const key = await handIn('Rename the thing');
    await mc.until(() => push.received.length === 2, 'the device was pushed to', 5000);
    const [, second] = push.received;
    if (!second) throw new Error('nothing arrived');
    const shown = phone.decrypt(second.body);
    expect(shown).toMatchObject({
      part: 'new',
      kind: 'review',
      title: `${key} is ready for review`,
      text: 'Rename the thing',
      path: expect.stringMatching(/^\/inbox\/inb_/),
    });
    expect(second.body.toString('latin1')).not.toContain('Rename');
    expect(() => new Subscriber().decrypt(second.body)).toThrow();
    const vapid = checkVapid(second.headers);
    expect(vapid).toMatchObject({ aud: push.url, sub: expect.stringMatching(/^mailto:/) });
    expect(vapid.key).toBe((await mc.api.get<PushKey>('/notifications/push-key')).publicKey);
    expect(second.headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high', ttl: '86400' });
    await accept(key);
    await mc.until(() => push.received.length >= 3, 'it was taken back', 5000);
    const back = phone.decrypt(push.received[2]?.body ?? Buffer.alloc(0));
    expect(back).toMatchObject({ part: 'settled', tag: shown['tag'], title: 'Accepted by admin' });
    expect(push.received[2]?.headers['topic']).toBe(second.headers['topic']);
    await push.stop();
  });

  it('keeps its key over a restart, and goes when its push service no longer knows it', async () => {
    const push = await new Receiver().start();
    const { publicKey } = await mc.api.get<PushKey>('/notifications/push-key');
    await mc.api.post('/notifications/devices', new Subscriber().subscription(`${push.url}/push/1`));
    await mc.endServer('SIGTERM');
    await mc.start();
    expect((await mc.api.get<PushKey>('/notifications/push-key')).publicKey).toBe(publicKey);
    push.answer = (_request, response) => response.writeHead(410).end();
    await handIn();
    await mc.until(() => push.received.length === 1, 'it was pushed to');
    await mc.eventually(async () => {
      const { items } = await mc.api.get<Page<Device>>('/notifications/devices');
      return items.length === 0 ? true : null;
    }, 'the device is gone');
    await push.stop();
  });
});

it('tells everything once through a kill at any moment, and nothing of before it was asked to', async () => {
  await handIn('Before there was a webhook');
  await mc.eventually(async () => {
    const { items } = await mc.api.get<NotificationPage>('/notifications');
    return items.length === 1 ? items : null;
  }, 'the first is told in the app');
  await addHook();
  const keys: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (let n = 0; n < 3; n += 1) keys.push(await handIn(`Round ${round}, ${n}`));
    await mc.endServer('SIGKILL');
    await mc.start();
  }
  const arrived = (): Set<unknown> => new Set(hook.messages.map(({ data }) => data['ticket']));
  await mc.until(() => keys.every((key) => arrived().has(key)), 'all of them arrived', 100_000);
  const ids = new Map<unknown, Set<string>>();
  for (const { id, data } of hook.messages)
    ids.set(data['ticket'], (ids.get(data['ticket']) ?? new Set<string>()).add(id));
  expect([...ids.keys()].sort((a, b) => String(a).localeCompare(String(b)))).toEqual(
    keys.toSorted((a, b) => a.localeCompare(b)),
  );
  for (const names of ids.values()) expect(names.size).toBe(1);
  expect(
    (await mc.api.get<Page<Alert>>('/alerts')).items.filter((a) => a.rule === 'webhook_failing'),
  ).toEqual([]);
}, 180_000);
