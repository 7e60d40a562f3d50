/** The real opencode when something fails: what runs it is killed, or its model refuses. */
import { afterEach, describe, expect, it } from 'vitest';
import { findNamespace } from '../../src/runner/processes/namespace.ts';
import { isAlive, readProcessTable, sendSignal } from '../../src/runner/processes/process-table.ts';
import type { Script } from './model/script.ts';
import { AgentsWorld, COMMIT, opencodeProfile, readText, SUBMIT } from './support/real-agents.ts';

let mc: AgentsWorld;

async function begin(script: Script, project: object = {}, env = {}): Promise<void> {
  mc = new AgentsWorld(script, env);
  await mc.begin(project);
}
afterEach(async () => {
  await mc.finish();
});

const ONE_TRY = { limits: { maxAttempts: 1, backoffSeconds: 0 } };
const WORK = [{ say: 'I make it good.', calls: [{ shell: COMMIT }] }, { calls: [{ shell: SUBMIT }] }];

const begun = () => mc.until(() => mc.worktreesHave('begun'), 'the tool runs', 40_000);

/** Good when what was killed is back, however slow the machine is. */
const LEASE = { MC_LEASE_SECONDS: '30' };

describe('when something is killed in the middle of its work', () => {
  const wait = 'touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done';
  const slow: Script = {
    slow: [[{ say: 'I wait.', calls: [{ shell: `[ -e ../go ] || { ${wait}; }` }] }, ...WORK], WORK],
  };

  it('the server: the agent goes on, and its result arrives', async () => {
    await begin(slow, {}, LEASE);
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'slow');
    await begun();
    await mc.endServer('SIGKILL');
    await mc.start();
    mc.touch('data/worktrees/go');
    await mc.reaches(key, 'done');
    expect((await mc.attempts(key)).length).toBe(1);
  });

  it('the agent: it is started again in its session, in the same attempt', async () => {
    await begin(slow, {}, LEASE);
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'slow');
    await begun();
    const [attempt] = await mc.attempts(key);
    for (const process of mc.agentsOf(attempt?.id ?? '', 'opencode')) sendSignal(process, 'SIGKILL');
    mc.touch('data/worktrees/go');
    await mc.reaches(key, 'done');
    expect((await mc.attempts(key)).map(({ number }) => number)).toEqual([1]);
    const codes = (await mc.transcript(attempt?.id ?? '')).flatMap((e) =>
      e.kind === 'notice' ? [e.code] : [],
    );
    expect(codes).toEqual(['session_started', 'agent_restarted', 'session_resumed']);
  });

  it('the runner: what it left is ended, and the next attempt goes on in the same session', async () => {
    await begin(slow, {}, LEASE);
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'slow');
    await begun();
    const [attempt] = await mc.attempts(key);
    const left = mc.processesOf(attempt?.id ?? '');
    expect(left.length).toBeGreaterThan(0);
    const runner = mc.runner();
    if (!runner) throw new Error('no runner');
    sendSignal(runner, 'SIGKILL');
    mc.touch('data/worktrees/go');
    await mc.reaches(key, 'done');
    expect(left.filter((process) => isAlive(process))).toEqual([]);
    const attempts = (await mc.attempts(key)).toSorted((a, b) => a.number - b.number);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['stopped', 'submitted']);
    expect(attempts[1]?.session).toBe(attempts[0]?.session);
    const codes = (await mc.transcript(attempts[1]?.id ?? '')).flatMap((e) =>
      e.kind === 'notice' ? [e.code] : [],
    );
    expect(codes).toEqual(['session_resumed']);
  });
});

describe.runIf((await findNamespace()) !== null)('in a PID namespace', () => {
  it('the agent works as without one, and nothing that it started gets away', async () => {
    const hide = `env -i setsid sh -c 'env -i PATH=/bin:/usr/bin setsid sleep 31729 >/dev/null 2>&1 &'`;
    mc = new AgentsWorld(
      {
        hides: [
          [
            { calls: [{ shell: `${hide}; touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done` }] },
            ...WORK,
          ],
        ],
      },
      { MC_CONTAIN: '1' },
    );
    await mc.begin();
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'hides');
    await begun();
    const hidden = () =>
      [...readProcessTable().keys()].filter(
        (pid) => readText(`/proc/${pid}/cmdline`) === 'sleep\u000031729\u0000',
      );
    await mc.until(() => hidden().length === 1, 'the hidden process runs');
    mc.touch('data/worktrees/go');
    await mc.reaches(key, 'done');
    expect(hidden()).toEqual([]);
  });
});

describe('a model', () => {
  it('that refuses the request fails the attempt with its own words', async () => {
    await begin({ bad: [[{ error: { status: 400, message: 'the scripted prompt is bad' } }]] }, ONE_TRY);
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'bad');
    await mc.reaches(key, 'needs_input');
    const [attempt] = await mc.attempts(key);
    expect(attempt?.outcome).toBe('failed');
    expect(attempt?.reason).toMatch(/^agent_error: .*the scripted prompt is bad/);
  });

  it('that never answers is a stall, and leaves no process', async () => {
    await begin({ hangs: [[{ hang: true }]] }, ONE_TRY);
    await mc.profileOf('opencode', opencodeProfile(mc.model, 'allow', { stallSeconds: 30 }));
    const key = await mc.work('opencode', 'hangs');
    await mc.reaches(key, 'needs_input', 100_000);
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'timed_out', reason: 'stalled' });
    expect(mc.model.hanging).toBeGreaterThan(0);
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });

  it('that refuses for a time ends the attempt as rate limited, though the agent would retry for ever', async () => {
    const error = { status: 429, message: 'Rate limit reached. Please try again in 45s.' };
    await begin({ limited: [[{ error }]] });
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'limited');
    const attempt = await mc.eventually(
      async () => (await mc.attempts(key)).find(({ state }) => state === 'ended'),
      'the attempt ended',
      70_000,
    );
    expect(attempt).toMatchObject({ outcome: 'rate_limited', reason: expect.stringContaining('Rate limit') });
    const ticket = await mc.get(key);
    expect(ticket.status).toBe('todo');
    const waitMs = Date.parse(ticket.notBefore ?? '') - Date.parse(attempt.endedAt ?? '');
    expect(waitMs).toBeGreaterThan(20_000);
  });
});
