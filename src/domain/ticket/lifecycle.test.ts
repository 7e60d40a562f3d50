import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isRefusal, type Refusal } from '../refusal.ts';
import { TICKET_STATUSES, TRANSITIONS } from '../words.ts';
import { backoffMs } from './decide.ts';
import { decidePark, decidePermission, decideStop } from './decide-attempt.ts';
import { decideClaim, decideExpire, decideLoseParked, decideResume } from './decide-dispatch.ts';
import { decideAnswer, decideCancel, decideReopen } from './decide-people.ts';
import { buildPrompt } from './prompt.ts';
import { Story, COMMIT, DISPATCHER, PERSON, RUNNER } from './testing.ts';
import { TRANSITION_TABLE } from './transitions.ts';

const refusal = (decision: unknown): Refusal => {
  if (!isRefusal(decision)) throw new Error(`expected a refusal, got ${JSON.stringify(decision)}`);
  return decision;
};
const VERIFIER = { kind: 'control_plane', id: 'verifier' } as const;

const question = (story: Story) => {
  const found = story.ticket.questions.at(-1);
  if (!found) throw new Error('no question');
  return found;
};
const answer = (
  story: Story,
  command: { text?: string; choice?: string; profile?: string } = { text: 'blue' },
) => story.when(PERSON, (t, c) => decideAnswer(t, { question: question(story).id, ...command }, c));
const resume = (story: Story) =>
  story.when(DISPATCHER, (t, c) =>
    decideResume(t, { profile: 'worker', runner: 'run', epoch: 1, fenceFloor: 0 }, c),
  );

describe('the transition table', () => {
  it('names every transition once, and no worker or operator ever leads to done', () => {
    expect(TRANSITION_TABLE.map((row) => row.transition).sort()).toEqual([...TRANSITIONS].sort());
    for (const row of TRANSITION_TABLE) {
      expect(row.by).not.toContain('operator');
      if (row.to === 'done')
        expect(row.by.some((kind) => ['attempt', 'runner', 'dispatcher'].includes(kind))).toBe(false);
    }
  });

  it('leaves no open status without a way on', () => {
    for (const status of TICKET_STATUSES)
      expect(TRANSITION_TABLE.some((row) => row.from.includes(status))).toBe(true);
  });
});

describe('fencing', () => {
  it('refuses every signal under an older token, and changes nothing', () => {
    const story = new Story().running();
    const old = story.attempt.fence;
    story.signal({ type: 'ask', text: 'Which colour?' });
    story.when(RUNNER, (t, c) =>
      decidePark(t, { attempt: story.attempt.id, fence: old, session: 's', treeGone: true }, c),
    );
    answer(story);
    resume(story);
    story.accept();
    expect(story.attempt.fence).toBeGreaterThan(old);
    const before = story.ticket;
    for (const type of ['progress', 'ask', 'submit', 'fail'] as const) {
      const said = refusal(story.signal({ type, text: 'x', summary: 'x', reason: 'x' }, old));
      expect([said.code, said.reason]).toEqual(['stale_attempt', 'superseded']);
    }
    expect(story.ticket).toBe(before);
  });

  it('says why an attempt is over', () => {
    const reasonAfter = (run: (story: Story) => void): string | undefined => {
      const story = new Story().running();
      run(story);
      return refusal(story.signal({ type: 'submit', summary: 'x', commit: COMMIT })).reason;
    };
    expect(reasonAfter((s) => s.end())).toBe('ended');
    expect(reasonAfter((s) => s.when(PERSON, (t, c) => decideCancel(t, 'no', c)))).toBe('cancelled');
    expect(reasonAfter((s) => s.signal({ type: 'ask', text: 'x' }))).toBe('parked');
    expect(reasonAfter((s) => s.when(VERIFIER, (t, c) => decideExpire(t, s.attempt.id, c)))).toBe(
      'lease_expired',
    );
  });

  it('rises strictly with every claim and resume, also past a floor that a restore set', () => {
    const story = new Story();
    story.claim();
    expect(story.ticket.fence).toBe(1);
    story.when(VERIFIER, (t, c) => decideExpire(t, story.attempt.id, c));
    expect(story.attempt).toMatchObject({ outcome: 'declined' });
    story.when(DISPATCHER, (t, c) =>
      decideClaim(t, { profile: 'worker', runner: 'run', epoch: 1, fenceFloor: 40 }, c),
    );
    expect(story.ticket.fence).toBe(41);
  });
});

describe('asking', () => {
  it('parks the attempt, waits without a slot or a retry, and goes on as the same attempt', () => {
    const story = new Story().running();
    const { id, fence } = story.attempt;
    story.signal({ type: 'ask', text: 'Which colour?', choices: ['red', 'blue'] });
    expect([story.ticket.status, story.attempt.state]).toEqual(['needs_input', 'stopping']);
    expect(refusal(resume(story)).code).toBe('transition_not_allowed');
    story.when(RUNNER, (t, c) => decidePark(t, { attempt: id, fence, session: 'ses', treeGone: true }, c));
    expect(story.attempt.state).toBe('parked');
    answer(story, { choice: '2' });
    expect(question(story)).toMatchObject({
      state: 'answered',
      answer: 'blue',
      choice: '2',
      answeredBy: 'ada',
    });
    resume(story);
    expect(story.attempt).toMatchObject({
      id,
      number: 1,
      state: 'offered',
      session: 'ses',
      fence: fence + 1,
    });
    expect(story.ticket.retriesSpent).toBe(0);
    expect(buildPrompt(story.ticket, story.attempt, [], true)).toContain('Q: Which colour?\nA: blue');
  });

  it('takes further questions while it parks, and resumes only when all are answered', () => {
    const story = new Story().running();
    story.signal({ type: 'ask', text: 'One?' });
    story.signal({ type: 'ask', text: 'Two?' });
    story.when(RUNNER, (t, c) =>
      decidePark(
        t,
        { attempt: story.attempt.id, fence: story.attempt.fence, session: null, treeGone: true },
        c,
      ),
    );
    answer(story);
    expect(refusal(resume(story)).detail).toContain('open question');
    story.when(PERSON, (t, c) => decideAnswer(t, { question: t.questions[0]?.id ?? '', text: 'first' }, c));
    resume(story);
    const prompt = buildPrompt(story.ticket, story.attempt, [], true);
    expect(prompt).toContain('A: first');
    expect(prompt).toContain('A: blue');
  });

  it('answers twice only by the first answer', () => {
    const story = new Story().running();
    story.signal({ type: 'ask', text: 'Which?' });
    answer(story, { text: 'first' });
    expect(refusal(answer(story, { text: 'second' }))).toMatchObject({
      code: 'already_answered',
      result: { answer: 'first' },
    });
  });

  it('loses no answer when the runner is lost while parking, or stays silent afterwards', () => {
    for (const lose of [
      (s: Story) => s.when(VERIFIER, (t, c) => decideExpire(t, s.attempt.id, c)),
      (s: Story) => {
        s.when(RUNNER, (t, c) =>
          decidePark(t, { attempt: s.attempt.id, fence: s.attempt.fence, session: null, treeGone: true }, c),
        );
        return s.when(VERIFIER, (t, c) => decideLoseParked(t, s.attempt.id, c));
      },
    ]) {
      const story = new Story().running();
      story.signal({ type: 'ask', text: 'Which?' });
      lose(story);
      expect(story.attempt.outcome).toBe('lost');
      expect([story.ticket.status, story.ticket.retriesSpent]).toEqual(['needs_input', 0]);
      answer(story);
      resume(story);
      expect(story.attempt.number).toBe(2);
      expect(story.attempt.continues).toBe(story.ticket.attempts[0]?.id);
      expect(buildPrompt(story.ticket, story.attempt, [], false)).toContain('A: blue');
    }
  });

  it('holds a permission request while it runs, and withdraws it when the attempt ends otherwise', () => {
    const story = new Story().running();
    const ask = () =>
      story.when(RUNNER, (t, c) =>
        decidePermission(
          t,
          {
            attempt: story.attempt.id,
            fence: story.attempt.fence,
            text: 'rm -rf?',
            choices: [{ id: 'y', label: 'Yes' }],
          },
          c,
        ),
      );
    ask();
    expect([story.ticket.status, story.attempt.state]).toEqual(['in_progress', 'running']);
    story.end('failed');
    expect(question(story).state).toBe('withdrawn');
  });
});

describe('retries', () => {
  it('release with back-off until they are spent, then ask what to do', () => {
    const story = new Story();
    for (let i = 1; i <= 2; i += 1) {
      story.running();
      story.end('failed', true, 'exited_without_result');
      expect(story.ticket).toMatchObject({ status: 'todo', retriesSpent: i });
      expect(story.ticket.notBefore).toBeGreaterThan(story.now);
    }
    story.running();
    story.signal({ type: 'fail', reason: 'impossible' });
    expect(story.ticket.status).toBe('needs_input');
    expect(question(story).kind).toBe('attempts_exhausted');
    story.end();
    answer(story, { choice: 'retry' });
    expect(story.ticket.retriesSpent).toBe(0);
    resume(story);
    expect(story.attempt.number).toBe(4);
  });

  it('are not spent by a declined offer, a rate limit or a stop', () => {
    const story = new Story();
    story.claim();
    story.when(VERIFIER, (t, c) => decideExpire(t, story.attempt.id, c));
    story.running();
    story.end('rate_limited');
    story.running();
    story.when({ kind: 'control_plane', id: 'pause' }, (t, c) => decideStop(t, 'paused', c));
    expect([story.ticket.status, story.attempt.state, story.ticket.retriesSpent]).toEqual([
      'todo',
      'stopping',
      0,
    ]);
    expect(refusal(story.claim()).detail).toContain('still stopping');
    story.end();
    story.claim();
    expect(story.attempt.continues).toBe(story.ticket.attempts.at(-2)?.id);
  });

  it('end at once with fail --no-retry', () => {
    const story = new Story().running();
    story.signal({ type: 'fail', reason: 'never', retry: false });
    expect([story.ticket.status, question(story).kind]).toEqual(['needs_input', 'attempts_exhausted']);
  });

  it('cancel by the answer', () => {
    const story = new Story().running();
    story.signal({ type: 'fail', reason: 'never', retry: false });
    answer(story, { choice: 'cancel' });
    expect(story.ticket.status).toBe('cancelled');
  });

  it('back off exponentially, within an hour, never negative', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 86_400, noNaN: true }),
        fc.nat(50),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (base, tries, r) => {
          const ms = backoffMs(base, tries, () => r);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(3_600_000);
        },
      ),
    );
  });
});

describe('stopping', () => {
  it('keeps the slot until the tree is reported gone, and the outcome that was fixed', () => {
    const story = new Story().running();
    story.end('timed_out', false, 'timeout');
    expect([story.ticket.status, story.attempt.state, story.attempt.outcome]).toEqual([
      'todo',
      'stopping',
      'timed_out',
    ]);
    expect(refusal(story.claim()).detail).toContain('stopping');
    story.end('failed', true);
    expect([story.attempt.state, story.attempt.outcome]).toEqual(['ended', 'timed_out']);
  });

  it('makes a submit out of nothing but the signal', () => {
    const story = new Story().running();
    story.end('submitted');
    expect([story.ticket.status, story.attempt.outcome, story.attempt.reason]).toEqual([
      'todo',
      'failed',
      'exited_without_result',
    ]);
  });

  it('cancels from every open status', () => {
    const stories = [
      new Story({}, 'backlog'),
      new Story(),
      new Story().running(),
      new Story().submitted(),
      (() => {
        const s = new Story().running();
        s.signal({ type: 'ask', text: 'x' });
        return s;
      })(),
    ];
    for (const story of stories) {
      story.when(PERSON, (t, c) => decideCancel(t, 'no', c));
      expect(story.ticket.status).toBe('cancelled');
      const attempt = story.ticket.attempts.at(-1);
      if (attempt && attempt.outcome !== 'submitted')
        expect([attempt.outcome, attempt.stoppingTo]).toEqual(['cancelled', 'ended']);
      expect(story.ticket.questions.every((q) => q.state !== 'open')).toBe(true);
      expect(refusal(story.when(PERSON, (t, c) => decideReopen(t, '', c))).code).toBe('invalid_request');
      story.when(PERSON, (t, c) => decideReopen(t, 'after all', c));
      expect(story.ticket.status).toBe('todo');
    }
  });
});
