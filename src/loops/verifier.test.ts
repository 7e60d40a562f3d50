/** The verifier's loop: what has no runner to look at it does not wait for ever. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from '../transports/http/testing/test-app.ts';
import { runVerifier } from './verifier.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
});
afterEach(() => t.close());

/** A ticket whose work is handed in, with a commit to look at; and its runner, which polls. */
async function handedIn() {
  const as = 'runner';
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'MC',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { decidedBy: 'policy' },
    },
  });
  const runner = await t.call('POST', '/runners', { as, body: { name: 'r', slots: 1, version: '1' } });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  await t.dispatcher.runOnce();
  const poll = async () =>
    (await t.call('POST', `/runners/${runner.body.id}/poll`, { as, body: { freeSlots: 1, waitMs: 0 } })).body
      .offers;
  const [offer] = await poll();
  const report = (verb: string, body: object) =>
    t.call('POST', `/attempts/${offer.attempt}/${verb}`, { as, body: { fence: offer.fence, ...body } });
  await report('accept', { base: 'b'.repeat(40) });
  await t.call('POST', '/attempts/self/signals', {
    as: offer.token,
    body: { type: 'submit', summary: 'x', commit: 'c'.repeat(40) },
  });
  await report('end', { outcome: 'submitted', treeGone: true });
  return { poll, attempt: offer.attempt as string };
}

const findNothingWrong = (offer: { work: string; fence: number; evidence: { id: string }[] }) =>
  t.call('POST', `/work/${offer.work}/end`, {
    as: 'runner',
    body: {
      fence: offer.fence,
      outcome: 'done',
      result: {
        evidence: offer.evidence.map(({ id }) => ({ id, state: 'verified', reason: null, details: {} })),
      },
    },
  });

it('makes no second work for what is looked at while it looks', async () => {
  const { poll, attempt } = await handedIn();
  await runVerifier(t.deps);
  const [offer] = await poll();
  const { store } = t.deps;
  // The report comes between what the verifier reads of the ticket and what it reads of the work.
  t.deps.store = {
    ...store,
    workOfAttempt: async (id) => {
      t.deps.store = store;
      await findNothingWrong(offer);
      return store.workOfAttempt(id);
    },
  };
  await runVerifier(t.deps);
  expect(await t.deps.store.workOfAttempt(attempt)).toEqual([]);
});

it('ends work that nothing is due for any more, so that nobody waits behind it', async () => {
  const { poll, attempt } = await handedIn();
  await runVerifier(t.deps);
  const { version } = (await t.call('GET', '/tickets/MC-1')).body;
  await t.call('POST', '/tickets/MC-1/transitions', { body: { transition: 'cancel' }, ifMatch: version });
  expect((await t.call('GET', '/tickets/MC-1')).body.status).toBe('cancelled');
  expect(await poll()).toEqual([]);
  expect(await t.deps.store.workOfAttempt(attempt)).toEqual([]);
});

it('asks a person once the runner that has the commits has been silent for too long, again and again', async () => {
  await handedIn();
  const commit = async () =>
    (await t.call('GET', '/tickets/MC-1')).body.evidence.find((e: { kind: string }) => e.kind === 'commit');

  await runVerifier(t.deps);
  t.advance(9 * 60_000);
  await runVerifier(t.deps);
  expect(await commit()).toMatchObject({ state: 'unverified', reason: null });
  t.advance(2 * 60_000);
  for (let i = 0; i < 12; i += 1) {
    await runVerifier(t.deps);
    t.advance(120_000);
  }
  expect(await commit()).toMatchObject({ state: 'unverified' });
  expect((await commit()).reason).toContain('is not connected');
  const ticket = (await t.call('GET', '/tickets/MC-1')).body;
  expect([ticket.status, ticket.runtime, ticket.nextAction]).toEqual([
    'in_review',
    'idle',
    { text: 'Decide the review', actor: 'a person' },
  ]);
});
