/** The orchestrator decides its own items only, whichever way it tries, and never what makes a ticket done. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runVerifier } from '../../loops/verifier.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
});
afterEach(() => t.close());

async function submitted(decidedBy: string, details: object = {}): Promise<number> {
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'Mission Control',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { decidedBy, requires: ['signal', 'commit'] },
    },
  });
  const as = 'runner';
  const runner = await t.call('POST', '/runners', { as, body: { name: 'r', slots: 1, version: '1' } });
  const poll = () =>
    t.call('POST', `/runners/${runner.body.id}/poll`, { as, body: { freeSlots: 1, waitMs: 0 } });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', status: 'todo' } });
  await t.dispatcher.runOnce();
  const [offer] = (await poll()).body.offers;
  const fence = offer.fence;
  const report = (verb: string, body: object) =>
    t.call('POST', `/attempts/${offer.attempt}/${verb}`, { as, body: { fence, ...body } });
  await report('accept', { base: 'b'.repeat(40) });
  await t.call('POST', '/attempts/self/signals', {
    as: offer.token,
    body: { type: 'submit', summary: 'done', commit: 'c'.repeat(40) },
  });
  await report('end', { outcome: 'submitted', treeGone: true });
  await runVerifier(t.deps);
  const [work] = (await poll()).body.offers;
  await t.call('POST', `/work/${work.work}/end`, {
    as,
    body: {
      fence: work.fence,
      outcome: 'done',
      result: {
        evidence: work.evidence.map((e: { id: string }) => ({
          id: e.id,
          state: 'verified',
          reason: null,
          details,
        })),
      },
    },
  });
  return (await t.call('GET', '/tickets/MC-1')).body.version;
}

const accept = (as: string, ifMatch: number) =>
  t.call('POST', '/tickets/MC-1/transitions', { as, body: { transition: 'accept' }, ifMatch });

describe('the orchestrator', () => {
  it('may not decide a review that is for a person, by a transition either', async () => {
    const version = await submitted('human');
    const refused = await accept('orchestrator', version);
    expect([refused.status, refused.body.code]).toEqual([403, 'actor_not_allowed']);
    expect((await accept('member', version)).body.status).toBe('done');
  });

  it('accepts what is its own', async () => {
    const version = await submitted('orchestrator');
    expect((await accept('orchestrator', version)).body.status).toBe('done');
  });

  it('leaves a submission that touches protected paths to a person', async () => {
    const version = await submitted('orchestrator', { protectedPaths: ['test/a.ts'] });
    expect((await t.call('GET', '/inbox')).body.items[0]).toMatchObject({ kind: 'review', for: 'person' });
    expect((await accept('orchestrator', version)).status).toBe(403);
  });

  it('may not loosen what makes a ticket done', async () => {
    const version = await submitted('orchestrator');
    const body = { completion: { requires: [] } };
    const edited = await t.call('PATCH', '/tickets/MC-1', { as: 'orchestrator', body, ifMatch: version });
    const made = await t.call('POST', '/tickets', {
      as: 'orchestrator',
      body: { project: 'MC', title: 'B', ...body },
    });
    expect([edited.status, made.status]).toEqual([403, 403]);
  });
});

it("a ticket's own completion policy has to be one that its project can satisfy", async () => {
  await submitted('human');
  const create = (completion: object) =>
    t.call('POST', '/tickets', { body: { project: 'MC', title: 'B', completion } });
  const answers = [
    await create({ requires: ['check'] }),
    await create({ checks: ['nope'] }),
    await create({ requires: ['signal', 'deploy', 'commit'] }),
    // What is merged or deployed is a commit.
    await create({ onAccept: 'merge', requires: ['signal'] }),
    await create({ onAccept: 'merge' }),
    await create({ requires: [] }),
  ];
  expect(answers.map((answer) => answer.body.code ?? answer.status)).toEqual([
    'reference_not_found',
    'reference_not_found',
    'reference_not_found',
    'reference_not_found',
    201,
    201,
  ]);
});

describe('a delivery', () => {
  const lease = async (as: string, seconds = 60) =>
    (await t.call('POST', '/inbox/lease', { as, body: { consumer: as, max: 1, seconds } })).body.items[0];
  const act = (as: string, id: string, deliveryId?: string) =>
    t.call('POST', `/inbox/${id}/act`, {
      as,
      body: { ...(deliveryId === undefined ? {} : { deliveryId }), decision: 'accept', reason: 'good' },
    });

  it.each(['orchestrator', 'member'])('gives its first result again when %s acts twice', async (as) => {
    await submitted('orchestrator');
    const item = await lease(as);
    const answers = [await act(as, item.id, item.deliveryId), await act(as, item.id, item.deliveryId)];
    expect(answers.map(({ status, body }) => [status, body.result?.decision])).toEqual([
      [200, 'accept'],
      [200, 'accept'],
    ]);
    expect((await act(as, item.id, 'dlv_other')).body.code).toBe('already_acted');
  });

  it.each(['orchestrator', 'member'])('that expired is refused, also for %s', async (as) => {
    await submitted('orchestrator');
    const item = await lease(as, 1);
    t.advance(1001);
    expect((await act(as, item.id, item.deliveryId)).body.code).toBe('delivery_expired');
  });

  it('is overridden by a person, and the late act learns the result', async () => {
    await submitted('orchestrator');
    const item = await lease('orchestrator');
    expect((await act('member', item.id)).status).toBe(200);
    const late = await act('orchestrator', item.id, item.deliveryId);
    expect([late.status, late.body.code, late.body.result.by]).toEqual([409, 'already_acted', 'the-member']);
  });
});
