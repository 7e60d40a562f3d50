/** Reports that get lost on the way: they are repeated until answered, and the lease ends the rest. */
import { afterEach, expect, it } from 'vitest';
import { GOOD, missionControl, RunnerProcess } from './support/field.ts';
import { LossyNetwork } from './support/proxy.ts';

const networks: LossyNetwork[] = [];
afterEach(() => {
  for (const network of networks.splice(0)) network.close();
});

async function behindANetwork(env: Record<string, string>) {
  const network = await LossyNetwork.open();
  networks.push(network);
  const mc = await missionControl({
    env: { MC_RUNNER: 'none', MC_MAX_WORKERS: '1', MC_HOSTS: network.host, ...env },
  });
  network.target = mc.url;
  await RunnerProcess.start(mc, 'far', { server: network.url });
  return { mc, network };
}

it('F20 the answer to the last report is lost, several times: it is repeated, has one effect, and the slot comes free', async () => {
  const { mc, network } = await behindANetwork({ MC_LEASE_SECONDS: '10' });
  network.fate = (method, path) =>
    method === 'POST' &&
    /\/(end|park|accept)$/.test(path) &&
    network.lost.filter((lost) => lost.endsWith(path)).length < 3
      ? 'lose answer'
      : 'deliver';
  await mc.profile('worker', GOOD);
  const tickets = [await mc.ticket('worker'), await mc.ticket('worker')];
  for (const { key } of tickets) await mc.inStatus(key, 'in_review', 60_000);
  for (const { key } of tickets) {
    await mc.settled(key);
    expect((await mc.attempts(key)).map(({ outcome }) => outcome)).toEqual(['submitted']);
  }
  // One lost answer each at least; the renewal that goes before a repetition may say already that it arrived.
  expect(network.lost.filter((lost) => /\/attempts\/.*\/end$/.test(lost)).length).toBeGreaterThanOrEqual(2);
});

it('F20 the last report never arrives: the lease ends the attempt, and the only slot is free again', async () => {
  const { mc, network } = await behindANetwork({ MC_LEASE_SECONDS: '3', MC_GRACE_SECONDS: '1' });
  let deaf = '';
  network.fate = (method, path) =>
    method === 'POST' && deaf !== '' && path.includes(deaf) ? 'lose request' : 'deliver';
  await mc.profile(
    'worker',
    `[ $MC_TICKET = MC-1 ] && [ $MC_ATTEMPT = 1 ] && { echo $$ > $OUT/pid; while [ ! -e $OUT/go ]; do sleep 0.1; done; exit 1; }; ${GOOD}`,
  );
  const first = await mc.ticket('worker');
  await mc.until(() => mc.read('pid'), 'the agent runs');
  const [attempt] = await mc.attempts(first.key);
  deaf = `/attempts/${attempt?.id}/`;
  const second = await mc.ticket('worker');
  await mc.eventually(
    async () => (await mc.get(second.key)).whyNotRunning?.code === 'no_free_slot',
    'the slot is taken',
  );
  await mc.eventually(
    async () => (await mc.attempts(first.key))[0]?.outcome === 'lost',
    'the lease ended it',
  );
  for (const { key } of [first, second]) {
    await mc.inStatus(key, 'in_review', 60_000);
    await mc.settled(key);
  }
  expect(network.lost.length).toBeGreaterThan(0);
});
