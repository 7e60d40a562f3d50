/**
 * A runner that goes on while its server is lost and comes back from a backup, at the same address: nothing that it was
 * given before counts, however late it says so, and the ticket is worked on once more at no attempt's cost.
 */
import { createServer, type AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mctl } from '../harness/mctl.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { GOOD, LIVING, lastAlive } from './support/fleet.ts';
import { RemoteRunner } from './support/remote-runner.ts';

const EXIT_SUPERSEDED = 3;
const SHORT = { MC_LEASE_SECONDS: '3', MC_GRACE_SECONDS: '2' };

function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(String(port)));
    });
  });
}

let port: string;
let mc: MissionControl;
let restored: MissionControl;
let runners: RemoteRunner[];
beforeEach(async () => {
  port = await freePort();
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_PORT: port } });
  restored = new MissionControl({
    env: { MC_RUNNER: 'none', MC_PORT: port, MC_DATA_DIR: join(mc.dir, 'restored') },
  });
  runners = [];
  await mc.start();
});
afterEach(async () => {
  for (const runner of runners) await runner.stop();
  await restored.stop();
  await mc.stop();
});

/** A ticket whose first attempt runs in the backup, and would be its last if it counted. */
async function atWork(): Promise<{ key: string; old: RemoteRunner }> {
  await mc.project({ limits: { maxAttempts: 1, backoffSeconds: 0 } });
  // What it says of itself is kept, so that a refusal is seen.
  const submit =
    'mc-coord submit --summary $MC_ATTEMPT > $OUT/told-$MC_ATTEMPT 2>&1; echo $? > $OUT/code-$MC_ATTEMPT';
  const work = `${LIVING} while [ ! -e $OUT/go-$MC_ATTEMPT ]; do sleep 0.05; done; ${GOOD.split(';')[0]}; echo $MC_ATTEMPT > by; git add by; git commit -qam "make it good"; ${submit}`;
  await mc.profile('worker', work);
  const old = new RemoteRunner(mc, 'far');
  runners.push(await old.start());
  const { key } = await mc.ticket('worker');
  await mc.until(() => lastAlive(mc, key, 1) !== null, 'the first agent works', 60_000);
  return { key, old };
}

async function backUpAndLose(): Promise<string> {
  const file = join(mc.dir, 'one.backup');
  const access = { MC_DATA_DIR: mc.dataDir, MC_ADMIN_TOKEN: mc.token };
  expect(await mctl(['backup', file], access)).toMatchObject({ code: 0 });
  await mc.endServer('SIGKILL');
  return file;
}

async function restoreFrom(file: string): Promise<void> {
  const into = await mctl(['restore', file, '--data-dir', join(mc.dir, 'restored')], SHORT);
  expect(into).toMatchObject({ code: 0, err: '' });
  await restored.start();
}

async function expectOnce(key: string): Promise<void> {
  const attempts = await restored.attempts(key);
  expect(attempts).toMatchObject([
    { number: 1, outcome: 'stopped', reason: expect.stringMatching(/restored/) as string },
    { number: 2, outcome: 'submitted' },
  ]);
  await restored.settled(key);
  const { ok, invariants } = await restored.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
}

it('one that works on stops its agent and leaves; the next attempt begins after that, and is not counted as the second', async () => {
  const { key, old } = await atWork();
  await restoreFrom(await backUpAndLose());
  expect(await old.gone()).toBe(EXIT_SUPERSEDED);
  mc.touch('go-1');
  const next = new RemoteRunner(restored, 'far');
  runners.push(await next.start());
  mc.touch('go-2');
  await restored.inStatus(key, 'in_review', 60_000);
  await expectOnce(key);
  // The first was ended, and not only refused.
  expect(existsSync(join(mc.dir, 'told-1'))).toBe(false);
  const [, second] = await restored.attempts(key);
  const began = BigInt(Date.parse(second?.startedAt ?? '')) * 1_000_000n;
  expect((lastAlive(mc, key, 1) ?? 0n) < began).toBe(true);
}, 120_000);

it('one that sleeps through it reports late, as does its agent, and neither is heard', async () => {
  const { key, old } = await atWork();
  const file = await backUpAndLose();
  old.signal('SIGSTOP');
  await restoreFrom(file);
  // Under the same name, as its supervisor would start it on another machine.
  const next = new RemoteRunner(restored, 'far');
  runners.push(await next.start());
  await restored.until(() => lastAlive(mc, key, 2) !== null, 'the second agent works', 60_000);
  // The first has done its work, with nobody who watches over it.
  mc.touch('go-1');
  await restored.until(() => mc.hasFile('code-1'), 'the first agent has been answered', 60_000);
  expect(mc.read('told-1')).toContain('no longer current');
  expect(mc.read('code-1')).not.toBe('0');
  old.signal('SIGCONT');
  expect(await old.gone()).toBe(EXIT_SUPERSEDED);
  expect((await restored.attempts(key)).map(({ outcome }) => outcome)).toEqual(['stopped', null]);
  mc.touch('go-2');
  await restored.inStatus(key, 'in_review', 60_000);
  await expectOnce(key);
}, 120_000);
