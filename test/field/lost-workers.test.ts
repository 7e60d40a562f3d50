/** Workers that die, linger, or are forgotten: their tickets come back by themselves, and nothing runs twice. */
import { expect, it } from 'vitest';
import type { Event as LogEvent, Page, Ticket } from '../../src/contract/shapes.ts';
import { identify, isAlive } from '../../src/runner/processes/process-table.ts';
import { GOOD, missionControl, RunnerProcess } from './support/field.ts';

it('F01 a worker and its runner die by SIGKILL: the attempt is lost, the ticket is released by itself', async () => {
  const mc = await missionControl({
    env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '3', MC_GRACE_SECONDS: '1' },
  });
  const machine = await RunnerProcess.start(mc, 'doomed');
  await mc.profile('worker', `if [ ! -e $OUT/pid ]; then echo $$ > $OUT/pid; sleep 300; else ${GOOD}; fi`);
  const { key } = await mc.ticket('worker');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  await machine.loseWithAll(mc, await mc.attempts(key));
  const died = Date.now();
  // The kernel takes a moment to be rid of what was killed.
  await mc.until(() => !isAlive(agent), 'the agent is gone', 5000);

  const lost = await mc.eventually(
    async () => (await mc.attempts(key)).find((attempt) => attempt.state === 'ended'),
    'the attempt ended',
  );
  // Lease, grace, a sweep each second and one second; what is added is this machine's slowness.
  expect(Date.now() - died).toBeLessThan(3000 + 1000 + 1000 + 1000 + 3000);
  expect(lost).toMatchObject({ number: 1, outcome: 'lost' });
  const { items } = await mc.api.get<Page<LogEvent>>(`/tickets/${key}/activity`);
  expect(
    items.some(({ type, data }) => type === 'ticket.transitioned' && data['transition'] === 'release'),
  ).toBe(true);

  await RunnerProcess.start(mc, 'healthy');
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
  // Until the dead runner counts as silent, offers to it end unaccepted, without a retry spent.
  const outcomes = (await mc.attempts(key))
    .map(({ outcome }) => outcome)
    .filter((outcome) => outcome !== 'declined');
  expect(outcomes).toEqual(['lost', 'submitted']);
});

it('F02 a worker that does not want to die holds its slot until it is gone, and no second one starts beside it', async () => {
  const mc = await missionControl({
    env: { MC_MAX_WORKERS: '1', MC_LEASE_SECONDS: '4' },
    project: { limits: { maxAttempts: 1 } },
  });
  // Each agent looks whether the one before it still lives: an overlap is written down by the one that sees it.
  await mc.profile(
    'stubborn',
    'trap "" TERM; [ -e $OUT/last ] && kill -0 $(cat $OUT/last) 2>/dev/null && echo $MC_TICKET/$MC_ATTEMPT >> $OUT/overlaps; ' +
      'echo $$ > $OUT/last; echo $MC_TICKET/$MC_ATTEMPT >> $OUT/ran; while :; do sleep 0.1; done',
    { timeoutSeconds: 1 },
  );
  const tickets = [await mc.ticket('stubborn'), await mc.ticket('stubborn')];
  const first = await mc.eventually(async () => {
    for (const { key } of tickets)
      if ((await mc.attempts(key)).some((a) => a.state === 'stopping')) return key;
    return null;
  }, 'one is being stopped');
  const other = tickets.find(({ key }) => key !== first) as Ticket;
  expect(await mc.attempts(other.key)).toEqual([]);
  expect((await mc.get(other.key)).whyNotRunning?.code).toBe('no_free_slot');

  for (const { key } of tickets) await mc.inStatus(key, 'needs_input', 60_000);
  expect(mc.read('ran').split('\n').toSorted()).toEqual(tickets.map(({ key }) => `${key}/1`).toSorted());
  expect(mc.read('overlaps')).toBe('');
});

it('F03 a ticket that is cancelled takes its worker with it', async () => {
  const mc = await missionControl({});
  await mc.profile('worker', 'echo $$ > $OUT/pid; while :; do date +%s%N > $OUT/beat; sleep 0.1; done');
  const { key } = await mc.ticket('worker');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  await mc.move(key, 'cancel', { reason: 'archived' });
  await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
  expect(isAlive(agent)).toBe(false);
  const beat = mc.read('beat');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(mc.read('beat')).toBe(beat);
  expect(await mc.get(key)).toMatchObject({ status: 'cancelled', runtime: 'closed' });
});
