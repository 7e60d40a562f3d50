/** Runners of many machines, over HTTP: whose a name is, which versions fit, draining, and commits that are handed over. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fenceRestored } from '../../services/fence-restored.ts';
import { wakeOrchestrator } from '../../services/orchestrator.ts';
import { createTestApp, type TestApp } from './testing/test-app.ts';

let t: TestApp;
let second: string;
beforeEach(async () => {
  t = await createTestApp();
  const issued = await t.call('POST', '/tokens', { body: { role: 'runner', name: 'second' } });
  second = String(issued.body.token);
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: 'true' } });
  await t.call('POST', '/projects', {
    body: { key: 'MC', name: 'MC', repository: { path: '/repo' }, defaultProfile: 'worker' },
  });
});
afterEach(() => t.close());

const register = (as: string, name: string, more: object = {}) =>
  t.call('POST', '/runners', { as, body: { name, slots: 2, version: '0.1.0', ...more } });

interface Offer {
  attempt: string;
  fence: number;
  bundles: { attempt: string }[];
}
async function pollAs(as: string, id: string): Promise<{ offers: Offer[]; drain?: string }> {
  await t.dispatcher.runOnce();
  const polled = await t.call('POST', `/runners/${id}/poll`, { as, body: { freeSlots: 2, waitMs: 0 } });
  return polled.body as never;
}
async function running(as: string, id: string): Promise<Offer> {
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Write', status: 'todo' } });
  const [offer] = (await pollAs(as, id)).offers;
  if (!offer) throw new Error('nothing is offered');
  const accepted = await t.call('POST', `/attempts/${offer.attempt}/accept`, {
    as,
    body: { fence: offer.fence },
  });
  expect(accepted.status).toBe(200);
  return offer;
}

describe('the name of a runner', () => {
  it('belongs to the token that registered it first, until an administrator frees it', async () => {
    const first = await register('runner', 'far');
    const taken = await register(second, 'far');
    expect(taken.status).toBe(409);
    expect(taken.body).toMatchObject({ code: 'runner_name_taken' });
    const again = await register('runner', 'far');
    expect(again.body.id).toBe(first.body.id);
    expect((await t.call('POST', '/runners/run_far/release', { as: 'member' })).status).toBe(403);
    expect((await t.call('POST', '/runners/run_far/release')).status).toBe(200);
    const poll = await t.call('POST', '/runners/run_far/poll', { as: 'runner', body: { freeSlots: 1 } });
    expect(poll.body).toMatchObject({ code: 'runner_superseded' });
    expect((await register(second, 'far')).status).toBe(200);
    expect((await register('runner', 'far')).body).toMatchObject({ code: 'runner_name_taken' });
  });

  it('is not free because its token was revoked', async () => {
    await register(second, 'far');
    const tokens = await t.call('GET', '/tokens');
    const { id } = (tokens.body.items as { id: string; name: string }[]).find((x) => x.name === 'second') ?? {
      id: '',
    };
    await t.call('DELETE', `/tokens/${id}`);
    expect((await register('runner', 'far')).body).toMatchObject({ code: 'runner_name_taken' });
  });
});

it('a runner that speaks a later protocol is told what to do; one that says none is of the first', async () => {
  const refused = await register('runner', 'new', { protocol: 99 });
  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'runner_version_unsupported' });
  expect(String(refused.body.detail)).toMatch(/speaks protocol 99, .* Bring the server up to date first/);
  expect((await register('runner', 'old')).status).toBe(200);
});

describe('a runner that drains', () => {
  it('is given nothing more, keeps what it has, and is given work again when it registers anew', async () => {
    await register('runner', 'far');
    const { attempt, fence } = await running('runner', 'run_far');
    const drained = await t.call('POST', '/runners/run_far/drain', {
      body: { draining: true, reason: 'update' },
    });
    expect(drained.body).toMatchObject({ state: 'draining', busy: 1 });
    await t.call('POST', '/tickets', { body: { project: 'MC', title: 'More', status: 'todo' } });
    expect(await pollAs('runner', 'run_far')).toMatchObject({ offers: [], drain: 'finish' });
    const why = await t.call('GET', '/tickets/MC-2/why');
    expect(why.body).toMatchObject({ current: { code: expect.any(String) as string } });
    const beat = await t.call('POST', `/attempts/${attempt}/heartbeat`, { as: 'runner', body: { fence } });
    expect(beat.body).toMatchObject({ directive: 'continue' });
    const [shown] = (await t.call('GET', '/runners')).body.items as { state: string }[];
    expect(shown?.state).toBe('draining');
    await t.call('POST', '/runners/run_far/drain', { body: { draining: true, handOver: true } });
    expect(await pollAs('runner', 'run_far')).toMatchObject({ drain: 'hand_over' });
    await register('runner', 'far');
    expect((await pollAs('runner', 'run_far')).offers).toHaveLength(1);
  });

  it('and says so itself is not taken for ready because what it still runs is renewed', async () => {
    await register('runner', 'far');
    const { attempt, fence } = await running('runner', 'run_far');
    await t.call('POST', '/runners/run_far/poll', { as: 'runner', body: { freeSlots: 0, draining: true } });
    await t.call('POST', `/attempts/${attempt}/heartbeat`, { as: 'runner', body: { fence } });
    const [shown] = (await t.call('GET', '/runners')).body.items as { state: string }[];
    expect(shown?.state).toBe('draining');
  });
});

it('an orchestrator whose run was copied is woken anew after a restore', async () => {
  await t.call('POST', '/profiles', {
    body: { id: 'orc', adapter: 'claude', command: 'true', role: 'orchestrator' },
  });
  await t.call('POST', '/projects', {
    body: {
      key: 'OR',
      name: 'OR',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { decidedBy: 'orchestrator' },
    },
  });
  await register('runner', 'far', { kinds: ['attempt', 'session'] });
  await t.call('POST', '/tickets', { body: { project: 'OR', title: 'Decide', status: 'todo' } });
  const [offer] = (await pollAs('runner', 'run_far')).offers;
  await t.call('POST', `/attempts/${offer?.attempt}/accept`, { as: 'runner', body: { fence: offer?.fence } });
  const token = (offer as unknown as { token: string }).token;
  await t.call('POST', '/attempts/self/signals', { as: token, body: { type: 'ask', text: 'Which?' } });
  const isWoken = await wakeOrchestrator(t.deps);
  expect(isWoken).toBe(true);
  expect(await wakeOrchestrator(t.deps)).toBe(false);
  await fenceRestored(t.deps, { how: 'restored', from: { seq: 1, hash: 'x' }, copiedAt: 0 });
  const sessions = await t.deps.store.documents<{ run: unknown }>('session');
  expect(sessions.map(({ run }) => run)).toEqual([null]);
  // What it was asked still waits.
  expect(await wakeOrchestrator(t.deps)).toBe(true);
});

describe('commits that are handed over', () => {
  const head = 'a'.repeat(40);
  const send = (as: string, attempt: string, fence: number, content: string, query = '') =>
    t.call('POST', `/attempts/${attempt}/bundle?fence=${fence}&head=${head}${query}`, {
      as,
      raw: content,
      headers: { 'content-type': 'application/octet-stream' },
    });

  it('are taken from the runner of the attempt alone, up to a size, and never of a run that has not been', async () => {
    await register('runner', 'far');
    await register(second, 'near');
    const { attempt, fence } = await running('runner', 'run_far');
    expect((await send('runner', attempt, fence, 'commits')).status).toBe(200);
    expect((await send(second, attempt, fence, 'commits')).status).toBe(403);
    expect((await send('runner', attempt, fence + 1, 'commits')).body).toMatchObject({
      code: 'stale_attempt',
    });
    expect((await send('runner', attempt, fence, 'x'.repeat(10_001))).status).toBe(413);
    expect((await send('runner', attempt, fence, 'x', '&wip=nonsense')).status).toBe(400);
    const bytes = { 'content-type': 'application/octet-stream' };
    expect((await t.call('POST', '/tickets', { raw: 'x', headers: bytes })).status).toBe(415);
  });

  it('are given to a runner that has work on them, and to nobody else', async () => {
    await register('runner', 'far');
    await register(second, 'near');
    const { attempt, fence } = await running('runner', 'run_far');
    await send('runner', attempt, fence, 'commits');
    const path = `/attempts/${attempt}/bundle`;
    expect((await t.call('GET', path, { as: second })).status).toBe(403);
    expect((await t.call('GET', path, { as: 'admin' })).status).toBe(403);
    const end = { fence, outcome: 'stopped', reason: 'runner_stopped', treeGone: true, head };
    await t.call('POST', `/attempts/${attempt}/end`, { as: 'runner', body: end });
    await t.call('POST', '/runners/run_far/drain', { body: { draining: true } });
    t.advance(60_000);
    await t.call('POST', '/runners/run_near/poll', { as: second, body: { freeSlots: 2 } });
    const [next] = (await pollAs(second, 'run_near')).offers;
    expect(next?.bundles).toMatchObject([{ attempt, number: 1, head, size: 7 }]);
    expect(await t.call('GET', path, { as: second })).toMatchObject({ status: 200, body: 'commits' });
  });

  it('are not said to be in the repository by mistake, and a repeated key means the same bytes', async () => {
    await register('runner', 'far');
    const { attempt, fence } = await running('runner', 'run_far');
    await send('runner', attempt, fence, 'commits');
    const path = `/attempts/${attempt}/bundle`;
    const wrong = await t.call('POST', `${path}?fence=${fence}&head=${head}`, { as: 'runner', body: {} });
    expect(wrong).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    expect(await t.call('GET', path, { as: 'runner' })).toMatchObject({ status: 200, body: 'commits' });
    const keyed = (content: string, headers = {}) =>
      t.call('POST', `${path}?fence=${fence}&head=${head}`, {
        as: 'runner',
        raw: content,
        key: 'again',
        headers: { 'content-type': 'application/octet-stream', ...headers },
      });
    expect((await keyed('more')).status).toBe(200);
    expect((await keyed('more')).status).toBe(200);
    expect((await keyed('other')).body).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('take no artifact with them, though one has the same content', async () => {
    await register('runner', 'far');
    const { attempt, fence } = await running('runner', 'run_far');
    const artifact = await t.deps.artifacts.put(Buffer.from('PASS'));
    await send('runner', attempt, fence, 'PASS');
    await send('runner', attempt, fence, 'something else');
    expect(await t.deps.artifacts.read(artifact)).not.toBeNull();
    expect(await t.deps.artifacts.list()).toHaveLength(2);
  });

  it('of an earlier run take nothing back on the machine that went on from there; elsewhere they are all there is', async () => {
    await register('runner', 'far');
    await register(second, 'near');
    const { attempt, fence, token } = (await running('runner', 'run_far')) as Offer & { token: string };
    await send('runner', attempt, fence, 'as far as the question');
    await t.call('POST', '/attempts/self/signals', { as: token, body: { type: 'ask', text: 'Which?' } });
    await t.call('POST', `/attempts/${attempt}/park`, { as: 'runner', body: { fence, treeGone: true } });
    const question = (await t.call('GET', '/tickets/MC-1')).body.questions[0].id;
    await t.call('POST', `/tickets/MC-1/questions/${question}/answer`, { body: { text: 'This one.' } });
    const [resumed] = (await pollAs('runner', 'run_far')).offers;
    expect(resumed).toMatchObject({ attempt, fence: fence + 1 });
    await t.call('POST', `/attempts/${attempt}/accept`, { as: 'runner', body: { fence: fence + 1 } });
    // Its last run ends without a bundle of its own.
    const end = { fence: fence + 1, outcome: 'stopped', reason: 'runner_stopped', treeGone: true, head };
    await t.call('POST', `/attempts/${attempt}/end`, { as: 'runner', body: end });
    t.advance(60_000);
    await t.call('POST', '/runners/run_far/poll', { as: 'runner', body: { freeSlots: 2 } });
    const [here] = (await pollAs('runner', 'run_far')).offers;
    expect(here).toMatchObject({ number: 2, bundles: [] });
    await t.call('POST', '/runners/run_far/drain', { body: { draining: true } });
    const decline = { fence: here?.fence, outcome: 'declined', treeGone: true };
    const declined = await t.call('POST', `/attempts/${here?.attempt}/end`, { as: 'runner', body: decline });
    expect(declined).toMatchObject({ status: 200 });
    t.advance(60_000);
    await t.call('POST', '/runners/run_near/poll', { as: second, body: { freeSlots: 2 } });
    const [elsewhere] = (await pollAs(second, 'run_near')).offers;
    expect(elsewhere?.bundles).toMatchObject([{ attempt, number: 1, head }]);
  });

  it('that come late, from a run before, are not kept, nor is what is in them', async () => {
    await register('runner', 'far');
    const { attempt, fence, token } = (await running('runner', 'run_far')) as Offer & { token: string };
    await t.call('POST', '/attempts/self/signals', { as: token, body: { type: 'ask', text: 'Which?' } });
    await t.call('POST', `/attempts/${attempt}/park`, { as: 'runner', body: { fence, treeGone: true } });
    const question = (await t.call('GET', '/tickets/MC-1')).body.questions[0].id;
    await t.call('POST', `/tickets/MC-1/questions/${question}/answer`, { body: { text: 'This one.' } });
    await pollAs('runner', 'run_far');
    await t.call('POST', `/attempts/${attempt}/accept`, { as: 'runner', body: { fence: fence + 1 } });
    await send('runner', attempt, fence + 1, 'the whole');
    const kept = await t.deps.artifacts.list();
    expect((await send('runner', attempt, fence, 'as far as the question')).status).toBe(200);
    expect(await t.deps.artifacts.list()).toEqual(kept);
    const bundle = await t.deps.store.bundle(attempt);
    expect(bundle).toMatchObject({ fence: fence + 1, size: 'the whole'.length });
  });
});

describe('a poll', () => {
  const poll = (known: object) =>
    t.call('POST', '/runners/run_far/poll', { as: 'runner', body: { freeSlots: 2, waitMs: 30_000, known } });

  it('is held while all that there is to say is known, and then says all of it', async () => {
    await register('runner', 'far');
    const first = await running('runner', 'run_far');
    await t.call('POST', `/attempts/${first.attempt}/end`, {
      as: 'runner',
      body: { fence: first.fence, outcome: 'stopped', reason: 'x', treeGone: false },
    });
    await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Write more', status: 'todo' } });
    const [offer] = (await pollAs('runner', 'run_far')).offers;
    if (!offer) throw new Error('nothing is offered');
    const offers = [{ id: offer.attempt, fence: offer.fence }];
    const stop = [first.attempt];
    const told = { offers: [expect.objectContaining({ attempt: offer.attempt })], stop };
    expect((await poll({ offers: [], stop })).body).toMatchObject(told);
    expect(
      (await poll({ offers: [{ id: offer.attempt, fence: offer.fence - 1 }], stop })).body,
    ).toMatchObject(told);
    expect((await poll({ offers, stop: [] })).body).toMatchObject(told);
    const held = poll({ offers, stop });
    const again = await t.call('POST', '/runners/run_far/drain', { body: { draining: true } });
    expect(again.status).toBe(200);
    expect((await held).body).toMatchObject({ stop, drain: 'finish' });
  });
});
