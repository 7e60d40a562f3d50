/** Runners that no server started: with an address, a token and a data directory of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IssuedToken, Page, Runner } from '../../src/contract/shapes.ts';
import { identify, isAlive } from '../../src/runner/processes/process-table.ts';
import { findStrayMarkers, ownerTag } from '../../src/runner/processes/stray-processes.ts';
import { MissionControl } from '../harness/mission-control.ts';

const main = fileURLToPath(new URL('../../dist/runner/main.js', import.meta.url));
let mc: MissionControl;
let runners: { child: ChildProcess; dataDir: string }[];

beforeEach(async () => {
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '6' } });
  await mc.start();
  await mc.project();
  runners = [];
});
afterEach(async () => {
  for (const { child, dataDir } of runners) {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    }
    expect([...findStrayMarkers(ownerTag(dataDir))]).toEqual([]);
  }
  await mc.stop();
});

async function startRunner(
  name: string,
  folder: string,
  token: string,
  ...flags: string[]
): Promise<ChildProcess> {
  const dataDir = join(mc.dir, folder);
  mkdirSync(dataDir, { recursive: true });
  const child = spawn(
    process.execPath,
    [
      main,
      '--data-dir',
      dataDir,
      '--server',
      mc.url,
      '--name',
      name,
      '--slots',
      '1',
      '--kill-grace',
      '1',
      ...flags,
    ],
    { stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: mc.dir, MC_RUNNER_TOKEN: token } },
  );
  runners.push({ child, dataDir });
  await mc.eventually(
    async () =>
      (await mc.api.get<Page<Runner>>('/runners')).items.find((r) => r.name === name && r.pid === child.pid),
    `${name} registered`,
  );
  return child;
}

const newToken = async (): Promise<string> =>
  (await mc.api.post<IssuedToken>('/tokens', { role: 'runner', name: `r${Math.random()}` })).token;
const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';

it('a runner elsewhere does the work, and is shown as ready, and as draining, when it is', async () => {
  const child = await startRunner('far', 'far', await newToken(), '--labels', 'gpu,big');
  await mc.profile('worker', `[ -z "$MC_RUNNER_TOKEN" ] && ${GOOD}`);
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  const [runner] = (await mc.api.get<Page<Runner>>('/runners')).items;
  expect(runner).toMatchObject({
    name: 'far',
    state: 'ready',
    labels: ['gpu', 'big'],
    slots: 1,
    pid: child.pid,
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await gone).toBe(0);
  expect((await mc.api.get<Page<Runner>>('/runners')).items[0]?.state).toBe('draining');
});

it('a newer process of the same name takes over, and the older one stops its agent and leaves', async () => {
  const token = await newToken();
  const older = await startRunner('twin', 'one', token);
  await mc.profile('worker', `if [ $MC_ATTEMPT = 1 ]; then echo $$ > $OUT/pid; sleep 300; else ${GOOD}; fi`);
  const { key } = await mc.ticket('worker');
  const agent = identify(Number(await mc.until(() => mc.read('pid'), 'the agent runs')));
  const left = new Promise((resolve) => older.once('exit', resolve));
  await startRunner('twin', 'two', token);
  expect(await left).toBe(3);
  expect(isAlive(agent)).toBe(false);
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
});
