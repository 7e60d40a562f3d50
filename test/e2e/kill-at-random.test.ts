/**
 * kill -9 of server, runner and agents at random while twelve tickets are worked on: all end done, no ticket ever has
 * two live attempts, and the proof is clean. The seed is printed; the moments still depend on the machine.
 */
import { afterEach, expect, it } from 'vitest';
import { readEnvironment, readProcessTable, sendSignal } from '../../src/runner/processes/process-table.ts';
import { MissionControl } from '../harness/mission-control.ts';

const TICKETS = 12;
const KILLING_MS = 45_000;
const seed = Number(process.env['MC_CHAOS_SEED'] ?? Date.now() % 100_000);

let mc: MissionControl;
let state = seed;
const random = (): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) / 16_777_216;
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(() => mc.stop());

const AGENT = `
mc-coord progress "begins" || true
sleep $(( 2 + $$ % 6 ))
echo good > value; git commit -qam "make it good" || true
mc-coord submit --summary "made it good"
`;

function anyAgent() {
  const agents = [...readProcessTable().values()].filter((row) => {
    const environment = readEnvironment(row.pid);
    return (
      environment?.includes(`${mc.dataDir}`) === true && /MC_ATTEMPT_MARKER=att/.test(environment.toString())
    );
  });
  return agents[Math.floor(random() * agents.length)] ?? null;
}

async function killSomething(killed: Record<string, number>): Promise<void> {
  const what = random();
  if (what < 0.3) {
    await mc.endServer('SIGKILL');
    killed['server'] = (killed['server'] ?? 0) + 1;
    await mc.start();
  } else if (what < 0.55) {
    const runner = mc.runner();
    if (runner && sendSignal(runner, 'SIGKILL')) killed['runner'] = (killed['runner'] ?? 0) + 1;
  } else {
    const agent = anyAgent();
    if (agent && sendSignal(agent, 'SIGKILL')) killed['agent'] = (killed['agent'] ?? 0) + 1;
  }
}

it('all end done, whatever is killed', { timeout: 400_000 }, async () => {
  mc = new MissionControl();
  await mc.start();
  await mc.project({ completion: { decidedBy: 'policy' }, limits: { maxAttempts: 50, backoffSeconds: 0 } });
  await mc.profile('steady', AGENT);
  const keys: string[] = [];
  for (let i = 0; i < TICKETS; i += 1) keys.push((await mc.ticket('steady', { title: `Ticket ${i}` })).key);

  const killed: Record<string, number> = {};
  const doubles: string[] = [];
  let isWatching = true;
  const watching = (async () => {
    while (isWatching) {
      for (const key of keys) {
        const attempts = await mc.attempts(key).catch(() => []);
        const open = attempts.filter((attempt) => attempt.state !== 'ended');
        if (open.length > 1)
          doubles.push(`${key}: attempts ${open.map((attempt) => attempt.number).join(' and ')}`);
      }
      await pause(100);
    }
  })();
  const ends = Date.now() + KILLING_MS;
  while (Date.now() < ends) {
    await pause(300 + random() * 1500);
    await killSomething(killed);
  }
  try {
    for (const key of keys) await mc.inStatus(key, 'done', 240_000);
  } catch (error) {
    throw new Error(
      `seed ${seed}, killed ${JSON.stringify(killed)}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    isWatching = false;
    await watching;
  }
  process.stderr.write(`kill at random: seed ${seed}, killed ${JSON.stringify(killed)}\n`);
  expect(doubles).toEqual([]);
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
  for (const key of keys) {
    const { evidence } = await mc.get(key);
    expect(evidence.filter((e) => e.kind === 'check' && e.state === 'verified').length).toBeGreaterThan(0);
  }
});
