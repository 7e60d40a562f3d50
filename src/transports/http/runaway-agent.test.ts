/** An agent that never stops talking fills no disk, and takes the server from nobody. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
let token: string;
beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: { key: 'MC', name: 'm', repository: { path: '/repo' }, defaultProfile: 'worker' },
  });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  const as = 'runner';
  const { body: runner } = await t.call('POST', '/runners', {
    as,
    body: { name: 'r', slots: 1, version: '1' },
  });
  await t.dispatcher.runOnce();
  const polled = await t.call('POST', `/runners/${runner.id}/poll`, { as, body: { freeSlots: 1 } });
  const [offer] = polled.body.offers;
  await t.call('POST', `/attempts/${offer.attempt}/accept`, { as, body: { fence: offer.fence } });
  token = offer.token;
});
afterEach(() => t.close());

const signal = (body: object) => t.call('POST', '/attempts/self/signals', { as: token, body });

it('is told to wait once it has made ten seconds’ worth of requests, and is heard again; others notice nothing', async () => {
  let heard = 0;
  let told: Awaited<ReturnType<typeof signal>> | null = null;
  for (let n = 0; n < 1000 && told === null; n += 1) {
    const answer = await signal({ type: 'progress', text: `still here ${n}` });
    if (answer.status === 429) told = answer;
    else heard += 1;
  }
  expect(told).toMatchObject({ body: { code: 'rate_limited', retryable: true } });
  expect(told?.headers['retry-after']).toBe('1');
  expect(heard).toBeGreaterThanOrEqual(200);
  expect((await t.call('GET', '/tickets/MC-1')).status).toBe(200);
  let again = 429;
  while (again === 429) again = (await signal({ type: 'progress', text: 'calmer' })).status;
  expect(again).toBe(200);
});

it('claims at most a hundred things', async () => {
  const claim = (n: number) =>
    signal({ type: 'evidence', kind: 'commit', commit: n.toString(16).padStart(40, '0') });
  for (let n = 1; n <= 100; n += 1) expect((await claim(n)).status).toBe(200);
  const refused = await claim(101);
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(refused.body.detail).toContain('100');
  // What is said again is no other claim.
  expect((await claim(7)).status).toBe(200);
});

it('asks at most twenty questions before it stops', async () => {
  for (let n = 1; n <= 20; n += 1)
    expect((await signal({ type: 'ask', text: `Question ${n}?` })).status).toBe(200);
  const refused = await signal({ type: 'ask', text: 'One more?' });
  expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect((await t.call('GET', '/tickets/MC-1')).body.questions).toHaveLength(20);
});
