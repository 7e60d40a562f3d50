/** Another look at evidence that is asked for while a look is under way. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runVerifier } from '../../loops/verifier.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
});
afterEach(() => t.close());

const report = (path: string, body: object) => t.call('POST', path, { as: 'runner', body });

it('comes after it, and is not taken for one that found nothing', async () => {
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'Mission Control',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      checks: [{ name: 'test', command: ['test'] }],
      completion: { requires: ['signal', 'commit', 'check'], checks: ['test'] },
    },
  });
  const runner = (await report('/runners', { name: 'r', slots: 1, version: '1' })).body.id;
  const poll = async () =>
    (await report(`/runners/${runner}/poll`, { freeSlots: 1, waitMs: 0 })).body.offers[0];
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  await t.dispatcher.runOnce();
  const { attempt, fence, token } = await poll();
  await report(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40) });
  await t.call('POST', '/attempts/self/signals', {
    as: token,
    body: { type: 'submit', summary: 'done', commit: 'c'.repeat(40) },
  });
  await report(`/attempts/${attempt}/end`, { fence, outcome: 'submitted', treeGone: true });

  type Offer = { work: string; fence: number; evidence: { id: string; kind: string }[] };
  const offer = async (): Promise<Offer> => {
    await runVerifier(t.deps);
    return (await poll()) as Offer;
  };
  const end = ({ work, fence: number, evidence }: Offer) =>
    report(`/work/${work}/end`, {
      fence: number,
      outcome: 'done',
      result: { evidence: evidence.map(({ id }) => ({ id, state: 'verified', reason: null, details: {} })) },
    });
  const first = await offer();
  expect(first.evidence.map(({ kind }) => kind).sort()).toEqual(['check', 'commit']);
  await end(first);
  const of = (kind: string): string => first.evidence.find((each) => each.kind === kind)?.id ?? '';

  t.advance(1000);
  await t.call('POST', `/evidence/${of('commit')}/verify`);
  const second = await offer();
  expect(second.evidence.map(({ kind }) => kind)).toEqual(['commit']);
  await t.call('POST', `/evidence/${of('check')}/verify`);
  await end(second);
  const third = await offer();
  expect(third.evidence.map(({ kind }) => kind)).toEqual(['check']);
  await end(third);
  await runVerifier(t.deps);
  expect(await poll()).toBeUndefined();
});
