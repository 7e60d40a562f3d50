/** An orchestrator's session is held to budgets as attempts are: its profile's for each run, the day's for everything. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wakeOrchestrator } from '../../services/orchestrator.ts';
import { type Answered, type TestApp, createTestApp } from './testing/test-app.ts';

let app: TestApp;
let runner: string;
const asRunner = (path: string, body: object): Promise<Answered> =>
  app.call('POST', path, { as: 'runner', body });
const offers = async () =>
  (await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 })).body.offers;
const luci = async () => (await app.call('GET', '/orchestrators')).body.items[0];

beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['true'] } });
  await app.call('POST', '/profiles', {
    body: {
      id: 'luci',
      role: 'orchestrator',
      adapter: 'command',
      command: ['true'],
      budget: { tokens: 1000 },
    },
  });
  await app.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'MC',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { decidedBy: 'orchestrator' },
    },
  });
  const kinds = ['attempt', 'session'];
  runner = (await asRunner('/runners', { name: 'one', slots: 4, kinds, version: '1' })).body.id;
  // A question is a decision that waits for the orchestrator.
  await app.call('POST', '/tickets', { body: { project: 'MC', title: 'Work', status: 'todo' } });
  await app.dispatcher.runOnce();
  const [{ attempt, fence, token }] = await offers();
  await asRunner(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40), branch: 'mc/MC-1/1' });
  await app.call('POST', '/attempts/self/signals', { as: token, body: { type: 'ask', text: 'Which?' } });
});
afterEach(() => app.close());

const session = async () => (await offers()).find((offer: { kind: string }) => offer.kind === 'session');

it('stops a run at its profile’s budget, says so, and keeps what was used', async () => {
  expect(await wakeOrchestrator(app.deps)).toBe(true);
  const { work, fence } = await session();
  const accepted = await asRunner(`/work/${work}/accept`, { fence });
  expect(accepted.body).toMatchObject({ directive: 'continue', budget: { tokens: 1000 } });
  const beat = (usage: object) => asRunner(`/work/${work}/heartbeat`, { fence, usage });
  expect((await beat({ inputTokens: 300, outputTokens: 100 })).body).toMatchObject({ directive: 'continue' });
  expect((await beat({ inputTokens: 900, outputTokens: 100 })).body.directive).toBe('stop');
  // A figure that comes late takes nothing back.
  const usage = { inputTokens: 800, outputTokens: 100 };
  await asRunner(`/work/${work}/end`, {
    fence,
    outcome: 'unable',
    reason: 'broken off: stopped_by_control_plane',
    result: { session: 's', usage },
  });
  expect(await luci()).toMatchObject({
    state: 'idle',
    lastRun: {
      outcome: 'unable',
      detail: "budget_exhausted: the profile's budget is spent: 1000 of 1000 tokens",
    },
    cost: { inputTokens: 900, outputTokens: 100 },
  });
});

it('is not woken while the day’s budget is spent, and says so; raising it wakes it', async () => {
  await wakeOrchestrator(app.deps);
  const { work, fence } = await session();
  await asRunner(`/work/${work}/accept`, { fence });
  await asRunner(`/work/${work}/end`, {
    fence,
    outcome: 'done',
    result: { usage: { inputTokens: 400, outputTokens: 100, usd: 2 } },
  });
  const set = async (budget: object | null) => {
    const { version } = (await app.call('GET', '/policy')).body;
    const put = await app.call('PUT', '/policy', { body: { budget }, ifMatch: version });
    expect(put.status).toBe(200);
  };
  await set({ usd: 2 });
  expect(await wakeOrchestrator(app.deps)).toBe(false);
  expect(await luci()).toMatchObject({
    waiting: 1,
    whyNotRunning: { code: 'budget_exhausted', detail: "The day's budget is spent; a person can raise it." },
  });
  await set({ usd: 3 });
  expect(await wakeOrchestrator(app.deps)).toBe(true);
  const next = await session();
  expect((await asRunner(`/work/${next.work}/accept`, { fence: next.fence })).body.budget).toEqual({
    usd: 1,
    tokens: 1000,
  });
});
