/** Processes die at the worst time; nothing is lost, nothing runs twice, nothing runs on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { identify, isAlive, sendSignal } from '../../src/runner/processes/process-table.ts';
import { MissionControl } from '../harness/mission-control.ts';

let mc: MissionControl;

async function start(leaseSeconds: number): Promise<void> {
  mc = new MissionControl({ env: { MC_LEASE_SECONDS: String(leaseSeconds) } });
  await mc.start();
  await mc.project();
}
afterEach(async () => {
  const { invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  await mc.stop();
});

const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';
const WAIT = 'n=0; while [ ! -e $OUT/go ]; do n=$((n+1)); echo line $n; sleep 0.05; done';

it('an agent that is killed has failed, and its ticket is tried again', async () => {
  await start(4);
  await mc.profile('mortal', `if [ $MC_ATTEMPT = 1 ]; then echo $$ > $OUT/pid; sleep 300; else ${GOOD}; fi`);
  const { key } = await mc.ticket('mortal');
  process.kill(Number(await mc.until(() => mc.read('pid'), 'the agent runs')), 'SIGKILL');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  const attempts = (await mc.attempts(key)).toSorted((a, b) => a.number - b.number);
  expect(attempts.map(({ outcome, reason, exitCode }) => ({ outcome, reason, exitCode }))).toEqual([
    { outcome: 'failed', reason: 'exited_without_result', exitCode: 137 },
    { outcome: 'submitted', reason: null, exitCode: 0 },
  ]);
});

it('a runner that is killed is started again, adopts the agent, and loses nothing', async () => {
  await start(20);
  await mc.profile('steady', `echo $$ > $OUT/pid; ${WAIT}; ${GOOD}`);
  const { key } = await mc.ticket('steady');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  const before = mc.runner();
  expect(before && sendSignal(before, 'SIGKILL')).toBe(true);
  await mc.until(() => mc.runner() !== null && mc.runner()?.pid !== before?.pid, 'another runner is there');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(isAlive(agent)).toBe(true);
  writeFileSync(join(mc.dir, 'go'), '');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  const attempts = await mc.attempts(key);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['submitted']);
  const lines = (await mc.output(`/attempts/${attempts[0]?.id}`))
    .split('\n')
    .filter((line) => line.startsWith('line '));
  expect(lines).toEqual(lines.map((_, n) => `line ${n + 1}`));
});

it('a server that is killed comes back to the same runner, whose agent never noticed', async () => {
  await start(20);
  await mc.profile('steady', `echo $$ > $OUT/pid; ${WAIT}; ${GOOD}`);
  const { key } = await mc.ticket('steady');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  const runner = mc.runner();
  await mc.endServer('SIGKILL');
  writeFileSync(join(mc.dir, 'go'), '');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await mc.start();
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  expect((await mc.attempts(key)).map(({ outcome }) => outcome)).toEqual(['submitted']);
  expect(mc.runner()?.pid).toBe(runner?.pid);
  expect(isAlive(agent)).toBe(false);
});

it('a server that stays away: the agent is stopped before its lease ends, and its work goes on later', async () => {
  await start(4);
  await mc.profile(
    'patient',
    `if [ -e half ]; then git add half; ${GOOD}; else echo half > half; echo $$ > $OUT/pid; sleep 300; fi`,
  );
  const { key } = await mc.ticket('patient');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  await mc.endServer('SIGKILL');
  const started = Date.now();
  await mc.until(() => !isAlive(agent), 'the agent is stopped');
  expect(Date.now() - started).toBeLessThan(4000);
  await mc.start();
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
  const attempts = (await mc.attempts(key)).toSorted((a, b) => a.number - b.number);
  expect(attempts[0]?.outcome).toMatch(/stopped|lost/);
  expect(attempts.at(-1)?.outcome).toBe('submitted');
  expect(mc.git(mc.clone, 'show', `${attempts.at(-1)?.head}:half`)).toBe('half');
});

it('a runner and its agent that are frozen beyond the lease are replaced, and harmless when they thaw', async () => {
  await start(4);
  await mc.profile('frozen', `if [ $MC_ATTEMPT = 1 ]; then echo $$ > $OUT/pid; sleep 300; else ${GOOD}; fi`);
  const { key } = await mc.ticket('frozen');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  const runner = mc.runner();
  if (!runner) throw new Error('there is no runner');
  sendSignal(runner, 'SIGSTOP');
  await mc.eventually(
    async () => (await mc.attempts(key))[0]?.outcome === 'lost',
    'the attempt is lost',
    30_000,
  );
  sendSignal(runner, 'SIGCONT');
  await mc.until(() => !isAlive(agent), 'the agent is stopped');
  await mc.inStatus(key, 'in_review', 30_000);
  await mc.settled(key);
});
