import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isRefusal, type Refusal } from '../refusal.ts';
import { TICKET_STATUSES, TRANSITIONS } from '../words.ts';
import { completionGaps, verifiableEvidence } from './completion.ts';
import { backoffMs } from './decide.ts';
import { decidePark, decidePermission, decideStop } from './decide-attempt.ts';
import { decideClaim, decideExpire, decideLoseParked, decideResume } from './decide-dispatch.ts';
import { decideWaiver } from './decide-fields.ts';
import { decideAnswer, decideCancel, decideHandIn, decideReopen } from './decide-people.ts';
import { VERIFY_TRIES, decideAcceptWork, decideByPolicy, decideFindings, decideRequestChanges } from './decide-review.ts';
import { buildPrompt } from './prompt.ts';
import { Story, BASE, COMMIT, DISPATCHER, PERSON, RUNNER } from './testing.ts';
import { TRANSITION_TABLE } from './transitions.ts';
import { nextActionOf, runtimeOf, sentenceOf } from './view.ts';

const refusal = (decision: unknown): Refusal => {
  if (!isRefusal(decision)) throw new Error(`expected a refusal, got ${JSON.stringify(decision)}`);
  return decision;
};
const VERIFIER = { kind: 'control_plane', id: 'verifier' } as const;
const POLICY = { kind: 'policy', id: 'completion-policy' } as const;
const ORCHESTRATOR = { kind: 'orchestrator', id: 'orc' } as const;

function verified(story: Story, state: 'verified' | 'refuted' | 'unverified' = 'verified', details: Record<string, unknown> = {}): Story {
  const due = verifiableEvidence(story.ticket, story.now);
  story.when(VERIFIER, (t, c) => decideFindings(t, due.map((e) => ({ id: e.id, state, reason: state === 'verified' ? null : 'exit 1', details })), c));
  return story;
}
const question = (story: Story) => {
  const found = story.ticket.questions.at(-1);
  if (!found) throw new Error('no question');
  return found;
};
const answer = (story: Story, command: { text?: string; choice?: string; profile?: string } = { text: 'blue' }) =>
  story.when(PERSON, (t, c) => decideAnswer(t, { question: question(story).id, ...command }, c));
const resume = (story: Story) => story.when(DISPATCHER, (t, c) => decideResume(t, { profile: 'worker', runner: 'run', epoch: 1, fenceFloor: 0 }, c));

describe('the transition table', () => {
  it('names every transition once, and no worker or operator ever leads to done', () => {
    expect(TRANSITION_TABLE.map((row) => row.transition).sort()).toEqual([...TRANSITIONS].sort());
    for (const row of TRANSITION_TABLE) {
      expect(row.by).not.toContain('operator');
      if (row.to === 'done') expect(row.by.some((kind) => ['attempt', 'runner', 'dispatcher'].includes(kind))).toBe(false);
    }
  });

  it('leaves no open status without a way on', () => {
    for (const status of TICKET_STATUSES) expect(TRANSITION_TABLE.some((row) => row.from.includes(status))).toBe(true);
  });
});

describe('fencing', () => {
  it('refuses every signal under an older token, and changes nothing', () => {
    const story = new Story().running();
    const old = story.attempt.fence;
    story.signal({ type: 'ask', text: 'Which colour?' });
    story.when(RUNNER, (t, c) => decidePark(t, { attempt: story.attempt.id, fence: old, session: 's', treeGone: true }, c));
    answer(story);
    resume(story);
    story.accept();
    expect(story.attempt.fence).toBeGreaterThan(old);
    const before = story.ticket;
    for (const type of ['progress', 'ask', 'submit', 'fail'] as const) {
      const said = refusal(story.signal({ type, text: 'x', summary: 'x', reason: 'x' } as never, old));
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
    expect(reasonAfter((s) => s.when(VERIFIER, (t, c) => decideExpire(t, s.attempt.id, c)))).toBe('lease_expired');
  });

  it('rises strictly with every claim and resume, also past a floor that a restore set', () => {
    const story = new Story();
    story.claim();
    expect(story.ticket.fence).toBe(1);
    story.when(VERIFIER, (t, c) => decideExpire(t, story.attempt.id, c));
    expect(story.attempt).toMatchObject({ outcome: 'declined' });
    story.when(DISPATCHER, (t, c) => decideClaim(t, { profile: 'worker', runner: 'run', epoch: 1, fenceFloor: 40 }, c));
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
    expect(question(story)).toMatchObject({ state: 'answered', answer: 'blue', choice: '2', answeredBy: 'ada' });
    resume(story);
    expect(story.attempt).toMatchObject({ id, number: 1, state: 'offered', session: 'ses', fence: fence + 1 });
    expect(story.ticket.retriesSpent).toBe(0);
    expect(buildPrompt(story.ticket, story.attempt, [], true)).toContain('Q: Which colour?\nA: blue');
  });

  it('takes further questions while it parks, and resumes only when all are answered', () => {
    const story = new Story().running();
    story.signal({ type: 'ask', text: 'One?' });
    story.signal({ type: 'ask', text: 'Two?' });
    story.when(RUNNER, (t, c) => decidePark(t, { attempt: story.attempt.id, fence: story.attempt.fence, session: null, treeGone: true }, c));
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
    expect(refusal(answer(story, { text: 'second' }))).toMatchObject({ code: 'already_answered', result: { answer: 'first' } });
  });

  it('loses no answer when the runner is lost while parking, or stays silent afterwards', () => {
    for (const lose of [
      (s: Story) => s.when(VERIFIER, (t, c) => decideExpire(t, s.attempt.id, c)),
      (s: Story) => {
        s.when(RUNNER, (t, c) => decidePark(t, { attempt: s.attempt.id, fence: s.attempt.fence, session: null, treeGone: true }, c));
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
        decidePermission(t, { attempt: story.attempt.id, fence: story.attempt.fence, text: 'rm -rf?', choices: [{ id: 'y', label: 'Yes' }] }, c),
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
    expect([story.ticket.status, story.attempt.state, story.ticket.retriesSpent]).toEqual(['todo', 'stopping', 0]);
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
      fc.property(fc.double({ min: 0, max: 86_400, noNaN: true }), fc.nat(50), fc.double({ min: 0, max: 0.999, noNaN: true }), (base, tries, r) => {
        const ms = backoffMs(base, tries, () => r);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(3_600_000);
      }),
    );
  });
});

describe('stopping', () => {
  it('keeps the slot until the tree is reported gone, and the outcome that was fixed', () => {
    const story = new Story().running();
    story.end('timed_out', false, 'timeout');
    expect([story.ticket.status, story.attempt.state, story.attempt.outcome]).toEqual(['todo', 'stopping', 'timed_out']);
    expect(refusal(story.claim()).detail).toContain('stopping');
    story.end('failed', true);
    expect([story.attempt.state, story.attempt.outcome]).toEqual(['ended', 'timed_out']);
  });

  it('makes a submit out of nothing but the signal', () => {
    const story = new Story().running();
    story.end('submitted');
    expect([story.ticket.status, story.attempt.outcome, story.attempt.reason]).toEqual(['todo', 'failed', 'exited_without_result']);
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
      if (attempt && attempt.outcome !== 'submitted') expect([attempt.outcome, attempt.stoppingTo]).toEqual(['cancelled', 'ended']);
      expect(story.ticket.questions.every((q) => q.state !== 'open')).toBe(true);
      expect(refusal(story.when(PERSON, (t, c) => decideReopen(t, '', c))).code).toBe('invalid_request');
      story.when(PERSON, (t, c) => decideReopen(t, 'after all', c));
      expect(story.ticket.status).toBe('todo');
    }
  });
});

describe('submitting', () => {
  it('refuses a commit that is no full id, or the base, and the attempt keeps running', () => {
    const story = new Story().running();
    for (const commit of ['HEAD', 'abc123', BASE]) {
      expect(refusal(story.signal({ type: 'submit', summary: 'x', commit }))).toMatchObject({ code: 'evidence_incomplete', missing: ['commit'] });
    }
    expect([story.ticket.status, story.attempt.state]).toEqual(['in_progress', 'running']);
    expect(story.ticket.evidence).toEqual([]);
  });

  it('creates what the policy requires as unverified, the signal apart', () => {
    const story = new Story().running();
    story.signal({ type: 'submit', summary: 'verified, fixed', commit: COMMIT });
    expect(story.ticket.evidence.map((e) => [e.kind, e.state, e.required])).toEqual([
      ['commit', 'unverified', true],
      ['signal', 'verified', true],
      ['check', 'unverified', true],
    ]);
    expect(verifiableEvidence(story.ticket, story.now)).toEqual([]);
    story.end();
    expect(verifiableEvidence(story.ticket, story.now)).toHaveLength(2);
  });

  it('stands for the head that the runner reports when it names no commit', () => {
    const story = new Story().running();
    story.signal({ type: 'submit', summary: 'done' });
    story.end();
    expect(story.ticket.evidence.find((e) => e.kind === 'commit')?.claim).toEqual({ commit: COMMIT });
  });

  it('ignores a head that moved after the submit', () => {
    const story = new Story().running();
    story.signal({ type: 'submit', summary: 'done', commit: 'd'.repeat(40) });
    story.end();
    expect(story.attempt.head).toBe('d'.repeat(40));
  });
});

describe('completion', () => {
  const accept = (story: Story, actor: Parameters<Story['when']>[0] = PERSON) => story.when(actor, (t, c) => decideAcceptWork(t, {}, c));

  it('counts no words: without verified evidence nobody can accept', () => {
    const story = new Story().submitted();
    for (const actor of [PERSON, ORCHESTRATOR, POLICY]) {
      expect(refusal(accept(story, actor))).toMatchObject({ code: 'evidence_incomplete', missing: ['commit', 'check'] });
    }
    verified(story, 'refuted');
    expect(refusal(accept(story)).detail).toContain('refuted');
    expect(story.ticket.status).toBe('in_review');
  });

  it('accepts what is verified, and binds the decision to it', () => {
    const story = verified(new Story().submitted());
    accept(story);
    expect(story.ticket.status).toBe('done');
    expect(story.ticket.decision).toMatchObject({ attempt: story.attempt.id, commit: COMMIT, by: 'ada' });
  });

  it('is refused to a worker, a runner and the dispatcher, whatever the evidence', () => {
    for (const actor of [{ kind: 'attempt', id: 'x' } as const, RUNNER, DISPATCHER, { kind: 'operator', id: 'operator' } as const]) {
      expect(refusal(accept(verified(new Story().submitted()), actor)).code).toBe('actor_not_allowed');
    }
  });

  it('takes a waiver in the place of one kind, for this attempt, until it expires', () => {
    const story = verified(new Story().submitted(), 'refuted');
    const waive = (kind: 'commit' | 'check', actor: Parameters<Story['when']>[0] = PERSON) =>
      story.when(actor, (t, c) => decideWaiver(t, { kind, reason: 'flaky', expiresAt: story.now + 1000 }, c));
    expect(refusal(waive('check', ORCHESTRATOR)).code).toBe('actor_not_allowed');
    waive('check');
    expect(refusal(accept(story))).toMatchObject({ missing: ['commit'] });
    waive('commit');
    story.now += 1000;
    expect(refusal(accept(story))).toMatchObject({ missing: ['commit', 'check'] });
    story.now -= 1;
    accept(story);
    expect(story.ticket.status).toBe('done');
  });

  it('by policy: accepts what is verified, and sends back what is refuted with the reason', () => {
    const good = verified(new Story().submitted());
    good.rules = { ...good.rules, completion: { ...good.rules.completion, decidedBy: 'policy' } };
    good.when(POLICY, decideByPolicy);
    expect(good.ticket.status).toBe('done');
    const bad = verified(new Story().submitted(), 'refuted');
    bad.rules = good.rules;
    bad.when(POLICY, decideByPolicy);
    expect(bad.ticket).toMatchObject({ status: 'todo', retriesSpent: 1 });
    expect(bad.ticket.feedback.at(-1)?.text).toContain('exit 1');
    bad.now += 3_600_000;
    bad.claim();
    // The commit itself was refuted, so that it may not even exist: the branch says where the work is.
    expect(bad.attempt).toMatchObject({ number: 2, startAt: 'mc/MC-1/1' });
    expect(buildPrompt(bad.ticket, bad.attempt, [], false)).toContain('exit 1');
  });

  it('a refuted check leaves the submitted head as the place where the next attempt starts', () => {
    const story = new Story().submitted();
    story.when(VERIFIER, (t, c) =>
      decideFindings(t, t.evidence.map((e) => ({ id: e.id, state: e.kind === 'check' ? 'refuted' : 'verified', reason: null, details: {} }) as const), c),
    );
    story.when(POLICY, (t, c) => decideByPolicy(t, { ...c, rules: { ...c.rules, completion: { ...c.rules.completion, decidedBy: 'policy' } } }));
    story.now += 3_600_000;
    story.claim();
    expect(story.attempt).toMatchObject({ number: 2, startAt: COMMIT });
  });

  it('by policy: leaves to a person what it cannot verify, and what touches protected paths; and decides nothing while paused', () => {
    const policy = (story: Story, paused = false): Story => {
      story.rules = { ...story.rules, paused, completion: { ...story.rules.completion, decidedBy: 'policy' } };
      story.when(POLICY, decideByPolicy);
      return story;
    };
    expect(policy(verified(new Story().submitted(), 'verified', { protectedPaths: ['test/a.ts'] })).ticket.status).toBe('in_review');
    expect(policy(verified(new Story().submitted()), true).ticket.status).toBe('in_review');
    const unable = new Story().submitted();
    for (let i = 0; i < VERIFY_TRIES; i += 1) {
      verified(unable, 'unverified');
      unable.now += 3_600_000;
    }
    expect(completionGaps(unable.ticket, unable.rules.completion, unable.now).givenUp).toHaveLength(2);
    expect(policy(unable).ticket.status).toBe('in_review');
  });

  it('exhausts in the place of the last request for changes', () => {
    const story = new Story();
    story.rules = { ...story.rules, maxAttempts: 1, completion: { ...story.rules.completion, decidedBy: 'policy' } };
    verified(story.submitted(), 'refuted');
    story.when(POLICY, decideByPolicy);
    expect([story.ticket.status, question(story).kind]).toEqual(['needs_input', 'attempts_exhausted']);
  });

  it("a person's own work is verified like any other, and accepted by somebody else", () => {
    const story = new Story({ assignee: 'ada' });
    const handIn = (commit: string | null) =>
      story.when(PERSON, (t, c) => decideHandIn(t, { summary: 'mine', commit, evidence: [], assigneeIsPerson: true, fenceFloor: 0 }, c));
    expect(refusal(handIn(null)).missing).toEqual(['commit']);
    handIn(COMMIT);
    expect([story.ticket.status, story.attempt.kind]).toEqual(['in_review', 'person']);
    verified(story);
    expect(refusal(accept(story)).code).toBe('actor_not_allowed');
    accept(story, { kind: 'human', id: 'grace' });
    expect(story.ticket.status).toBe('done');
  });

  it('a request for changes by a person starts the retries anew', () => {
    const story = new Story();
    story.running();
    story.end('failed');
    story.submitted();
    story.when(PERSON, (t, c) => decideRequestChanges(t, { feedback: 'nicer' }, c));
    expect(story.ticket).toMatchObject({ status: 'todo', retriesSpent: 0 });
  });
});

describe('what is shown', () => {
  const view = (story: Story, skip = null as never) => ({
    now: story.now,
    completion: story.rules.completion,
    skip,
    paused: false,
    stalled: false,
    resolvedProfile: 'claude_opus_1m_medium',
  });
  it('is the sentence of the seed page once done', () => {
    const story = verified(new Story().submitted());
    story.when(PERSON, (t, c) => decideAcceptWork(t, {}, c));
    const runtime = runtimeOf(story.ticket, view(story));
    expect(sentenceOf(story.ticket, runtime, 'claude_opus_1m_medium')).toBe(
      'Ticket is done; runtime is closed. · profile claude_opus_1m_medium',
    );
    expect(nextActionOf(story.ticket, view(story))).toEqual({ text: 'Closed', actor: null });
  });

  it('names what moves an open ticket next, and whose turn it is, in every state', () => {
    const asked = new Story().running();
    asked.signal({ type: 'ask', text: 'x' });
    const cases: [Story, string, string][] = [
      [new Story({}, 'backlog'), 'Move to todo when it is ready', 'idle'],
      [new Story(), 'Waiting for the dispatcher', 'queued'],
      [new Story().running(), 'Work on it', 'running'],
      [asked, 'Answer 1 question', 'stopping'],
      [new Story().submitted(), 'Verify the evidence', 'verifying'],
      [verified(new Story().submitted()), 'Decide the review', 'idle'],
    ];
    for (const [story, text, runtime] of cases) {
      const action = nextActionOf(story.ticket, view(story));
      expect([action.text, runtimeOf(story.ticket, view(story))]).toEqual([text, runtime]);
      expect(action.actor).not.toBeNull();
    }
  });
});
