/** Runners, workers and clients that mean harm, through the API: refused, never a 5xx, nothing half written. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import type { Attempt, IssuedToken, Output } from '../../src/contract/shapes.ts';
import type { MissionControl } from '../harness/mission-control.ts';
import { GOOD, missionControl, RawRunner, RunnerProcess } from './support/field.ts';

const NO_RUNNER = { env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '20', MC_OFFER_SECONDS: '20' } };

async function runningAttempt(mc: MissionControl, runner: RawRunner) {
  const { key } = await mc.ticket('worker');
  const offer = await runner.offer(mc);
  await runner.attempt(offer.attempt, 'accept', { fence: offer.fence });
  await runner.attempt(offer.attempt, 'heartbeat', { fence: offer.fence, started: true });
  return { key, offer };
}

async function statusOf(api: ApiClient, method: string, path: string, body?: unknown): Promise<number> {
  const response = await api.fetch(method, path, body === undefined ? {} : { body });
  await response.arrayBuffer();
  return response.status;
}

it('a token does what its kind may, and nothing else', async () => {
  const mc = await missionControl(NO_RUNNER);
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one', { slots: 2 });
  const other = await RawRunner.register(mc, 'other', { kinds: [] });
  const first = await runningAttempt(mc, runner);
  const second = await runningAttempt(mc, runner);
  const worker = new ApiClient(mc.url, first.offer.token);
  const viewer = new ApiClient(
    mc.url,
    (await mc.api.post<IssuedToken>('/tokens', { role: 'viewer', name: 'v' })).token,
  );
  const nobody = new ApiClient(mc.url);
  const madeUp = new ApiClient(mc.url, `${first.offer.token}x`);
  const progress = { type: 'progress', text: 'mine' };
  const before = await Promise.all([mc.get(first.key), mc.get(second.key)]);
  const { fence, attempt } = first.offer;
  const end = { fence, outcome: 'failed', treeGone: true };
  const cases: [ApiClient, string, string, unknown, number][] = [
    [worker, 'POST', `/attempts/${second.offer.attempt}/signals`, progress, 403],
    [worker, 'GET', `/attempts/${second.offer.attempt}`, undefined, 403],
    [worker, 'GET', `/attempts/${second.offer.attempt}/ticket`, undefined, 403],
    [worker, 'GET', '/tickets', undefined, 403],
    [worker, 'GET', `/tickets/${first.key}`, undefined, 403],
    [worker, 'POST', '/tickets', { project: 'MC', title: 'mine' }, 403],
    [worker, 'POST', `/attempts/${attempt}/end`, end, 403],
    [worker, 'POST', '/tokens', { role: 'admin', name: 'me' }, 403],
    [worker, 'PUT', '/policy', { maxWorkers: 99 }, 403],
    [runner.api, 'POST', `/attempts/${attempt}/signals`, progress, 403],
    [runner.api, 'GET', '/tickets', undefined, 403],
    [runner.api, 'POST', '/tokens', { role: 'admin', name: 'me' }, 403],
    [runner.api, 'GET', '/verify', undefined, 403],
    [mc.api, 'POST', `/attempts/${attempt}/end`, end, 403],
    [mc.api, 'POST', `/attempts/${attempt}/signals`, progress, 403],
    [viewer, 'POST', `/tickets/${first.key}/comments`, { text: 'no' }, 403],
    [viewer, 'POST', '/pause', { paused: true }, 403],
    [nobody, 'GET', '/tickets', undefined, 401],
    [madeUp, 'POST', '/attempts/self/signals', progress, 401],
    [other.api, 'POST', `/runners/${runner.id}/poll`, { freeSlots: 1, waitMs: 0 }, 409],
    ...['accept', 'heartbeat', 'output', 'park', 'end', 'permission'].map(
      (verb): [ApiClient, string, string, unknown, number] => [
        other.api,
        'POST',
        `/attempts/${attempt}/${verb}`,
        {
          fence,
          ...(verb === 'end' && end),
          ...(verb === 'park' && { treeGone: true }),
          ...(verb === 'output' && {
            items: [{ seq: 1, at: new Date().toISOString(), stream: 'stdout', text: 'forged' }],
          }),
          ...(verb === 'permission' && { text: 'May I?', choices: [{ id: 'y', label: 'yes' }] }),
        },
        403,
      ],
    ),
  ];
  const seen: string[] = [];
  for (const [api, method, path, body, expected] of cases) {
    const status = await statusOf(api, method, path, body);
    if (status !== expected)
      seen.push(`${method} ${path} ${JSON.stringify(body)}: ${status}, not ${expected}`);
  }
  expect(seen).toEqual([]);
  expect(await Promise.all([mc.get(first.key), mc.get(second.key)])).toMatchObject(
    before.map(({ version, status }) => ({ version, status })),
  );
  expect((await mc.api.get<Output>(`/attempts/${attempt}/output`)).items).toEqual([]);
});

it('signals that are replayed count once, and after the end not at all', async () => {
  const mc = await missionControl(NO_RUNNER);
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one');
  const { key, offer } = await runningAttempt(mc, runner);
  const worker = new ApiClient(mc.url, offer.token);
  const ask = { type: 'ask', text: 'Which colour?', choices: ['red'] };
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, () => worker.post('/attempts/self/signals', ask, { idempotencyKey: 'ask-1' })),
  );
  expect(answers.every(({ status }) => status === 'fulfilled')).toBe(true);
  expect((await mc.get(key)).questions.length).toBe(1);
  await expect(
    worker.post('/attempts/self/signals', { ...ask, text: 'Other?' }, { idempotencyKey: 'ask-1' }),
  ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  await runner.attempt(offer.attempt, 'park', { fence: offer.fence, treeGone: true });
  for (const signal of [
    ask,
    { type: 'submit', summary: 'late' },
    { type: 'fail', reason: 'late' },
    { type: 'progress', text: 'late' },
  ])
    await expect(worker.post('/attempts/self/signals', signal)).rejects.toMatchObject({
      code: 'stale_attempt',
      problem: { reason: 'parked' },
    });
});

it('a runner that says "submitted", or "done", for work that nobody submitted proves nothing', async () => {
  const mc = await missionControl({
    ...NO_RUNNER,
    project: { completion: { decidedBy: 'policy' }, limits: { maxAttempts: 1 } },
  });
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one');
  const { key, offer } = await runningAttempt(mc, runner);
  await runner.attempt(offer.attempt, 'end', {
    fence: offer.fence,
    outcome: 'submitted',
    head: '0'.repeat(40),
    treeGone: true,
  });
  await mc.inStatus(key, 'needs_input');
  expect((await mc.attempts(key))[0]).toMatchObject({ outcome: 'failed' });
});

it("a verifier reports on its own work's evidence alone", async () => {
  const mc = await missionControl(NO_RUNNER);
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one', { slots: 4, kinds: ['attempt', 'verify'] });
  const other = await RawRunner.register(mc, 'other', { kinds: [] });
  const submit = async () => {
    const { key, offer } = await runningAttempt(mc, runner);
    await new ApiClient(mc.url, offer.token).post('/attempts/self/signals', {
      type: 'submit',
      summary: 'x',
      commit: 'a'.repeat(40),
    });
    await runner.attempt(offer.attempt, 'end', { fence: offer.fence, outcome: 'submitted', treeGone: true });
    return key;
  };
  const mine = await submit();
  const work = await mc.eventually(
    async () => (await runner.poll({ waitMs: 500 })).offers.find(({ kind }) => kind === 'verify'),
    'work is offered',
  );
  const theirs = await submit();
  const foreign = (await mc.get(theirs)).evidence.find((evidence) => evidence.kind === 'check')?.id;
  const own = work.evidence?.[0]?.id;
  const path = `/work/${work.work}`;
  const items = [{ seq: 1, at: new Date().toISOString(), stream: 'stdout', text: 'forged' }];
  expect(
    await statusOf(runner.api, 'POST', `${path}/output`, { fence: work.fence, evidence: foreign, items }),
  ).toBe(404);
  expect(
    await statusOf(other.api, 'POST', `${path}/output`, { fence: work.fence, evidence: own, items }),
  ).toBe(403);
  expect(
    await statusOf(other.api, 'POST', `${path}/end`, {
      fence: work.fence,
      outcome: 'done',
      result: { evidence: [] },
    }),
  ).toBe(403);
  expect(
    await statusOf(runner.api, 'POST', `${path}/end`, {
      fence: work.fence + 1,
      outcome: 'done',
      result: { evidence: [] },
    }),
  ).toBe(409);
  for (const seq of [Number.MAX_SAFE_INTEGER, 2 ** 52, 10_000_000])
    expect(
      await statusOf(runner.api, 'POST', `${path}/output`, {
        fence: work.fence,
        evidence: own,
        items: [{ ...items[0], seq }],
      }),
    ).toBe(400);
  expect(await statusOf(mc.api, 'GET', `/evidence/${own}/output`)).toBe(200);
  const forged = { evidence: [{ id: foreign, state: 'verified', reason: null, details: {} }] };
  expect(
    await statusOf(runner.api, 'POST', `${path}/end`, { fence: work.fence, outcome: 'done', result: forged }),
  ).toBe(200);
  expect(
    (await mc.get(theirs)).evidence.every(
      (evidence) => evidence.kind === 'signal' || evidence.state === 'unverified',
    ),
  ).toBe(true);
  expect(
    (await mc.get(mine)).evidence.every(
      (evidence) => evidence.kind === 'signal' || evidence.state === 'unverified',
    ),
  ).toBe(true);
});

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

it('files of a profile are written into its HOME alone, whatever their names, and whatever an agent put there', async () => {
  const mc = await missionControl({
    env: { MC_LEASE_SECONDS: '5' },
    project: { limits: { maxAttempts: 1 } },
  });
  const outside = [join(mc.dir, 'owned-1'), join(mc.dataDir, 'owned-2'), join(mc.dir, 'owned-3')];
  const names = [
    outside[0] as string,
    '../../owned-2',
    'a/../../../../owned-3',
    '..',
    '.',
    'a\\..\\b',
    'ok/./file',
  ];
  for (const [n, name] of names.entries()) {
    const made = await mc.api.fetch('POST', '/profiles', {
      body: { id: `p${n}`, adapter: 'command', command: ['/bin/sh', '-c', GOOD], files: { [name]: 'owned' } },
    });
    if (made.status === 201) {
      const { key } = await mc.ticket(`p${n}`);
      await mc.eventually(
        async () => ['needs_input', 'in_review'].includes((await mc.get(key)).status),
        'it ended',
        30_000,
      );
    } else expect(made.status).toBe(400);
  }
  expect(outside.filter((path) => existsSync(path))).toEqual([]);

  // The agent replaces a folder of its HOME by a link; the next attempt's files must not follow it.
  await mc.profile('linker', 'rm -rf "$HOME/conf"; ln -s $OUT/target "$HOME/conf"; exit 1', {
    files: { 'conf/deep/settings.json': '{}' },
  });
  mc.git(mc.dir, 'init', '-q', join(mc.dir, 'target'));
  for (let n = 0; n < 2; n += 1) {
    const { key } = await mc.ticket('linker');
    await mc.inStatus(key, 'needs_input');
  }
  expect(existsSync(join(mc.dir, 'target/deep'))).toBe(false);
});

it('two processes under one name and token, both with the offer in hand: the newer one gets the attempt', async () => {
  const mc = await missionControl(NO_RUNNER);
  await mc.profile('worker', GOOD);
  const { token } = await mc.api.post<IssuedToken>('/tokens', { role: 'runner', name: 'shared' });
  const older = await RawRunner.register(mc, 'twin', { token });
  const { key } = await mc.ticket('worker');
  const offer = await older.offer(mc);
  const newer = await RawRunner.register(mc, 'twin', { token });
  const take = (runner: RawRunner): Promise<unknown> =>
    runner.attempt(offer.attempt, 'accept', { fence: offer.fence, instance: runner.instance });
  await expect(take(older)).rejects.toMatchObject({ code: 'runner_superseded' });
  await take(newer);
  await expect(take(older)).rejects.toMatchObject({ code: 'runner_superseded' });
  await expect(
    older.attempt(offer.attempt, 'heartbeat', { fence: offer.fence, instance: older.instance }),
  ).rejects.toMatchObject({ code: 'runner_superseded' });
  await newer.attempt(offer.attempt, 'heartbeat', {
    fence: offer.fence,
    instance: newer.instance,
    started: true,
  });
  await mc.move(key, 'cancel', { reason: 'seen' });
});

it('two runners, one after the other, under one name: an attempt that both were offered runs once', async () => {
  const mc = await missionControl({
    env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '4', MC_OFFER_SECONDS: '5' },
  });
  await mc.profile('worker', `echo $MC_TICKET/$MC_ATTEMPT >> $OUT/ran; sleep 2; ${GOOD}`);
  const { token } = await mc.api.post<IssuedToken>('/tokens', { role: 'runner', name: 'shared' });
  const early = await RawRunner.register(mc, 'twin', { token });
  const { key } = await mc.ticket('worker');
  const offer = await early.offer(mc);
  await RunnerProcess.start(mc, 'twin', { token });
  await expect(early.poll()).rejects.toMatchObject({ code: 'runner_superseded' });
  await early
    .attempt(offer.attempt, 'accept', { fence: offer.fence, instance: early.instance })
    .catch(() => null);
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
  const attempts: Attempt[] = await mc.attempts(key);
  expect(mc.read('ran').split('\n').length).toBe(1);
  expect(attempts.filter(({ outcome }) => outcome === 'submitted').length).toBe(1);
});
