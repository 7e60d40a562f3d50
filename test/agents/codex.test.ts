/** The real codex without a terminal, against a scripted model. */
import { afterEach, describe, expect, it } from 'vitest';
import { isAlive, sendSignal } from '../../src/runner/processes/process-table.ts';
import type { Script } from './model/script.ts';
import { AgentsWorld, codexProfile, COMMIT, SUBMIT } from './support/real-agents.ts';

let mc: AgentsWorld;

async function begin(script: Script, project: object = {}, env = {}): Promise<void> {
  mc = new AgentsWorld(script, env);
  await mc.begin(project);
}
afterEach(async () => {
  await mc.finish();
});

const ONE_TRY = { limits: { maxAttempts: 1, backoffSeconds: 0 } };
const usage = { input: 1000, output: 50 };
const WORK = [
  { say: 'I make it good.', calls: [{ shell: COMMIT }], usage },
  { calls: [{ shell: SUBMIT }], usage },
];

describe('codex', () => {
  it('does the work, which is committed, verified and done; its transcript tells all of it', async () => {
    await begin({ works: [WORK] });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'works');
    await mc.reaches(key, 'done');
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({
      outcome: 'submitted',
      session: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    // Its last words come after the submit, and are waited for.
    expect(attempt?.cost).toMatchObject({
      inputTokens: expect.any(Number),
      outputTokens: expect.any(Number),
    });
    expect(attempt?.cost.inputTokens).toBeGreaterThanOrEqual(2000);
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries[0]).toMatchObject({ kind: 'prompt' });
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'message', text: 'I make it good.' }));
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'tool', tool: 'execute', state: 'completed', exitCode: 0 }),
    );
  });

  it('in its own sandbox can commit and report', async () => {
    await begin({ works: [WORK] });
    await mc.profileOf('codex', codexProfile(mc.model, { permissions: 'ask' }));
    const key = await mc.work('codex', 'works');
    await mc.reaches(key, 'done');
  });

  it('that forgot to report is reminded in its session; its tokens are counted once', async () => {
    await begin({
      forgets: [
        [
          { calls: [{ shell: COMMIT }], usage },
          { say: 'Done.', usage },
        ],
        [
          { calls: [{ shell: `${SUBMIT}; sleep 1` }], usage },
          { say: 'Reported.', usage },
        ],
      ],
    });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'forgets');
    await mc.reaches(key, 'done');
    const [attempt, ...others] = await mc.attempts(key);
    expect(others).toEqual([]);
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries.filter((e) => e.kind === 'notice' && e.code === 'reminded').length).toBe(1);
    const totals = entries.filter((e) => e.kind === 'usage').map((e) => [e.inputTokens, e.outputTokens]);
    expect(totals[0]).toEqual([2000, 100]);
    // Codex itself says 4000 of the second process, which went on with the thread of the first.
    if (totals[1]) expect(totals[1]).toEqual([4000, 200]);
  });

  it('that asked and was answered goes on in its session', async () => {
    await begin({
      asks: [[{ calls: [{ shell: 'mc-coord ask "Which?" --choice red --choice blue' }] }], WORK],
    });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'asks');
    const asked = await mc.reaches(key, 'needs_input');
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'parked', 'it is parked', 30_000);
    await mc.api.post(`/tickets/${key}/questions/${asked.questions[0]?.id}/answer`, { choice: 'blue' });
    await mc.reaches(key, 'done');
    const resumed = mc.model.seen.find(({ place }) => place?.phase === 1);
    expect(resumed?.prompt).toContain('A: blue');
    expect((await mc.attempts(key)).length).toBe(1);
  });

  it('whose session is lost gets a new one that is told what came before', async () => {
    await begin({
      asks: [[{ calls: [{ shell: 'mc-coord ask "Which colour?" --choice red --choice blue' }] }], WORK],
    });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'asks');
    const asked = await mc.reaches(key, 'needs_input');
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'parked', 'it is parked', 30_000);
    mc.remove('data/homes/codex/.codex/sessions');
    await mc.api.post(`/tickets/${key}/questions/${asked.questions[0]?.id}/answer`, { choice: 'blue' });
    await mc.reaches(key, 'done');
    const [attempt] = await mc.attempts(key);
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'notice', code: 'session_not_resumed' }));
    const prompts = entries.flatMap((e) => (e.kind === 'prompt' ? [e.text] : []));
    expect(prompts.at(-1)).toContain('You asked: Which colour?');
    expect(prompts.at(-1)).toContain('You were told: blue');
    expect(prompts.at(-1)).toContain('[[scenario:asks]]');
  });

  it('goes on while its runner is killed and comes back, and nothing it said is lost or told twice', async () => {
    const wait = 'touch ../begun; while [ ! -e ../go ]; do sleep 0.1; done';
    // The lease must be good when the runner is back, however slow the machine is.
    const lease = { MC_LEASE_SECONDS: '30' };
    await begin({ slow: [[{ say: 'I wait.', calls: [{ shell: wait }] }, ...WORK]] }, {}, lease);
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'slow');
    await mc.until(() => mc.worktreesHave('begun'), 'the tool runs', 40_000);
    const runner = mc.runner();
    if (!runner) throw new Error('no runner');
    sendSignal(runner, 'SIGKILL');
    await mc.until(() => mc.runner() !== null, 'the runner is back', 30_000);
    mc.touch('data/worktrees/go');
    await mc.reaches(key, 'done');
    const [attempt, ...others] = await mc.attempts(key);
    expect(others).toEqual([]);
    const messages = (await mc.transcript(attempt?.id ?? '')).flatMap((e) =>
      e.kind === 'message' ? [e.text] : [],
    );
    expect(messages.filter((text) => text === 'I wait.').length).toBe(1);
    expect(messages.filter((text) => text === 'I make it good.').length).toBe(1);
  });

  it('that is cancelled while a tool runs leaves no process', async () => {
    await begin({ sleeps: [[{ calls: [{ shell: 'touch ../begun; setsid sleep 300' }] }]] });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'sleeps');
    await mc.until(() => mc.worktreesHave('begun'), 'the tool runs', 40_000);
    const [attempt] = await mc.attempts(key);
    const running = mc.processesOf(attempt?.id ?? '');
    await mc.move(key, 'cancel', { reason: 'not needed' });
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
    expect(running.filter((process) => isAlive(process))).toEqual([]);
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });

  it('has the tools of Mission Control over MCP, with the rights of its attempt', async () => {
    const submit = { mcp: 'submit', args: { summary: 'by a tool' } };
    await begin({ tools: [[{ calls: [{ shell: COMMIT }] }, { calls: [submit] }]] });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'tools');
    await mc.reaches(key, 'done');
    expect((await mc.attempts(key))[0]).toMatchObject({ outcome: 'submitted', summary: 'by a tool' });
  });
});

describe('a model', () => {
  it('that refuses the request fails the attempt with its own words', async () => {
    await begin({ bad: [[{ error: { status: 400, message: 'the scripted prompt is bad' } }]] }, ONE_TRY);
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'bad');
    await mc.reaches(key, 'needs_input');
    const [attempt] = await mc.attempts(key);
    expect(attempt?.outcome).toBe('failed');
    expect(attempt?.reason).toMatch(/^agent_error: .*the scripted prompt is bad/);
  });

  it('that refuses for a time ends the attempt as rate limited, and nothing starts before', async () => {
    const error = { status: 429, message: 'Rate limit reached. Please try again in 45s.' };
    await begin({ limited: [[{ error }]] });
    await mc.profileOf('codex', codexProfile(mc.model));
    const key = await mc.work('codex', 'limited');
    const attempt = await mc.eventually(
      async () => (await mc.attempts(key)).find(({ outcome }) => outcome === 'rate_limited'),
      'it is rate limited',
      40_000,
    );
    expect(attempt.reason).toContain('429');
    const ticket = await mc.get(key);
    expect(ticket.status).toBe('todo');
    const waitMs = Date.parse(ticket.notBefore ?? '') - Date.parse(attempt.endedAt ?? '');
    expect(waitMs).toBeGreaterThan(25_000);
  });
});
