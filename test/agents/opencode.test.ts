/** The real opencode over the Agent Client Protocol, against a scripted model. */
import { afterEach, describe, expect, it } from 'vitest';
import { identify, isAlive } from '../../src/runner/processes/process-table.ts';
import type { Script } from './model/script.ts';
import { AgentsWorld, COMMIT, opencodeProfile, SUBMIT } from './support/real-agents.ts';

let mc: AgentsWorld;

async function begin(script: Script, project: object = {}): Promise<void> {
  mc = new AgentsWorld(script);
  await mc.begin(project);
}
afterEach(async () => {
  await mc.finish();
});

const ONE_TRY = { limits: { maxAttempts: 1, backoffSeconds: 0 } };
const WORK = [{ say: 'I make it good.', calls: [{ shell: COMMIT }] }, { calls: [{ shell: SUBMIT }] }];

describe('opencode', () => {
  it('does the work, which is committed, verified and done; its transcript tells all of it', async () => {
    await begin({
      works: [
        [
          { think: 'I look first.', say: 'I make it good.', calls: [{ shell: COMMIT }] },
          { say: 'Now I hand it in.', calls: [{ shell: SUBMIT }] },
        ],
      ],
    });
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'works');
    const ticket = await mc.reaches(key, 'done');
    expect(ticket.evidence.every((e) => e.state === 'verified')).toBe(true);
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'submitted', summary: 'made it good' });
    expect(attempt?.session).toMatch(/^ses_/);
    expect(attempt?.cost.usd).toBeGreaterThan(0);
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries[0]).toMatchObject({ kind: 'notice', code: 'session_started' });
    expect(entries[1]).toMatchObject({ kind: 'prompt', text: expect.stringContaining('[[scenario:works]]') });
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'thought', text: 'I look first.' }));
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'message', text: 'Now I hand it in.' }));
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'tool', tool: 'execute', state: 'running', input: COMMIT }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'tool', state: 'completed', exitCode: 0 }),
    );
  });

  it('that asks for permission is held, and goes on when a person allows it', async () => {
    await begin({ asks: [WORK] });
    await mc.profileOf('opencode', opencodeProfile(mc.model, 'ask', { holdSeconds: 60 }));
    const key = await mc.work('opencode', 'asks');
    const question = await mc.eventually(async () => (await mc.get(key)).questions[0], 'it asks', 40_000);
    expect(question).toMatchObject({ kind: 'permission', state: 'open' });
    expect(question.text).toContain(COMMIT);
    expect((await mc.get(key)).status).toBe('in_progress');
    await mc.api.post(`/tickets/${key}/questions/${question.id}/answer`, { choice: 'allow_once' });
    await mc.reaches(key, 'done');
    const [attempt] = await mc.attempts(key);
    expect((await mc.attempts(key)).length).toBe(1);
    const permissions = (await mc.transcript(attempt?.id ?? '')).filter((e) => e.kind === 'permission');
    expect(permissions).toMatchObject([
      { outcome: 'asked', question: question.id },
      { outcome: 'allowed', by: 'person', question: question.id },
    ]);
  });

  it('is parked when nobody answers, and answered goes on as the same attempt in the same session', async () => {
    await begin({ asks: [WORK, WORK] });
    await mc.profileOf('opencode', opencodeProfile(mc.model, 'ask', { holdSeconds: 1 }));
    const key = await mc.work('opencode', 'asks');
    const asked = await mc.reaches(key, 'needs_input');
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'parked', 'it is parked', 40_000);
    const [parked] = await mc.attempts(key);
    expect(mc.processesOf(parked?.id ?? '')).toEqual([]);
    const question = asked.questions[0];
    await mc.api.post(`/tickets/${key}/questions/${question?.id}/answer`, { choice: 'allow_once' });
    await mc.reaches(key, 'done');
    const attempts = await mc.attempts(key);
    expect(attempts.map(({ id, session }) => ({ id, session }))).toEqual([
      { id: parked?.id, session: parked?.session },
    ]);
    const entries = await mc.transcript(parked?.id ?? '');
    const codes = entries.flatMap((e) => (e.kind === 'notice' ? [e.code] : []));
    expect(codes).toEqual(['session_started', 'parking', 'session_resumed']);
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'permission', outcome: 'allowed', by: 'earlier_answer' }),
    );
    expect((await mc.get(key)).questions.length).toBe(1);
  });

  it('whose permission was refused is not done, whatever it says', async () => {
    const lie = [{ say: 'Everything is done and all tests pass.' }];
    await begin({ refused: [[{ calls: [{ shell: COMMIT }] }, ...lie], lie, lie] }, ONE_TRY);
    await mc.profileOf('opencode', opencodeProfile(mc.model, 'ask', { permissions: 'deny' }));
    const key = await mc.work('opencode', 'refused');
    await mc.reaches(key, 'needs_input');
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'failed', reason: 'exited_without_result' });
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'permission', outcome: 'denied', by: 'policy' }),
    );
    expect(mc.git(mc.clone, 'show', `mc/${key}/1:value`)).toBe('bad');
  });

  it('that forgot to report is reminded in its session, and loses nothing', async () => {
    await begin({
      forgets: [[{ calls: [{ shell: COMMIT }] }, { say: 'Done.' }], [{ calls: [{ shell: SUBMIT }] }]],
    });
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'forgets');
    await mc.reaches(key, 'done');
    const [attempt, ...others] = await mc.attempts(key);
    expect(others).toEqual([]);
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries.filter((e) => e.kind === 'notice' && e.code === 'reminded').length).toBe(1);
  });

  it('that lies is reminded twice and has failed; what it did is there for the next attempt', async () => {
    const lie = [{ say: 'I have submitted it, everything is verified.' }];
    await begin(
      {
        lies: [[{ calls: [{ shell: 'echo good > value' }] }, ...lie], lie, lie],
      },
      { limits: { maxAttempts: 2, backoffSeconds: 0 } },
    );
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    await mc.profile(
      'finisher',
      'git status --porcelain > $OUT/found; git commit -qam "make it good"; mc-coord submit --summary "finished"',
    );
    const key = await mc.work('opencode', 'lies');
    await mc.eventually(
      async () => (await mc.attempts(key)).length === 2,
      'the next attempt is made',
      60_000,
    );
    const first = (await mc.attempts(key)).find(({ number }) => number === 1);
    expect(first).toMatchObject({ outcome: 'failed', reason: 'exited_without_result' });
    const entries = await mc.transcript(first?.id ?? '');
    expect(entries.filter((e) => e.kind === 'notice' && e.code === 'reminded').length).toBe(2);
    await mc.reaches(key, 'needs_input');
    const question = (await mc.get(key)).questions.find(({ state }) => state === 'open');
    const item = await mc.eventually(async () => {
      const { items } = await mc.api.get<{
        items: { id: string; ticket: string; kind: string; state: string }[];
      }>('/inbox');
      return items.find((i) => i.ticket === key && i.kind === 'attempts_exhausted' && i.state !== 'acted');
    }, 'a person is asked');
    expect(question?.kind).toBe('attempts_exhausted');
    await mc.api.post(`/inbox/${item.id}/act`, {
      decision: 'retry',
      reason: 'once more',
      profile: 'finisher',
    });
    await mc.reaches(key, 'done');
    expect(mc.read('found')).toBe('M value');
  });

  it('that is cancelled while a tool runs leaves no process', async () => {
    const tool = `setsid sh -c 'echo $$ > ../tool.pid; exec sleep 300'`;
    await begin({ sleeps: [[{ calls: [{ shell: tool }] }]] });
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'sleeps');
    const pid = await mc.until(() => mc.read('data/worktrees/tool.pid'), 'the tool runs', 40_000);
    const running = identify(Number(pid));
    expect(isAlive(running)).toBe(true);
    await mc.move(key, 'cancel', { reason: 'not needed' });
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
    const [attempt] = await mc.attempts(key);
    expect(attempt?.outcome).toBe('cancelled');
    expect(isAlive(running)).toBe(false);
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });

  it('has the tools of Mission Control over MCP, with the rights of its attempt', async () => {
    const submit = { mcp: 'submit', args: { summary: 'by a tool' } };
    await begin({ tools: [[{ calls: [{ shell: COMMIT }] }, { calls: [submit] }]] });
    await mc.profileOf('opencode', opencodeProfile(mc.model));
    const key = await mc.work('opencode', 'tools');
    await mc.reaches(key, 'done');
    expect((await mc.attempts(key))[0]).toMatchObject({ outcome: 'submitted', summary: 'by a tool' });
  });
});
