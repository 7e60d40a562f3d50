/** What is wrong is refused in words that say what to do, and changes nothing: the log has the same head as before. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
let attempt: { id: string; fence: number; token: string };
let runner: string;
const as = 'runner';
beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'Mission Control',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { decidedBy: 'orchestrator', requires: ['signal'] },
    },
  });
  runner = (await t.call('POST', '/runners', { as, body: { name: 'r', slots: 1, version: '1' } })).body.id;
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  await t.dispatcher.runOnce();
  const poll = await t.call('POST', `/runners/${runner}/poll`, { as, body: { freeSlots: 1, waitMs: 0 } });
  const [offer] = poll.body.offers;
  attempt = { id: offer.attempt, fence: offer.fence, token: offer.token };
  await t.call('POST', `/attempts/${attempt.id}/accept`, {
    as,
    body: { fence: attempt.fence, base: 'b'.repeat(40) },
  });
  await t.call('POST', '/attempts/self/signals', {
    as: attempt.token,
    body: { type: 'ask', text: 'Left or right?', choices: ['left', 'right'] },
  });
});
afterEach(() => t.close());

/** Refused with this code, with advice, and with nothing written. */
async function isRefused(call: () => Promise<Answered>, status: number, code: string): Promise<Answered> {
  const before = await t.deps.store.head();
  const answer = await call();
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.body.advice.length).toBeGreaterThan(10);
  expect(await t.deps.store.head()).toEqual(before);
  return answer;
}
const lease = async (seconds: number) => {
  const body = { consumer: 'luci', max: 1, seconds };
  return (await t.call('POST', '/inbox/lease', { as: 'orchestrator', body })).body.items[0];
};
const act = (item: { id: string }, body: object) => () =>
  t.call('POST', `/inbox/${item.id}/act`, { as: 'orchestrator', body });
const ticket = async () => (await t.call('GET', '/tickets/MC-1')).body;

describe('an inbox result', () => {
  it('that does not fit its kind is refused, and the item stays delivered', async () => {
    const item = await lease(60);
    const { deliveryId } = item;
    const about = { deliveryId, reason: 'looked' };
    await isRefused(act(item, { ...about, decision: 'accept' }), 422, 'decision_not_allowed');
    await isRefused(act(item, { ...about, decision: 'answer' }), 400, 'invalid_request');
    await isRefused(act(item, { ...about, decision: 'answer', choice: 'up' }), 400, 'invalid_request');
    await isRefused(act(item, { deliveryId, decision: 'answer', text: 'left' }), 400, 'invalid_request');
    await isRefused(act(item, { ...about, decision: 'shrug' }), 400, 'invalid_request');
    expect((await t.call('GET', '/inbox')).body.items[0]).toMatchObject({ state: 'delivered', result: null });
  });

  it('under a delivery that is over, or that never was, is refused', async () => {
    const item = await lease(5);
    t.advance(6000);
    const answer = { decision: 'answer', text: 'left', reason: 'it says so' };
    await isRefused(act(item, { ...answer, deliveryId: item.deliveryId }), 409, 'delivery_expired');
    await isRefused(act(item, { ...answer, deliveryId: 'dlv_of_somebody_else' }), 409, 'delivery_expired');
    expect((await ticket()).status).toBe('needs_input');
  });

  it('on an item that somebody has settled is refused with what they said', async () => {
    const item = await lease(60);
    const [question] = (await ticket()).questions;
    await t.call('POST', `/tickets/MC-1/questions/${question.id}/answer`, { body: { choice: 'left' } });
    const late = { decision: 'answer', text: 'right', reason: 'late', deliveryId: item.deliveryId };
    const { body } = await isRefused(act(item, late), 409, 'already_acted');
    expect(JSON.stringify(body)).toContain('answer');
  });
});

it('a second answer to a question is refused', async () => {
  const [question] = (await ticket()).questions;
  const answer = (body: object) => () =>
    t.call('POST', `/tickets/MC-1/questions/${question.id}/answer`, { body });
  await isRefused(answer({}), 400, 'invalid_request');
  await isRefused(answer({ choice: 'up' }), 400, 'invalid_request');
  expect((await answer({ choice: 'left' })()).status).toBe(200);
  await isRefused(answer({ choice: 'right' }), 409, 'already_answered');
});

it('a waiver without a reason, without an expiry, or that is over already is refused', async () => {
  await t.call('POST', '/tickets', {
    body: { project: 'MC', title: 'Mine', status: 'todo', assignee: 'the-admin' },
  });
  const body = { transition: 'hand_in', summary: 'done by hand' };
  expect((await t.call('POST', '/tickets/MC-2/transitions', { body, ifMatch: 1 })).status).toBe(200);
  const waive = (given: object) => () => t.call('POST', '/tickets/MC-2/waivers', { body: given });
  const expiresAt = '2026-12-01T00:00:00.000Z';
  await isRefused(waive({ kind: 'signal', reason: 'known' }), 400, 'invalid_request');
  await isRefused(waive({ kind: 'signal', expiresAt }), 400, 'invalid_request');
  await isRefused(waive({ kind: 'vibes', reason: 'x', expiresAt }), 400, 'invalid_request');
  await isRefused(
    waive({ kind: 'signal', reason: 'known', expiresAt: '2020-01-01T00:00:00.000Z' }),
    400,
    'invalid_request',
  );
  await isRefused(
    () =>
      t.call('POST', '/tickets/MC-2/waivers', {
        as: 'orchestrator',
        body: { kind: 'signal', reason: 'x', expiresAt },
      }),
    403,
    'forbidden',
  );
});

it('a cron line that never fires, and one that is none, are refused', async () => {
  const schedule = (cron: string) => () =>
    t.call('POST', '/schedules', { body: { project: 'MC', cron, ticket: { title: 'Again' } } });
  await isRefused(schedule('0 0 30 2 *'), 422, 'invalid_cron');
  await isRefused(schedule('every day'), 422, 'invalid_cron');
});

it('a ticket that would wait for itself, directly or around others, is refused', async () => {
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Two', blockedBy: ['MC-1'] } });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Three', blockedBy: ['MC-2'] } });
  const block = (key: string, by: string, ifMatch: number) => () =>
    t.call('PATCH', `/tickets/${key}`, { body: { blockedBy: [by] }, ifMatch });
  const one = await ticket();
  await isRefused(block('MC-1', 'MC-3', one.version), 422, 'dependency_cycle');
  await isRefused(block('MC-1', 'MC-1', one.version), 422, 'dependency_cycle');
  await isRefused(block('MC-3', 'MC-99', 1), 422, 'reference_not_found');
});
