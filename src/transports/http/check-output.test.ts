/** What a check prints is kept for each time that it runs: the last verdict stands under its own output. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runVerifier } from '../../loops/verifier.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
});
afterEach(() => t.close());

const as = 'runner';
const report = (path: string, body: object) => t.call('POST', path, { as, body });

it('the output of a check that runs again comes behind that of the run before', async () => {
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'Mission Control',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      checks: [{ name: 'test', command: ['test'] }],
      completion: { requires: ['signal', 'check'], checks: ['test'] },
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

  const runCheck = async (text: string, state: 'verified' | 'refuted'): Promise<string> => {
    await runVerifier(t.deps);
    const { work, fence: number, evidence } = await poll();
    const id = evidence.find((each: { kind: string }) => each.kind === 'check').id;
    const at = '2026-11-22T12:00:00.000Z';
    const items = [{ seq: 1, at, stream: 'stdout', text }];
    expect((await report(`/work/${work}/output`, { fence: number, evidence: id, items })).status).toBe(200);
    const page = async () => (await t.call('GET', `/evidence/${id}/output`)).body;
    expect((await page()).ended).toBe(false);
    const found = evidence.map((each: { id: string }) => ({ id: each.id, state, reason: null, details: {} }));
    const result = { evidence: found };
    expect((await report(`/work/${work}/end`, { fence: number, outcome: 'done', result })).status).toBe(200);
    expect((await page()).ended).toBe(true);
    return id;
  };
  const id = await runCheck('all passed\n', 'verified');
  t.advance(1000);
  expect((await t.call('POST', `/evidence/${id}/verify`)).status).toBe(200);
  await runCheck('one FAILED\n', 'refuted');
  const { items } = (await t.call('GET', `/evidence/${id}/output`)).body;
  expect(items.map((item: { text: string }) => item.text)).toEqual(['all passed\n', 'one FAILED\n']);
});
