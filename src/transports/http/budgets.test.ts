/** Budgets are held while an attempt runs, by what its runner reports; what was used is never lost with it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reaper } from '../../loops/reaper.ts';
import { attemptToken } from '../../services/access.ts';
import { verifyState } from '../../services/verify.ts';
import { type Answered, type TestApp, createTestApp } from './testing/test-app.ts';

let app: TestApp;
let runner: string;
const asRunner = (path: string, body: object): Promise<Answered> =>
  app.call('POST', path, { as: 'runner', body });

beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/profiles', {
    body: { id: 'worker', adapter: 'command', command: ['true'], budget: { tokens: 1000 } },
  });
  await app.call('POST', '/projects', {
    body: { key: 'MC', name: 'MC', repository: { path: '/repo' }, defaultProfile: 'worker' },
  });
  runner = (await asRunner('/runners', { name: 'one', slots: 4, labels: [], version: '1' })).body.id;
});
afterEach(async () => {
  const { invariants } = await verifyState(app.deps);
  expect(invariants.flatMap((invariant) => invariant.violations)).toEqual([]);
  await app.close();
});

interface Running {
  key: string;
  attempt: string;
  fence: number;
  beat(usage: object): Promise<Answered>;
}
async function start(fields: object = {}): Promise<Running> {
  const created = await app.call('POST', '/tickets', {
    body: { project: 'MC', title: 'Work', status: 'todo', ...fields },
  });
  return take(created.body.key);
}
async function take(key: string): Promise<Running> {
  await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 });
  await app.dispatcher.runOnce();
  const { offers } = (await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 })).body;
  const { attempt, fence } = offers.find((offer: { ticket: string }) => offer.ticket === key);
  await asRunner(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40), branch: `mc/${key}/1` });
  return {
    key,
    attempt,
    fence,
    beat: (usage) => asRunner(`/attempts/${attempt}/heartbeat`, { fence, usage }),
  };
}
const ticket = async (key: string) => (await app.call('GET', `/tickets/${key}`)).body;
const attempt = async (id: string) => (await app.call('GET', `/attempts/${id}`)).body;

describe('a budget that is met while an attempt runs', () => {
  it('of the attempt itself fails it; until then the runner hears how far it may go', async () => {
    const run = await start();
    expect((await run.beat({ inputTokens: 300, outputTokens: 100 })).body).toMatchObject({
      directive: 'continue',
      budget: { tokens: 1000 },
    });
    expect((await run.beat({ inputTokens: 900, outputTokens: 100 })).body.directive).toBe('stop');
    expect(await attempt(run.attempt)).toMatchObject({ outcome: 'failed', reason: 'budget_exhausted' });
    await asRunner(`/attempts/${run.attempt}/end`, {
      fence: run.fence,
      outcome: 'failed',
      usage: { inputTokens: 950, outputTokens: 120 },
      treeGone: true,
    });
    expect(await attempt(run.attempt)).toMatchObject({
      state: 'ended',
      cost: { inputTokens: 950, outputTokens: 120 },
    });
    expect(await ticket(run.key)).toMatchObject({ status: 'todo' });
  });

  it('of the ticket asks what to do, counting earlier attempts, and goes on when it is raised', async () => {
    const run = await start({ budget: { usd: 1 } });
    await asRunner(`/attempts/${run.attempt}/end`, {
      fence: run.fence,
      outcome: 'failed',
      usage: { usd: 0.6 },
      treeGone: true,
    });
    app.advance(120_000);
    const second = await take(run.key);
    expect((await second.beat({ usd: 0.3 })).body.budget.usd).toBeCloseTo(0.4);
    // A renewal that comes late says the same.
    expect((await second.beat({ usd: 0.1 })).body.budget.usd).toBeCloseTo(0.4);
    expect((await second.beat({ usd: 0.41 })).body.directive).toBe('stop');
    const asking = await ticket(run.key);
    expect(asking).toMatchObject({ status: 'needs_input', questions: [{ kind: 'attempts_exhausted' }] });
    expect(asking.questions[0].text).toContain("the ticket's budget is spent: 1.01 of 1.00 USD");
    await asRunner(`/attempts/${second.attempt}/end`, {
      fence: second.fence,
      outcome: 'stopped',
      treeGone: true,
    });
    const item = (await app.call('GET', '/inbox')).body.items.find(
      (i: { ticket: string }) => i.ticket === run.key,
    );
    await app.call('POST', `/inbox/${item.id}/act`, {
      body: { decision: 'retry', reason: 'worth it', budget: { usd: 5 } },
    });
    const third = await take(run.key);
    expect((await third.beat({ usd: 0.1 })).body.directive).toBe('continue');
  });

  it.each([
    ['project', () => app.call('PATCH', '/projects/MC', { body: { budget: { usd: 2 } } })],
    ['day', () => app.call('PUT', '/policy', { body: { budget: { usd: 2 } } })],
  ] as const)(
    'of the %s stops what runs, at no retry, and starts nothing more until tomorrow',
    async (_, set) => {
      await set();
      const one = await start();
      const two = await start();
      expect((await one.beat({ usd: 1.5 })).body.directive).toBe('continue');
      // What others spend counts while they spend it.
      expect((await two.beat({ usd: 0.6 })).body.directive).toBe('stop');
      expect(await ticket(two.key)).toMatchObject({ status: 'todo' });
      expect(await attempt(two.attempt)).toMatchObject({ outcome: 'stopped', reason: 'budget_exhausted' });
      await asRunner(`/attempts/${two.attempt}/end`, {
        fence: two.fence,
        outcome: 'stopped',
        treeGone: true,
      });
      app.advance(120_000);
      await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 });
      await app.dispatcher.runOnce();
      expect((await ticket(two.key)).whyNotRunning.code).toBe('budget_exhausted');
      await asRunner(`/attempts/${one.attempt}/end`, { fence: one.fence, outcome: 'failed', treeGone: true });
      app.advance(13 * 3_600_000);
      await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 });
      await app.dispatcher.runOnce();
      expect((await ticket(two.key)).status).toBe('in_progress');
    },
  );
});

describe('what an attempt used', () => {
  it('is on record when its runner is never heard of again', async () => {
    const run = await start();
    await run.beat({ usd: 0.25, inputTokens: 500 });
    app.advance(60_000);
    let steady = 0;
    const reaper = new Reaper(app.deps, () => steady);
    steady = 120_000;
    await reaper.runOnce(1e9);
    expect(await attempt(run.attempt)).toMatchObject({
      outcome: 'lost',
      cost: { usd: 0.25, inputTokens: 500 },
    });
  });

  it('never shrinks when reports come late, and adds up over park and resume', async () => {
    const run = await start();
    await run.beat({ inputTokens: 400 });
    await run.beat({ inputTokens: 300 });
    const token = attemptToken(app.deps, run.attempt, run.fence);
    await app.call('POST', `/attempts/${run.attempt}/signals`, {
      as: token,
      body: { type: 'ask', text: '?' },
    });
    await asRunner(`/attempts/${run.attempt}/park`, { fence: run.fence, session: 's', treeGone: true });
    expect((await attempt(run.attempt)).cost.inputTokens).toBe(400);
    const { questions } = await ticket(run.key);
    await app.call('POST', `/tickets/${run.key}/questions/${questions[0].id}/answer`, {
      body: { text: '!' },
    });
    const again = await take(run.key);
    expect(again.attempt).toBe(run.attempt);
    expect((await again.beat({ inputTokens: 50 })).body.budget.tokens).toBe(600);
    expect((await again.beat({ inputTokens: 600 })).body.directive).toBe('stop');
    await asRunner(`/attempts/${run.attempt}/end`, { fence: again.fence, outcome: 'failed', treeGone: true });
    expect((await attempt(run.attempt)).cost.inputTokens).toBe(1000);
  });
});

it('a provider that refuses for a time is shown on the profile until then, and costs no retry', async () => {
  const run = await start();
  await asRunner(`/attempts/${run.attempt}/end`, {
    fence: run.fence,
    outcome: 'rate_limited',
    reason: 'provider_rate_limited',
    notBefore: '2026-11-22T13:00:00.000Z',
    treeGone: true,
  });
  expect(await ticket(run.key)).toMatchObject({ status: 'todo', notBefore: '2026-11-22T13:00:00.000Z' });
  const profile = async () => (await app.call('GET', '/profiles/worker')).body.rateLimitedUntil;
  expect(await profile()).toBe('2026-11-22T13:00:00.000Z');
  expect((await app.call('GET', '/profiles')).body.items[0].rateLimitedUntil).toBe(
    '2026-11-22T13:00:00.000Z',
  );
  app.advance(2 * 3_600_000);
  expect(await profile()).toBeNull();
});
