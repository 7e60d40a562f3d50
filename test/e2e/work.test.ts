/** The whole way of a ticket, with a runner, mc-coord and the verifier as they ship. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isAlive } from '../../src/runner/processes/process-table.ts';
import { MissionControl } from '../harness/mission-control.ts';

let mc: MissionControl;

beforeEach(async () => {
  mc = new MissionControl();
  await mc.start();
});
afterEach(async () => {
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
  await mc.stop();
});

const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';

describe('a ticket', () => {
  it('is worked on, submitted, verified, accepted and done', async () => {
    await mc.project();
    await mc.profile(
      'worker',
      `mc-coord progress "looking" --percent 10; mc-coord ticket > $OUT/ticket; ${GOOD}; echo exit $?`,
    );
    const { key } = await mc.ticket('worker', {
      description: 'It is bad.',
      acceptanceCriteria: ['value is good'],
    });
    await mc.inStatus(key, 'in_review');
    const evidence = await mc.settled(key);
    expect(new Set(evidence.map(({ kind, state }) => `${kind} ${state}`))).toEqual(
      new Set(['check verified', 'commit verified', 'signal verified']),
    );
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({
      state: 'ended',
      outcome: 'submitted',
      branch: `mc/${key}/1`,
      summary: 'made it good',
    });
    expect(attempt?.head).toBe(mc.git(mc.clone, 'rev-parse', `mc/${key}/1`));
    expect(attempt?.base).toBe(mc.git(mc.repo, 'rev-parse', 'main'));
    const check = evidence.find((e) => e.kind === 'check');
    expect(check?.details).toMatchObject({ exitCode: 0 });
    await mc.eventually(
      async () => (await mc.output(`/evidence/${check?.id}`)) === 'value is good\n',
      'the output of the check',
    );
    await mc.eventually(
      async () => (await mc.output(`/attempts/${attempt?.id}`)).includes('exit 0'),
      'the output of the agent',
    );
    expect(mc.read('ticket')).toContain('- value is good');
    const diff = await mc.api.get<{ files: { path: string }[]; patch: string }>(
      `/attempts/${attempt?.id}/diff`,
    );
    expect(diff.files.map((file) => file.path)).toEqual(['value']);
    expect(diff.patch).toContain('+good');
    await mc.move(key, 'accept');
    expect((await mc.get(key)).status).toBe('done');
    expect(mc.git(mc.repo, 'status', '--porcelain')).toBe('');
    expect(mc.git(mc.repo, 'branch', '--list')).toBe('* main');
  });

  it('that a liar submits is refuted, and cannot be accepted', async () => {
    await mc.project();
    await mc.profile(
      'liar',
      'echo lie >> value; git commit -qam "all tests pass"; mc-coord submit --summary "verified, all checks pass"',
    );
    const { key } = await mc.ticket('liar');
    await mc.inStatus(key, 'in_review');
    const evidence = await mc.settled(key);
    const check = evidence.find((e) => e.kind === 'check');
    expect(check).toMatchObject({ state: 'refuted', details: { exitCode: 1 } });
    expect(check?.reason).toContain('value is bad');
    await expect(mc.move(key, 'accept')).rejects.toMatchObject({ code: 'evidence_incomplete' });
    expect((await mc.get(key)).status).toBe('in_review');
  });

  it('that claims the commit it started from is told so, and goes on', async () => {
    await mc.project();
    await mc.profile('idle', `mc-coord submit --summary done > $OUT/said 2>&1; echo $? > $OUT/code; ${GOOD}`);
    const { key } = await mc.ticket('idle');
    await mc.inStatus(key, 'in_review');
    expect(mc.read('code')).toBe('3');
    expect(mc.read('said')).toContain('Missing: commit');
    await mc.settled(key);
  });

  it('waits for an answer, and resumes as the same attempt in the same worktree', async () => {
    await mc.project();
    await mc.profile(
      'asker',
      `if [ -e half ]; then mc-coord ticket > $OUT/ticket; cat > $OUT/prompt; pwd > $OUT/second; git add half; ${GOOD}; ` +
        'else echo half > half; pwd > $OUT/first; (setsid sleep 300 &); mc-coord ask "Which colour?" --choice red --choice blue; sleep 300; fi',
    );
    const { key } = await mc.ticket('asker');
    const asked = await mc.inStatus(key, 'needs_input');
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'parked', 'it is parked');
    const [first] = await mc.attempts(key);
    expect(mc.processesOf(first?.id ?? '')).toEqual([]);
    const question = asked.questions[0];
    expect(question).toMatchObject({ text: 'Which colour?', state: 'open' });
    await mc.api.post(`/tickets/${key}/questions/${question?.id}/answer`, {
      choice: question?.choices[1]?.id,
    });
    await mc.inStatus(key, 'in_review');
    await mc.settled(key);
    const attempts = await mc.attempts(key);
    expect(attempts.map(({ id, number, outcome }) => ({ id, number, outcome }))).toEqual([
      { id: first?.id, number: 1, outcome: 'submitted' },
    ]);
    expect(attempts[0]?.fence).toBeGreaterThan(first?.fence ?? 0);
    expect(mc.read('second')).toBe(mc.read('first'));
    expect(mc.read('prompt')).toContain('blue');
    expect(mc.read('ticket')).toContain('Answer: blue');
  });

  it('that is sent back starts again at the submitted head, with the feedback', async () => {
    await mc.project();
    await mc.profile(
      'again',
      `cat > $OUT/prompt-$MC_ATTEMPT; echo $MC_ATTEMPT > tries; git add tries; ${GOOD} || { git commit -qm again; mc-coord submit --summary again; }`,
    );
    const { key } = await mc.ticket('again');
    await mc.inStatus(key, 'in_review');
    await mc.settled(key);
    await mc.move(key, 'request_changes', { feedback: 'Please do it twice.' });
    await mc.eventually(
      async () => (await mc.attempts(key)).length === 2 && (await mc.get(key)).status === 'in_review',
      'it is submitted again',
    );
    const attempts = (await mc.attempts(key)).toSorted((a, b) => a.number - b.number);
    expect(attempts[1]?.base).toBe(attempts[0]?.head);
    expect(mc.read('prompt-2')).toContain('Please do it twice.');
    await mc.settled(key);
  });

  it('that is cancelled leaves no process, also none that left the session', async () => {
    await mc.project();
    await mc.profile(
      'daemon',
      '(setsid sh -c "sleep 301 & echo \\$! > $OUT/pid; wait" &); while :; do sleep 0.2; echo .; done',
    );
    const { key } = await mc.ticket('daemon');
    const daemon = identify(Number(await mc.until(() => mc.read('pid'), 'the daemon runs')));
    const [attempt] = await mc.attempts(key);
    await mc.move(key, 'cancel', { reason: 'not needed' });
    await mc.until(() => !isAlive(daemon), 'the daemon is gone');
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
    expect((await mc.attempts(key))[0]).toMatchObject({ outcome: 'cancelled' });
  });

  it('whose agent leaves work uncommitted keeps it', async () => {
    await mc.project({ limits: { maxAttempts: 1 } });
    await mc.profile('messy', 'echo precious > notes.txt; echo changed > value; exit 0');
    const { key } = await mc.ticket('messy');
    await mc.inStatus(key, 'needs_input');
    expect(mc.git(mc.clone, 'show', `mc-wip/${key}/1:notes.txt`)).toBe('precious');
    expect(mc.git(mc.clone, 'show', `mc-wip/${key}/1:value`)).toBe('changed');
    expect((await mc.attempts(key))[0]).toMatchObject({
      outcome: 'failed',
      reason: 'exited_without_result',
      exitCode: 0,
    });
  });
});

describe('limits of a profile', () => {
  it('end what takes too long, and what says nothing, with their trees', async () => {
    await mc.project({ limits: { maxAttempts: 1 } });
    await mc.profile('slow', 'trap "" TERM; while :; do echo tick; sleep 0.2; done', { timeoutSeconds: 2 });
    await mc.profile('silent', 'sleep 300', { stallSeconds: 2 });
    const slow = await mc.ticket('slow');
    const silent = await mc.ticket('silent');
    await mc.inStatus(slow.key, 'needs_input');
    await mc.inStatus(silent.key, 'needs_input');
    for (const [key, reason] of [
      [slow.key, 'timeout'],
      [silent.key, 'stalled'],
    ] as const) {
      await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
      const [attempt] = await mc.attempts(key);
      expect(attempt).toMatchObject({ outcome: 'timed_out', reason });
      expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
    }
  });

  it('do not count an agent as silent that reports progress', async () => {
    await mc.project();
    await mc.profile(
      'quiet',
      `for n in 1 2 3 4; do sleep 1; mc-coord progress "step $n" > /dev/null; done; ${GOOD}`,
      { stallSeconds: 2 },
    );
    const { key } = await mc.ticket('quiet');
    await mc.inStatus(key, 'in_review');
    expect((await mc.attempts(key)).length).toBe(1);
  });
});

describe('a project', () => {
  it('that cannot be set up says so on the attempt, with its output', async () => {
    await mc.project({ setup: { command: 'echo no compiler here; exit 3' }, limits: { maxAttempts: 1 } });
    await mc.profile('worker', GOOD);
    const { key } = await mc.ticket('worker');
    await mc.inStatus(key, 'needs_input');
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'failed', reason: 'setup_failed' });
    await mc.eventually(
      async () => (await mc.output(`/attempts/${attempt?.id}`)).includes('no compiler here'),
      'the output arrived',
    );
    expect(existsSync(join(mc.dataDir, 'run'))).toBe(true);
  });
});
