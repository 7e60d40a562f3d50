/** Who gets the ticket: one of many, never two, and nobody keeps what they do not work on. */
import { expect, it } from 'vitest';
import { ApiClient, ApiProblem } from '../../src/client/api-client.ts';
import type { Ticket } from '../../src/contract/shapes.ts';
import {
  dispatcherHadItsChance,
  GOOD,
  missionControl,
  newRunnerToken,
  RawRunner,
  RunnerProcess,
} from './support/field.ts';

const codeOf = (result: PromiseSettledResult<unknown>): string =>
  result.status === 'fulfilled'
    ? 'ok'
    : result.reason instanceof ApiProblem
      ? result.reason.code
      : String(result.reason);

it('F08 no lock outlives its attempt: after a run died the ticket is edited, taken over and cancelled like any other', async () => {
  const mc = await missionControl({
    env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '2', MC_GRACE_SECONDS: '1' },
  });
  const dead = await RawRunner.register(mc, 'dead', { slots: 2 });
  await mc.profile('worker', GOOD);
  const first = await mc.ticket('worker');
  const offer = await dead.offer(mc);
  await dead.attempt(offer.attempt, 'accept', { fence: offer.fence });
  await dead.attempt(offer.attempt, 'heartbeat', { fence: offer.fence, started: true });
  // While its lease is good, people still change the ticket.
  const running = await mc.get(first.key);
  await mc.api.patch(`/tickets/${first.key}`, { priority: 1 }, { ifMatch: running.version });
  await mc.eventually(
    async () => (await mc.attempts(first.key))[0]?.outcome === 'lost',
    'the attempt is lost',
  );
  const late = await dead
    .attempt(offer.attempt, 'heartbeat', { fence: offer.fence })
    .catch((error: unknown) => error);
  expect(late).toMatchObject({ code: 'stale_attempt' });

  await dead.poll({ draining: true });
  // It may just have been offered again: whoever edits reads it once more then.
  await mc.eventually(async () => {
    const { version } = await mc.get(first.key);
    return mc.api
      .patch(`/tickets/${first.key}`, { priority: 0 }, { ifMatch: version })
      .catch((error: { code?: string }) => {
        if (error.code !== 'version_conflict') throw error as Error;
      });
  }, 'it is edited');
  await RunnerProcess.start(mc, 'alive');
  await mc.inStatus(first.key, 'in_review', 40_000);
  await mc.settled(first.key);
  await mc.move(first.key, 'cancel', { reason: 'no lock is left' });
});

it('F09 two wakes at once, two pollers at once: one attempt, and the work is done once', async () => {
  const mc = await missionControl({ env: { MC_RUNNER: 'none' } });
  await mc.profile('worker', GOOD);
  const token = await newRunnerToken(mc, 'twins');
  const one = await RawRunner.register(mc, 'one', { token });
  const other = await RawRunner.register(mc, 'other', { token: await newRunnerToken(mc, 'other') });
  const { key } = await mc.ticket('worker', { status: 'backlog' });
  const { version } = await mc.get(key);
  const wakes = await Promise.allSettled(
    Array.from({ length: 20 }, () =>
      mc.api.post(`/tickets/${key}/transitions`, { transition: 'ready' }, { ifMatch: version }),
    ),
  );
  expect(wakes.map(codeOf).filter((code) => code === 'ok').length).toBe(1);
  expect(new Set(wakes.map(codeOf))).toEqual(new Set(['ok', 'version_conflict']));
  const polls = await mc.eventually(async () => {
    const both = await Promise.all([one, one, other, other].map((runner) => runner.poll({ waitMs: 1000 })));
    return both.some(({ offers }) => offers.length > 0) ? both : null;
  }, 'it is offered');
  const offers = polls.flatMap((poll) => poll.offers);
  expect(new Set(offers.map((offer) => offer.attempt)).size).toBe(1);
  const [offer] = offers;
  if (!offer) throw new Error('nothing was offered');
  const takes = await Promise.allSettled(
    [one, other].map((runner) => runner.attempt(offer.attempt, 'accept', { fence: offer.fence })),
  );
  expect(takes.map(codeOf).toSorted()).toEqual(['forbidden', 'ok']);
  await dispatcherHadItsChance(mc);
  expect((await mc.attempts(key)).length).toBe(1);
  await mc.move(key, 'cancel', { reason: 'seen' });
});

it('F10 an offer that nobody takes gives its slot back: no deadlock at one slot', async () => {
  const mc = await missionControl({ env: { MC_RUNNER: 'none', MC_MAX_WORKERS: '1', MC_OFFER_SECONDS: '2' } });
  const lazy = await RawRunner.register(mc, 'lazy', { slots: 1 });
  await mc.profile('worker', GOOD);
  const tickets = [await mc.ticket('worker'), await mc.ticket('worker')];
  const held = await lazy.offer(mc);
  const waiting = tickets.find(({ key }) => key !== held.ticket) as Ticket;
  await mc.eventually(
    async () => (await mc.get(waiting.key)).whyNotRunning?.code === 'no_free_slot',
    'the other one waits',
  );
  await lazy.poll({ draining: true });
  await RunnerProcess.start(mc, 'diligent');
  for (const { key } of tickets) await mc.inStatus(key, 'in_review', 40_000);
  const [first] = await mc.attempts(held.ticket);
  expect(first).toMatchObject({ id: held.attempt, outcome: 'declined' });
  for (const { key } of tickets) await mc.settled(key);
});

it('F17 of twenty claims on one version one wins, the rest change nothing', async () => {
  const mc = await missionControl({ env: { MC_RUNNER: 'none' } });
  const { key, version } = await mc.ticket('none-such', { status: 'backlog', profile: null });
  const edits = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      mc.api.patch<Ticket>(`/tickets/${key}`, { title: `Edit ${n}` }, { ifMatch: version }),
    ),
  );
  const winners = edits.filter((edit) => edit.status === 'fulfilled');
  expect(winners.length).toBe(1);
  const after = await mc.get(key);
  expect(after).toMatchObject({ version: version + 1, title: winners[0]?.value.title });
});

it('F17 the signals of a superseded claim change nothing: the fence is checked in the write', async () => {
  const mc = await missionControl({
    env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '2', MC_GRACE_SECONDS: '1' },
  });
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'slow');
  const { key } = await mc.ticket('worker');
  const old = await runner.offer(mc);
  await runner.attempt(old.attempt, 'accept', { fence: old.fence });
  await runner.attempt(old.attempt, 'heartbeat', { fence: old.fence, started: true });
  const next = await mc.eventually(async () => {
    const { offers } = await runner.poll({ waitMs: 500 });
    return offers.find((offer) => offer.attempt !== old.attempt);
  }, 'the next attempt is offered');
  expect(next.fence).toBeGreaterThan(old.fence);
  const before = await mc.get(key);
  const worker = new ApiClient(mc.url, old.token);
  const writes = await Promise.allSettled([
    worker.post('/attempts/self/signals', { type: 'submit', summary: 'mine', commit: 'a'.repeat(40) }),
    worker.post('/attempts/self/signals', { type: 'ask', text: 'May I?' }),
    worker.post('/attempts/self/signals', { type: 'fail', reason: 'no', retry: false }),
    runner.attempt(old.attempt, 'end', { fence: old.fence, outcome: 'failed', treeGone: true }),
    runner.attempt(old.attempt, 'end', { fence: next.fence, outcome: 'failed', treeGone: true }),
    runner.attempt(next.attempt, 'end', { fence: old.fence, outcome: 'failed', treeGone: true }),
    runner.attempt(next.attempt, 'accept', { fence: old.fence }),
    runner.attempt(next.attempt, 'accept', { fence: next.fence + 1 }),
  ]);
  expect(new Set(writes.map(codeOf))).toEqual(new Set(['stale_attempt']));
  expect(await mc.get(key)).toMatchObject({ version: before.version, status: before.status });
  await mc.move(key, 'cancel', { reason: 'seen' });
});
