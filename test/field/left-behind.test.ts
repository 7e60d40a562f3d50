/** What a worker leaves behind: processes, half a session, work that it did not commit. */
import { expect, it } from 'vitest';
import { identify, isAlive } from '../../src/runner/processes/process-table.ts';
import { GOOD, missionControl } from './support/field.ts';

it('F04 of 120 descendants, also those that left group, session and environment, none outlives its ticket', async () => {
  const mc = await missionControl({ env: { MC_LEASE_SECONDS: '10' } });
  const script = [
    'i=0; while [ $i -lt 40 ]; do i=$((i+1))',
    'sleep 417 & echo $! >> $OUT/pids',
    'setsid sh -c "echo \\$\\$ >> $OUT/pids; exec sleep 417" &',
    'env -i setsid nohup sh -c "echo \\$\\$ >> $OUT/pids; exec sleep 417" > /dev/null 2>&1 &',
    'done; while [ $(wc -l < $OUT/pids) -lt 120 ]; do sleep 0.1; done; sleep 2',
    GOOD,
  ];
  await mc.profile('sprawl', script.join('\n'));
  const { key } = await mc.ticket('sprawl');
  await mc.until(() => mc.read('pids').split('\n').length === 120, 'all are there', 60_000);
  const all = mc
    .read('pids')
    .split('\n')
    .map((pid) => identify(Number(pid)));
  expect(all.filter((process) => isAlive(process)).length).toBe(120);
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.eventually(
    async () => (await mc.attempts(key))[0]?.state === 'ended',
    'the attempt ended',
    40_000,
  );
  expect(all.filter((process) => isAlive(process))).toEqual([]);
  await mc.settled(key);
});

it('F18 a session that ends in the middle: exited_without_result, released, and tried again', async () => {
  const mc = await missionControl({});
  await mc.profile(
    'sleepy',
    `if [ $MC_ATTEMPT = 1 ]; then mc-coord progress "half way"; echo half > half; exit 0; else ${GOOD}; fi`,
  );
  const { key } = await mc.ticket('sleepy');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  expect((await mc.attempts(key)).map(({ outcome, reason }) => ({ outcome, reason }))).toEqual([
    { outcome: 'failed', reason: 'exited_without_result' },
    { outcome: 'submitted', reason: null },
  ]);
});

it('F13 uncommitted work of a worker that was killed is on its mc-wip branch', async () => {
  const mc = await missionControl({ project: { limits: { maxAttempts: 1 } } });
  await mc.profile(
    'mortal',
    'echo changed > value; mkdir deep; echo precious > deep/notes.txt; echo $$ > $OUT/pid; sleep 300',
  );
  const { key } = await mc.ticket('mortal');
  process.kill(Number(await mc.until(() => mc.read('pid'), 'the agent runs')), 'SIGKILL');
  await mc.inStatus(key, 'needs_input');
  await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
  expect(mc.git(mc.clone, 'show', `mc-wip/${key}/1:value`)).toBe('changed');
  expect(mc.git(mc.clone, 'show', `mc-wip/${key}/1:deep/notes.txt`)).toBe('precious');
});

it('F13 uncommitted work is saved also by the runner that comes after one that was killed', async () => {
  const mc = await missionControl({ project: { limits: { maxAttempts: 1 } } });
  await mc.profile('mortal', 'echo precious > notes.txt; echo $$ > $OUT/pid; sleep 300');
  const { key } = await mc.ticket('mortal');
  const agent = Number(await mc.until(() => mc.read('pid'), 'the agent runs'));
  const runner = mc.runner();
  if (!runner) throw new Error('there is no runner');
  process.kill(runner.pid, 'SIGKILL');
  process.kill(agent, 'SIGKILL');
  await mc.until(
    () => {
      try {
        return mc.git(mc.clone, 'show', `mc-wip/${key}/1:notes.txt`) === 'precious';
      } catch {
        return false;
      }
    },
    'the work is saved',
    40_000,
  );
  await mc.eventually(
    async () => (await mc.attempts(key))[0]?.state === 'ended',
    'the attempt ended',
    30_000,
  );
});
