/** What no client should send: refused with a 4xx that says why, never a 5xx, and at once. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import type { ApiClient } from '../../src/client/api-client.ts';
import type { IssuedToken } from '../../src/contract/shapes.ts';
import { GOOD, missionControl, NO_RUNNER, RawRunner, runningAttempt, statusOf } from './support/field.ts';

it('numbers, names and times at their extremes give an answer, not an accident', async () => {
  const mc = await missionControl(NO_RUNNER);
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one', { slots: 9 });
  const bad: string[] = [];
  const send = async (api: ApiClient, method: string, path: string, body?: unknown): Promise<number> => {
    const status = await statusOf(api, method, path, body);
    if (status >= 500)
      bad.push(`${method} ${path.slice(0, 100)} ${JSON.stringify(body)?.slice(0, 200)}: ${status}`);
    return status;
  };
  const huge = { usd: 1.7e308, inputTokens: 1.7e308, outputTokens: 0.1 };
  for (let n = 0; n < 2; n += 1) {
    const { key, offer } = await runningAttempt(mc, runner);
    const { fence, attempt } = offer;
    const item = {
      seq: 1,
      at: '9999-12-31T23:59:59.999Z',
      stream: '../../etc',
      text: '\u0000\u001b]0;x\u0007\ud800',
    };
    for (const seq of [0, Number.MAX_SAFE_INTEGER, 2 ** 53, -1, 0.5])
      await send(runner.api, 'POST', `/attempts/${attempt}/output`, { fence, items: [{ ...item, seq }] });
    await send(runner.api, 'POST', `/attempts/${attempt}/output`, {
      fence,
      items: [{ ...item, at: '0000-01-01T00:00:00Z' }],
    });
    await send(runner.api, 'POST', `/attempts/${attempt}/heartbeat`, { fence, usage: huge });
    await send(runner.api, 'POST', `/attempts/${attempt}/heartbeat`, { fence: Number.MAX_SAFE_INTEGER });
    await send(runner.api, 'POST', `/attempts/${attempt}/end`, {
      fence,
      outcome: 'rate_limited',
      usage: huge,
      exitCode: -9e15,
      head: '--output=/tmp/x',
      session: '\u0000',
      notBefore: '9999-12-31T23:59:59.999Z',
      treeGone: true,
    });
    await send(mc.api, 'GET', `/attempts/${attempt}`);
    await send(mc.api, 'GET', `/attempts/${attempt}/output?after=${Number.MAX_SAFE_INTEGER}`);
    await send(mc.api, 'GET', `/attempts/${attempt}/output?after=1e308`);
    await send(mc.api, 'GET', `/tickets/${key}`);
    await send(mc.api, 'GET', `/tickets/${key}/activity`);
    await mc.move(key, 'cancel', { reason: 'seen' });
  }
  for (const key of [
    '..%2f..%2fetc%2fpasswd',
    '%00',
    'MC-0',
    'MC-99999999999',
    '-MC-1',
    'mc-1',
    'MC-1%0a',
    '%ff',
    'x'.repeat(5000),
    '__proto__',
    'constructor',
  ])
    for (const path of [
      `/tickets/${key}`,
      `/attempts/${key}`,
      `/attempts/${key}/output`,
      `/evidence/${key}`,
      `/inbox/${key}`,
      `/projects/${key}`,
      `/profiles/${key}`,
      `/tickets/${key}/why`,
      `/jobs/${key}`,
      `/alerts/${key}`,
    ])
      if ((await send(mc.api, 'GET', path)) === 200) bad.push(`${path} exists`);
  for (const query of [
    'limit=-1',
    'limit=1e9',
    'limit=x',
    'cursor=%00',
    'cursor=x',
    `cursor=${'A'.repeat(9000)}`,
    'cursor=eyJvZmZzZXQiOi0xfQ',
    'status=nothing',
    'sort=drop',
    'q=%25_%27"\\',
    'q=%00',
    'label[]=a',
    'project=__proto__',
    'status=todo&status=done',
    'limit=5&limit=6',
  ])
    for (const list of ['tickets', 'inbox', 'alerts', 'runners', 'projects', 'tokens', 'jobs'])
      await send(mc.api, 'GET', `/${list}?${query}`);
  for (const name of ['..', '-x', 'a/b', '', 'x'.repeat(65), '__proto__', 'a\u0000'])
    await send(runner.api, 'POST', '/runners', { name, slots: 1, version: 'x' });
  await send(runner.api, 'POST', '/runners', { name: 'huge', slots: 1e9, version: 'x', pid: -1e300 });
  for (const defaultBranch of [
    '-x',
    '--upload-pack=touch /tmp/mc-owned',
    '../x',
    'no-such-branch',
    '@{-1}',
    'a b',
    'main\u0000',
  ])
    await send(mc.api, 'POST', '/projects', {
      key: 'X',
      name: 'x',
      repository: { path: mc.repo },
      defaultBranch,
    });
  for (const url of [
    'ext::sh -c "touch /tmp/mc-owned"',
    '-oProxyCommand=touch',
    'ssh://-oProxyCommand=touch/x',
    'file:///nonexistent',
    'http://127.0.0.1:1/x',
    '--upload-pack=x',
    'fd::17',
  ])
    expect(await send(mc.api, 'POST', '/projects', { key: 'X', name: 'x', repository: { url } })).toBe(422);
  for (const path of [
    '/proc/self/root',
    '/dev/null',
    '/nonexistent',
    'relative',
    '-x',
    `/${'a'.repeat(4000)}`,
    '/tmp\u0000x',
  ])
    await send(mc.api, 'POST', '/projects', { key: 'X', name: 'x', repository: { path } });
  expect(existsSync('/tmp/mc-owned')).toBe(false);
  expect(bad).toEqual([]);
});

it('bodies that are too large, too deep, or no JSON are refused at once', async () => {
  const mc = await missionControl(NO_RUNNER);
  const { token: authorization } = await mc.api.post<IssuedToken>('/tokens', { role: 'admin', name: 'raw' });
  const post = async (body: string | Uint8Array<ArrayBuffer>, type = 'application/json'): Promise<number> =>
    (
      await fetch(`${mc.url}/api/v1/tickets`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${authorization}`, 'content-type': type },
      })
    ).status;
  const good = { project: 'MC', title: 'x' };
  expect(await post(JSON.stringify({ ...good, description: 'x'.repeat(2_000_000) }))).toBe(413);
  expect(await post('['.repeat(100_000) + ']'.repeat(100_000))).toBe(400);
  expect(await post(`{"project":"MC","title":"x","__proto__":{"a":1}}`)).toBe(400);
  expect(await post(`{"project":"MC","title":"x","priority":1e999}`)).toBe(400);
  expect(await post(`{"project":"MC","title":"x"`)).toBe(400);
  expect(await post(Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))).toBe(400);
  expect(await post(JSON.stringify({ ...good, title: 'a\u0000b' }))).toBe(400);
  expect(await post(JSON.stringify({ ...good, title: 'a\ud800b' }))).toBe(400);
  expect(await post(JSON.stringify(good), 'text/plain')).toBe(415);
  expect(await post(`{${Array.from({ length: 50_000 }, (_, n) => `"k${n}":1`).join(',')}}`)).toBe(400);
  expect(await post(JSON.stringify({ ...good, labels: Array.from({ length: 10_000 }, () => 'x') }))).toBe(
    400,
  );
  expect(
    (
      await fetch(`${mc.url}/livez`, { headers: { 'x-long': 'x'.repeat(100_000) } }).catch(() => ({
        status: 431,
      }))
    ).status,
  ).toBeLessThan(500);
  // Half a request, and a second body smuggled behind the first.
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(mc.url).port), '127.0.0.1', () => socket.write(text));
      let said = '';
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
      socket.on('close', () => resolve(said));
      socket.on('error', () => resolve(said));
      setTimeout(() => socket.destroy(), 700);
    });
  expect(await raw('GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n')).toContain(' 421 ');
  expect(
    await raw(
      `POST /api/v1/tickets HTTP/1.1\r\nHost: ${new URL(mc.url).host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ),
  ).toMatch(/ 400 |^$/);
  expect(await mc.api.get('/tickets')).toMatchObject({ items: [] });
});
