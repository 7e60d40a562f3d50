import { describe, expect, it } from 'vitest';
import { evolveInbox, reactToTicket, type InboxItem } from '../inbox/inbox.ts';
import { isRefusal } from '../refusal.ts';
import type { Actor } from '../words.ts';
import { decideByPolicy, decideFindings, decideAcceptWork, decideRequestChanges } from './decide-review.ts';
import {
  LANDING_TRIES,
  type LandReport,
  decideCloseMerge,
  decideIntent,
  decideLandReport,
  decideLandingDue,
  decideLandingStarted,
  decideRetryLanding,
} from './decide-landing.ts';
import { CONTROL_PLANE, type Decision } from './decide.ts';
import { decideWaiver } from './decide-fields.ts';
import { decideCancel } from './decide-people.ts';
import { needsVerifier } from './completion.ts';
import { BASE, COMMIT, PERSON, Story } from './testing.ts';
import type { Completion, Landing } from './state.ts';
import { nextActionOf, runtimeOf } from './view.ts';

const MERGED = 'd'.repeat(40);
const CHECKS = [{ name: 'test', exitCode: 0, durationMs: 5 }];
const OTHER: Actor = { kind: 'human', id: 'grace' };

/** A ticket whose evidence is verified, so that only the decision is missing. */
function reviewed(completion: Partial<Completion> = {}, deploy = false): LandingStory {
  const story = new LandingStory();
  const { requires } = story.rules.completion;
  story.rules = {
    ...story.rules,
    deployEnvironment: deploy ? 'prod' : null,
    completion: {
      ...story.rules.completion,
      onAccept: 'merge',
      requires: deploy ? [...requires, 'deploy'] : requires,
      ...completion,
    },
  };
  story.submitted();
  const due = story.ticket.evidence.filter((e) => e.state === 'unverified' && e.kind !== 'deploy');
  story.when(CONTROL_PLANE, (t, c) =>
    decideFindings(
      t,
      due.map(({ id }) => ({ id, state: 'verified' as const, reason: null, details: {} })),
      c,
    ),
  );
  return story;
}

class LandingStory extends Story {
  get landing(): Landing {
    if (!this.ticket.landing) throw new Error('there is no landing');
    return this.ticket.landing;
  }
  accepted(): this {
    this.when(PERSON, (t, c) => decideAcceptWork(t, {}, c));
    return this;
  }
  started(): this {
    this.when(CONTROL_PLANE, (t, c) =>
      decideLandingStarted(t, { landing: this.landing.id, runner: 'run' }, c),
    );
    return this;
  }
  announce(more: object = {}): Decision {
    return this.when(CONTROL_PLANE, (t, c) =>
      decideIntent(
        t,
        {
          landing: this.landing.id,
          commit: MERGED,
          onto: BASE,
          branch: 'main',
          checks: CHECKS,
          runner: 'run',
          fence: 1,
          ...more,
        },
        c,
      ),
    );
  }
  report(report: LandReport): Decision {
    return this.when(CONTROL_PLANE, (t, c) => decideLandReport(t, this.landing.id, report, c));
  }
  announced(): this {
    this.accepted().started();
    this.announce();
    return this;
  }
}

const codeOf = (decision: Decision): string | null => (isRefusal(decision) ? decision.code : null);

describe('an accept where something has to land', () => {
  it('is recorded only, with what it decided on, and leaves the ticket in review', () => {
    const story = reviewed().accepted();
    expect(story.ticket).toMatchObject({
      status: 'in_review',
      landing: { state: 'queued', mode: 'merge', commit: COMMIT, attempt: story.attempt.id },
      decision: { attempt: story.attempt.id, commit: COMMIT, by: 'ada' },
    });
    expect(needsVerifier(story.ticket, story.rules.completion)).toBe(true);
  });

  it('needs every kind but the deploy, which can only be seen afterwards', () => {
    const story = reviewed({}, true);
    expect(codeOf(story.when(PERSON, (t, c) => decideAcceptWork(t, {}, c)))).toBeNull();
    expect(story.landing.state).toBe('queued');
    const unverified = new LandingStory();
    unverified.rules = {
      ...unverified.rules,
      completion: { ...unverified.rules.completion, onAccept: 'merge' },
    };
    unverified.submitted();
    expect(codeOf(unverified.when(PERSON, (t, c) => decideAcceptWork(t, {}, c)))).toBe('evidence_incomplete');
  });

  it('is not for the worker, and not for twice', () => {
    const own = reviewed();
    const worker: Actor = { kind: 'attempt', id: own.attempt.id };
    expect(codeOf(own.when(worker, (t, c) => decideAcceptWork(t, {}, c)))).toBe('actor_not_allowed');
    own.accepted();
    expect(codeOf(own.when(OTHER, (t, c) => decideAcceptWork(t, {}, c)))).toBe('transition_not_allowed');
  });

  it('is the policy’s to make once, and not again when it did not land', () => {
    const story = reviewed({ decidedBy: 'policy' });
    const policy: Actor = { kind: 'policy', id: 'completion-policy' };
    story.when(policy, decideByPolicy);
    expect(story.landing.state).toBe('queued');
    story.started();
    story.report({ state: 'failed', cause: 'conflict', reason: 'it conflicts' });
    expect(story.landing).toMatchObject({ state: 'ended', cause: 'conflict' });
    expect(story.when(policy, decideByPolicy)).toEqual([]);
    expect(needsVerifier(story.ticket, story.rules.completion)).toBe(false);
  });
});

describe('a push', () => {
  it('is announced before, and done by the control plane once it has arrived', () => {
    const story = reviewed().announced();
    expect(story.landing).toMatchObject({ state: 'pushing', intents: [{ commit: MERGED, onto: BASE }] });
    story.report({ state: 'pushed', commit: MERGED });
    expect(story.ticket).toMatchObject({ status: 'done', landing: { state: 'landed', result: MERGED } });
  });

  it('that was never announced is not believed', () => {
    const story = reviewed().accepted().started();
    expect(codeOf(story.report({ state: 'pushed', commit: MERGED }))).toBe('transition_not_allowed');
    expect(story.ticket.status).toBe('in_review');
  });

  it('is refused where the merge result was not checked, or the evidence no longer stands', () => {
    const story = reviewed().accepted().started();
    expect(codeOf(story.announce({ checks: [] }))).toBe('evidence_incomplete');
    const refuted = reviewed().accepted().started();
    const check = refuted.ticket.evidence.find((e) => e.kind === 'check');
    refuted.when(CONTROL_PLANE, (t, c) =>
      decideFindings(t, [{ id: check?.id ?? '', state: 'refuted', reason: 'later', details: {} }], c),
    );
    expect(codeOf(refuted.announce())).toBe('evidence_incomplete');
  });

  it('is held by a pause before it is announced, and no longer afterwards', () => {
    const story = reviewed().accepted().started();
    story.rules = { ...story.rules, paused: true };
    expect(codeOf(story.announce())).toBe('paused');
    story.report({ state: 'held', reason: 'paused' });
    expect(story.landing).toMatchObject({ state: 'queued', tries: 0 });
    story.rules = { ...story.rules, paused: false };
    story.started();
    story.announce();
    story.rules = { ...story.rules, paused: true };
    story.report({ state: 'pushed', commit: MERGED });
    expect(story.ticket.status).toBe('done');
  });

  it('may be announced and reported again without another effect', () => {
    const story = reviewed().announced();
    expect(story.announce()).toEqual([]);
    story.report({ state: 'pushed', commit: MERGED });
    expect(codeOf(story.report({ state: 'pushed', commit: MERGED }))).toBe('stale_attempt');
  });

  it('whose result is not known stays announced; one that did not arrive starts over', () => {
    const story = reviewed().announced();
    story.report({ state: 'unable', reason: 'no network' });
    expect(story.landing).toMatchObject({ state: 'pushing', tries: 1 });
    expect(story.landing.retryAt).toBeGreaterThan(story.now);
    story.report({ state: 'moved', reason: 'it did not arrive' });
    expect(story.landing).toMatchObject({ state: 'queued', tries: 2, intents: [{ commit: MERGED }] });
  });

  it('is tried a bounded number of times', () => {
    const story = reviewed().accepted();
    for (let n = 0; n < LANDING_TRIES; n += 1) {
      story.started();
      story.report({ state: 'moved', reason: 'main moved' });
    }
    expect(story.landing).toMatchObject({ state: 'ended', cause: 'branch_moved' });
  });
});

describe('whoever moves the ticket elsewhere', () => {
  const ways: [string, (story: LandingStory) => Decision][] = [
    ['cancel', (story) => story.when(OTHER, (t, c) => decideCancel(t, undefined, c))],
    [
      'request_changes',
      (story) => story.when(OTHER, (t, c) => decideRequestChanges(t, { feedback: 'no' }, c)),
    ],
  ];
  it.each(ways)('withdraws the landing: %s', (_name, move) => {
    for (const story of [reviewed().accepted(), reviewed().accepted().started()]) {
      expect(isRefusal(move(story))).toBe(false);
      expect(story.landing.state).toBe('withdrawn');
      expect(story.ticket.status).not.toBe('in_review');
      expect(codeOf(story.announce())).toBe('stale_attempt');
    }
  });

  it.each(ways)('waits for an announced push: %s', (_name, move) => {
    const story = reviewed().announced();
    expect(codeOf(move(story))).toBe('landing_in_progress');
    expect(story.ticket.status).toBe('in_review');
    story.report({ state: 'moved', reason: 'it did not arrive' });
    expect(isRefusal(move(story))).toBe(false);
  });
});

describe('a landing that ended', () => {
  it('goes on by a retry, and accepted again it knows what has landed already', () => {
    const story = reviewed({}, true).announced();
    story.report({ state: 'pushed', commit: MERGED });
    expect(story.landing).toMatchObject({ state: 'deploying', result: MERGED });
    story.now += story.rules.deployTimeoutMs;
    story.report({ state: 'not_deployed', reason: 'old' });
    expect(story.landing).toMatchObject({ state: 'ended', cause: 'deploy_not_seen' });
    expect(story.ticket.evidence.find((e) => e.kind === 'deploy')?.state).toBe('refuted');
    const again = structuredClone(story.ticket);
    story.when(OTHER, (t, c) => decideRetryLanding(t, 'it is up', c));
    expect(story.landing).toMatchObject({ state: 'deploying', waitsSince: story.now });
    story.ticket = again;
    story.when(OTHER, (t, c) => decideAcceptWork(t, {}, c));
    expect(story.landing).toMatchObject({
      state: 'deploying',
      result: MERGED,
      intents: [{ commit: MERGED }],
    });
    story.report({ state: 'deployed', commit: MERGED, said: MERGED });
    expect(story.ticket.status).toBe('done');
  });

  it('is retried by people and the orchestrator alone, and only once it has ended', () => {
    const story = reviewed().accepted();
    expect(codeOf(story.when(OTHER, (t, c) => decideRetryLanding(t, 'now', c)))).toBe(
      'transition_not_allowed',
    );
    story.report({ state: 'failed', cause: 'conflict', reason: 'x' });
    expect(codeOf(story.when(CONTROL_PLANE, (t, c) => decideRetryLanding(t, 'now', c)))).toBe(
      'actor_not_allowed',
    );
  });

  it('becomes one conflict item, which the retry settles', () => {
    const story = reviewed().accepted().started();
    const inbox = new Map<string, InboxItem>();
    let ids = 0;
    const react = (decision: Decision): void => {
      if (isRefusal(decision)) throw new Error(decision.detail);
      const open = [...inbox.values()].filter((item) => item.state !== 'acted');
      const context = {
        now: story.now,
        newId: () => `inb_${(ids += 1)}`,
        rules: story.rules,
        via: 'inbox',
      };
      for (const change of reactToTicket(decision, story.ticket, open, context)) {
        const item = change.events.reduce<InboxItem | null>(
          (state, event) => evolveInbox(state, event),
          change.before,
        );
        if (item) inbox.set(item.id, item);
      }
    };
    react(story.report({ state: 'failed', cause: 'unclean_clone', reason: 'commit your work there' }));
    expect([...inbox.values()]).toMatchObject([
      { kind: 'conflict', state: 'pending', for: 'person', subject: 'commit your work there' },
    ]);
    react(story.when(OTHER, (t, c) => decideRetryLanding(t, 'committed', c)));
    expect([...inbox.values()]).toMatchObject([{ state: 'acted', result: { decision: 'retry' } }]);
  });
});

describe('a pull request', () => {
  it('is pushed, waited for, and done when it was merged', () => {
    const story = reviewed({ onAccept: 'pull_request' }).accepted().started();
    story.announce({ commit: COMMIT, branch: 'mc/MC-1/1' });
    story.report({ state: 'pushed', commit: COMMIT });
    expect(story.landing).toMatchObject({ state: 'awaiting_merge', branch: 'mc/MC-1/1', result: null });
    expect(story.report({ state: 'not_merged', reason: null })).toEqual([]);
    story.report({ state: 'merged', commit: MERGED });
    expect(story.ticket).toMatchObject({ status: 'done', landing: { result: MERGED } });
  });

  it('that a person says was closed ends the landing', () => {
    const story = reviewed({ onAccept: 'pull_request' }).accepted().started();
    expect(codeOf(story.when(OTHER, (t, c) => decideCloseMerge(t, 'no', c)))).toBe('transition_not_allowed');
    story.announce({ commit: COMMIT, branch: 'mc/MC-1/1' });
    story.report({ state: 'pushed', commit: COMMIT });
    story.when(OTHER, (t, c) => decideCloseMerge(t, 'another way', c));
    expect(story.landing).toMatchObject({ state: 'ended', cause: 'pull_request_closed' });
  });
});

describe('a deploy', () => {
  it('is waited for until its deadline, whatever is merged; fruitless looks are no events', () => {
    const story = reviewed({ onAccept: 'leave_branch' }, true).accepted();
    expect(story.landing).toMatchObject({ state: 'deploying', result: COMMIT });
    expect(story.report({ state: 'not_deployed', reason: 'old' })).toHaveLength(1);
    expect(story.report({ state: 'not_deployed', reason: 'old' })).toEqual([]);
    story.report({ state: 'deployed', commit: COMMIT, said: COMMIT });
    expect(story.ticket.status).toBe('done');
    expect(story.ticket.evidence.find((e) => e.kind === 'deploy')).toMatchObject({ state: 'verified' });
  });

  it('that nobody could look for ends too, and a waiver takes its place', () => {
    const story = reviewed({}, true).announced();
    story.report({ state: 'pushed', commit: MERGED });
    expect(story.when(CONTROL_PLANE, decideLandingDue)).toEqual([]);
    story.now += story.rules.deployTimeoutMs + 200_000;
    story.when(CONTROL_PLANE, decideLandingDue);
    expect(story.landing.state).toBe('ended');
    story.when(OTHER, (t, c) => decideRetryLanding(t, 'again', c));
    story.when(OTHER, (t, c) =>
      decideWaiver(t, { kind: 'deploy', reason: 'seen', expiresAt: c.now + 1000 }, c),
    );
    story.when(CONTROL_PLANE, decideLandingDue);
    expect(story.ticket.status).toBe('done');
  });

  it('does not make up for evidence whose waiver has run out meanwhile', () => {
    const story = new LandingStory();
    story.rules = {
      ...story.rules,
      completion: {
        ...story.rules.completion,
        onAccept: 'merge',
        requires: ['signal', 'commit', 'artifact'],
      },
    };
    story.running();
    story.rules.completion.requires = ['signal', 'commit'];
    story.signal({ type: 'submit', summary: 'done', commit: COMMIT });
    story.end();
    story.rules.completion.requires = ['signal', 'commit', 'artifact'];
    const commit = story.ticket.evidence.find((e) => e.kind === 'commit');
    story.when(CONTROL_PLANE, (t, c) =>
      decideFindings(t, [{ id: commit?.id ?? '', state: 'verified', reason: null, details: {} }], c),
    );
    story.when(OTHER, (t, c) =>
      decideWaiver(t, { kind: 'artifact', reason: 'none made', expiresAt: c.now + 1000 }, c),
    );
    story.announced();
    story.now += 2000;
    story.report({ state: 'pushed', commit: MERGED });
    expect(story.ticket.status).toBe('in_review');
    expect(story.landing).toMatchObject({ state: 'ended', cause: 'evidence_incomplete', result: MERGED });
  });
});

it('a landing ticket says what moves it next, and whose turn that is', () => {
  const view = (story: LandingStory, paused = false) => {
    const context = {
      now: story.now,
      completion: story.rules.completion,
      skip: null,
      paused,
      stalled: false,
      resolvedProfile: null,
    };
    return [runtimeOf(story.ticket, context), nextActionOf(story.ticket, context).actor];
  };
  const story = reviewed().accepted();
  expect(view(story)).toEqual(['landing', 'runner']);
  expect(view(story, true)).toEqual(['landing', 'a person']);
  story.started();
  story.announce();
  expect(view(story)).toEqual(['landing', 'runner']);
  story.report({ state: 'failed', cause: 'push_refused', reason: 'protected' });
  expect(view(story)).toEqual(['idle', 'a person']);
});
