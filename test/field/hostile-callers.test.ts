/** Runners, workers and clients that mean harm, through the API: refused, never a 5xx, nothing half written. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import type { Attempt, IssuedToken, Output } from '../../src/contract/shapes.ts';
import {
  GOOD,
  missionControl,
  NO_RUNNER,
  RawRunner,
  RunnerProcess,
  runningAttempt,
  statusOf,
} from './support/field.ts';

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

it('files of a profile are written into its HOME alone, whatever their names, and whatever an agent put there', async () => {
  const mc = await missionControl({
    env: { MC_LEASE_SECONDS: '5' },
    project: { limits: { maxAttempts: 1 } },
  });
  const outside = [join(mc.dir, 'owned-1'), join(mc.dataDir, 'owned-2'), join(mc.dir, 'owned-3')];
  const names = [
    join(mc.dir, 'owned-1'),
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
