/**
 * The same with the real runner and real agents: the server is killed under them at points that they drive it through,
 * and comes back to a runner that has gone on meanwhile. Every ticket ends done, once, at the cost of no retry.
 */
import { afterEach, expect, it } from 'vitest';
import { MissionControl } from '../harness/mission-control.ts';

const POINTS = [
  'after-commit/attempt.offered:kill@1',
  'before-commit/attempt.started:kill@1',
  'plan/attempt.started:kill@1',
  'published/attempt.progressed:kill@1',
  'before-commit/evidence.claimed:kill@1',
  'after-commit/attempt.stopping:kill@1',
  'before-commit/attempt.ended:kill@1',
  'after-commit/attempt.ended:kill@1',
  'before-commit/evidence.verified:kill@1',
  'after-commit/inbox.acted:kill@1',
  'plan:kill@25',
  'answered:kill@40',
];
const AGENT = `
mc-coord progress "begins"
echo good > value; git commit -qam "make it good" || true
mc-coord submit --summary "made it good"
`;
let mc: MissionControl;
afterEach(() => mc.stop());

it('the runner and its agents outlive every kill of their server', { timeout: 400_000 }, async () => {
  mc = new MissionControl({ env: { MC_LEASE_SECONDS: '30' } });
  await mc.start();
  await mc.project({ completion: { decidedBy: 'policy' } });
  await mc.profile('worker', AGENT);
  const keys: string[] = [];
  let kills = 0;
  for (const failpoint of POINTS) {
    await mc.endServer('SIGTERM');
    await mc.start({ MC_FAILPOINT: failpoint });
    const { server } = mc;
    const title = `Ticket for ${failpoint}`;
    // A server that dies before it answers is asked again: the key makes one ticket of both.
    const ticket = { project: 'MC', title, status: 'todo', profile: 'worker' };
    const create = () => mc.api.post<{ key: string }>('/tickets', ticket, { idempotencyKey: failpoint });
    const first = await create().catch(() => null);
    await mc.until(() => server?.signalCode === 'SIGKILL', `the server is killed at ${failpoint}`, 60_000);
    kills += 1;
    await mc.start();
    keys.push((first ?? (await create())).key);
    await mc.inStatus(keys.at(-1) ?? '', 'done', 60_000);
  }
  expect(kills).toBe(POINTS.length);
  for (const key of keys) {
    const attempts = await mc.attempts(key);
    const outcomes = attempts.sort((a, b) => a.number - b.number).map(({ outcome }) => outcome);
    expect(outcomes.pop()).toBe('submitted');
    // An offer whose acceptance went under with the server is handed back, and nothing more.
    expect(outcomes.filter((outcome) => outcome !== 'stopped' && outcome !== 'declined')).toEqual([]);
  }
  const { invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
});
