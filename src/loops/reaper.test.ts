/** The silence that a server hears after its own absence is its own. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from '../transports/http/testing/test-app.ts';
import { Reaper } from './reaper.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
});
afterEach(() => t.close());

async function parked(): Promise<() => Promise<string>> {
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  const project = { key: 'MC', name: 'm', repository: { path: '/repo' }, defaultProfile: 'worker' };
  await t.call('POST', '/projects', { body: project });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  const as = 'runner';
  const runner = await t.call('POST', '/runners', { as, body: { name: 'r', slots: 1, version: '1' } });
  await t.dispatcher.runOnce();
  const polled = await t.call('POST', `/runners/${runner.body.id}/poll`, { as, body: { freeSlots: 1 } });
  const [offer] = polled.body.offers;
  const { fence } = offer;
  await t.call('POST', `/attempts/${offer.attempt}/accept`, { as, body: { fence } });
  await t.call('POST', '/attempts/self/signals', { as: offer.token, body: { type: 'ask', text: 'Which?' } });
  await t.call('POST', `/attempts/${offer.attempt}/park`, { as, body: { fence, treeGone: true } });
  return async () => (await t.call('GET', `/attempts/${offer.attempt}`)).body.state;
}

it('gives a parked attempt up after ten minutes of silence, not at once after its own restart', async () => {
  const state = await parked();
  t.advance(11 * 60_000);
  let monotonic = 0;
  const reaper = new Reaper(t.deps, () => monotonic);
  await reaper.runOnce(1000);
  expect(await state()).toBe('parked');
  monotonic += 30_000;
  await reaper.runOnce(30_000);
  expect(await state()).toBe('ended');
});

it('waits too after the machine slept, which only the clock on the wall tells', async () => {
  const state = await parked();
  let monotonic = 0;
  const reaper = new Reaper(t.deps, () => monotonic);
  monotonic += 30_000;
  t.advance(30_000);
  await reaper.runOnce(30_000);
  t.advance(8 * 3_600_000);
  monotonic += 1000;
  await reaper.runOnce(1000);
  expect(await state()).toBe('parked');
});

it('offers nothing more to a runner that let an offer run out without asking again, while another is there', async () => {
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  const project = {
    key: 'MC',
    name: 'm',
    repository: { path: '/repo' },
    defaultProfile: 'worker',
    limits: { backoffSeconds: 0 },
  };
  await t.call('POST', '/projects', { body: project });
  const register = async (name: string): Promise<string> => {
    const made = await t.call('POST', '/runners', { as: 'runner', body: { name, slots: 9, version: '1' } });
    return made.body.id;
  };
  const dead = await register('a');
  const { body: ticket } = await t.call('POST', '/tickets', {
    body: { project: 'MC', title: 'One', status: 'todo' },
  });
  const last = async (key = ticket.key): Promise<{ runner: string; outcome: string | null }> =>
    (await t.call('GET', `/tickets/${key}/attempts`)).body.items.at(-1);
  await t.dispatcher.runOnce();
  expect(await last()).toMatchObject({ runner: dead, state: 'offered' });
  const other = await register('b');
  let monotonic = 0;
  const reaper = new Reaper(t.deps, () => monotonic);
  monotonic += t.deps.timing.leaseMs;
  await reaper.runOnce(t.deps.timing.leaseMs);
  t.advance(t.deps.timing.offerMs + 1);
  await reaper.runOnce(1000);
  expect(await last()).toMatchObject({ runner: dead, outcome: 'declined' });
  await t.call('POST', `/runners/${other}/poll`, { as: 'runner', body: { freeSlots: 9 } });
  await t.dispatcher.runOnce();
  expect(await last()).toMatchObject({ runner: other, state: 'offered' });
  // Once it asks again, it is one of them as before.
  await t.call('POST', `/runners/${dead}/poll`, { as: 'runner', body: { freeSlots: 9 } });
  const { body: second } = await t.call('POST', '/tickets', {
    body: { project: 'MC', title: 'Two', status: 'todo' },
  });
  await t.dispatcher.runOnce();
  expect(await last(second.key)).toMatchObject({ runner: dead, state: 'offered' });
});
