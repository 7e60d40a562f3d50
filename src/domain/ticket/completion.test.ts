import { describe, expect, it } from 'vitest';
import { isRefusal, type Refusal } from '../refusal.ts';
import { completionGaps, submittedCommit, verifiableEvidence } from './completion.ts';
import { decideWaiver } from './decide-fields.ts';
import { decideOverBudget } from './decide-attempt.ts';
import { decideCancel, decideHandIn, decideRecur } from './decide-people.ts';
import {
  VERIFY_TRIES,
  decideAcceptWork,
  decideByPolicy,
  decideFindings,
  decideRequestChanges,
} from './decide-review.ts';
import { buildPrompt, workerBrief } from './prompt.ts';
import { ticketCost } from './state.ts';
import { Story, BASE, COMMIT, DISPATCHER, PERSON, RUNNER } from './testing.ts';
import { nextActionOf, runtimeOf, sentenceOf } from './view.ts';

const refusal = (decision: unknown): Refusal => {
  if (!isRefusal(decision)) throw new Error(`expected a refusal, got ${JSON.stringify(decision)}`);
  return decision;
};
const VERIFIER = { kind: 'control_plane', id: 'verifier' } as const;
const POLICY = { kind: 'policy', id: 'completion-policy' } as const;
const ORCHESTRATOR = { kind: 'orchestrator', id: 'orc' } as const;

function verified(
  story: Story,
  state: 'verified' | 'refuted' | 'unverified' = 'verified',
  details: Record<string, unknown> = {},
): Story {
  const due = verifiableEvidence(story.ticket, story.now);
  story.when(VERIFIER, (t, c) =>
    decideFindings(
      t,
      due.map((e) => ({ id: e.id, state, reason: state === 'verified' ? null : 'exit 1', details })),
      c,
    ),
  );
  return story;
}
const question = (story: Story) => {
  const found = story.ticket.questions.at(-1);
  if (!found) throw new Error('no question');
  return found;
};
describe('submitting', () => {
  it('refuses a commit that is no full id, or the base, and the attempt keeps running', () => {
    const story = new Story().running();
    for (const commit of ['HEAD', 'abc123', BASE]) {
      expect(refusal(story.signal({ type: 'submit', summary: 'x', commit }))).toMatchObject({
        code: 'evidence_incomplete',
        missing: ['commit'],
      });
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
  const accept = (story: Story, actor: Parameters<Story['when']>[0] = PERSON) =>
    story.when(actor, (t, c) => decideAcceptWork(t, {}, c));

  it('counts no words: without verified evidence nobody can accept', () => {
    const story = new Story().submitted();
    for (const actor of [PERSON, ORCHESTRATOR, POLICY]) {
      expect(refusal(accept(story, actor))).toMatchObject({
        code: 'evidence_incomplete',
        missing: ['commit', 'check'],
      });
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
    for (const actor of [
      { kind: 'attempt', id: 'x' } as const,
      RUNNER,
      DISPATCHER,
      { kind: 'operator', id: 'operator' } as const,
    ]) {
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
      decideFindings(
        t,
        t.evidence.map((e) => ({
          id: e.id,
          state: e.kind === 'check' ? ('refuted' as const) : ('verified' as const),
          reason: null,
          details: {},
        })),
        c,
      ),
    );
    story.rules = { ...story.rules, completion: { ...story.rules.completion, decidedBy: 'policy' } };
    story.when(POLICY, decideByPolicy);
    story.now += 3_600_000;
    story.claim();
    expect(story.attempt).toMatchObject({ number: 2, startAt: COMMIT });
  });

  it('by policy: leaves to a person what it cannot verify, and what touches protected paths; and decides nothing while paused', () => {
    const policy = (story: Story, paused = false): Story => {
      story.rules = {
        ...story.rules,
        paused,
        completion: { ...story.rules.completion, decidedBy: 'policy' },
      };
      story.when(POLICY, decideByPolicy);
      return story;
    };
    expect(
      policy(verified(new Story().submitted(), 'verified', { protectedPaths: ['test/a.ts'] })).ticket.status,
    ).toBe('in_review');
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
    story.rules = {
      ...story.rules,
      maxAttempts: 1,
      completion: { ...story.rules.completion, decidedBy: 'policy' },
    };
    verified(story.submitted(), 'refuted');
    story.when(POLICY, decideByPolicy);
    expect([story.ticket.status, question(story).kind]).toEqual(['needs_input', 'attempts_exhausted']);
  });

  it("a person's own work is verified like any other, and accepted by somebody else", () => {
    const story = new Story({ assignee: 'ada' });
    const handIn = (commit: string | null) =>
      story.when(PERSON, (t, c) =>
        decideHandIn(t, { summary: 'mine', commit, evidence: [], assigneeIsPerson: true, fenceFloor: 0 }, c),
      );
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

describe('the commit that is decided on', () => {
  const OTHER = 'd'.repeat(40);

  it('is the submitted one, whatever else the worker claimed before', () => {
    const story = new Story().running();
    story.signal({ type: 'evidence', kind: 'commit', commit: OTHER });
    story.signal({ type: 'submit', summary: 'done', commit: COMMIT });
    story.end();
    expect(submittedCommit(story.ticket)).toBe(COMMIT);
  });

  it('is the last claimed one where the submit names none, and the head agrees', () => {
    const story = new Story().running();
    story.signal({ type: 'evidence', kind: 'commit', commit: OTHER });
    story.signal({ type: 'submit', summary: 'done' });
    story.end();
    expect([submittedCommit(story.ticket), story.attempt.head]).toEqual([OTHER, OTHER]);
  });

  it('is where work goes on, also after tries that failed or never started', () => {
    const story = new Story().submitted();
    story.when(PERSON, (t, c) => decideRequestChanges(t, { feedback: 'again' }, c));
    story.claim();
    story.end('declined');
    story.claim();
    expect([story.attempt.number, story.attempt.startAt]).toEqual([3, COMMIT]);
  });
});

it('a required check that the policy does not name is missing, not satisfied by nothing', () => {
  const story = verified(new Story().submitted());
  story.rules.completion.checks = [];
  story.ticket = { ...story.ticket, evidence: story.ticket.evidence.filter((e) => e.kind !== 'check') };
  expect(completionGaps(story.ticket, story.rules.completion, story.now).missing).toEqual(['check']);
});

it.each([
  ['attempt', 'failed', 'todo', 1],
  ['ticket', 'stopped', 'needs_input', 0],
  ['project', 'stopped', 'todo', 0],
  ['day', 'stopped', 'todo', 0],
] as const)(
  'a budget of the %s that is met ends the attempt as %s, and leaves the ticket in %s with %i retries spent',
  (scope, outcome, status, retries) => {
    const story = new Story().running();
    const { id, fence } = story.attempt;
    story.when({ kind: 'control_plane', id: 'budget' }, (ticket, context) =>
      decideOverBudget(ticket, { attempt: id, fence, scope, detail: 'it is spent' }, context),
    );
    expect(story.attempt).toMatchObject({ state: 'stopping', outcome, reason: 'budget_exhausted' });
    expect([story.ticket.status, story.ticket.retriesSpent]).toEqual([status, retries]);
    // The runner's report only completes it.
    story.end('failed', true, 'budget_exhausted');
    expect(story.attempt).toMatchObject({ state: 'ended', outcome, reason: 'budget_exhausted' });
  },
);

it('a new round of recurring work starts afresh: no feedback, no earlier attempts, its own budget, the default branch', () => {
  const story = verified(new Story().submitted());
  story.when(PERSON, (ticket, context) => decideCancel(ticket, 'enough', context));
  story.when(PERSON, (ticket, context) => decideRecur(ticket, 'due at three', context));
  expect(story.ticket).toMatchObject({ status: 'todo', feedback: [], earlierRounds: 1 });
  expect(ticketCost(story.ticket).usd).toBe(0);
  story.claim();
  expect(story.attempt).toMatchObject({ number: 2, startAt: null, continues: null });
  expect(workerBrief(story.ticket, story.attempt, []).earlierAttempts).toEqual([]);
});
