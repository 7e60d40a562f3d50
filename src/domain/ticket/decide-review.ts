/** What a verifier found, and the decision about a submission: by a person, the orchestrator or the policy. */
import { type Refusal, refuse } from '../refusal.ts';
import { completionGaps, evidenceFingerprint, isReviewReady, submittedCommit } from './completion.ts';
import {
  type DecideContext,
  type Decision,
  CONTROL_PLANE,
  Draft,
  backoffMs,
  decided,
  exhaust,
} from './decide.ts';
import { recordLanding, withdrawLanding } from './decide-landing.ts';
import { isLanding, landingOf, needsLanding } from './landing.ts';
import { type ReviewComment, renderReview } from './review-comments.ts';
import { type Ticket, submittedAttempt } from './state.ts';

export interface Finding {
  id: string;
  state: 'verified' | 'refuted' | 'unverified';
  reason: string | null;
  details: Record<string, unknown>;
}

/** After so many verifiers that could not run, the question goes to a person. */
export const VERIFY_TRIES = 5;
const VERIFY_BACKOFF_SECONDS = 5;

export function decideFindings(state: Ticket, findings: Finding[], context: DecideContext): Decision {
  const draft = new Draft(state, context);
  for (const finding of findings) {
    const evidence = draft.state.evidence.find((e) => e.id === finding.id);
    if (!evidence) return refuse('not_found', `${state.key} has no evidence ${finding.id}.`);
    const common = { evidence: evidence.id, details: finding.details };
    if (finding.state === 'verified') draft.add('evidence.verified', { ...common, reason: finding.reason });
    else if (finding.state === 'refuted') {
      draft.add('evidence.refuted', { ...common, reason: finding.reason ?? 'refuted without a reason' });
    } else {
      const tries = evidence.tries + 1;
      const givenUp = tries >= VERIFY_TRIES;
      draft.add('evidence.unverifiable', {
        ...common,
        reason: finding.reason ?? 'the verifier could not run',
        tries,
        givenUp,
        retryAt: givenUp ? null : context.now + backoffMs(VERIFY_BACKOFF_SECONDS, tries - 1, context.random),
      });
    }
  }
  return decided(draft);
}

/** Somebody asks for another look. A later verification alerts; it never rewrites what was decided before. */
export function decideReverify(state: Ticket, evidenceId: string, context: DecideContext): Decision {
  const evidence = state.evidence.find((e) => e.id === evidenceId);
  if (!evidence) return refuse('not_found', `${state.key} has no evidence ${evidenceId}.`);
  if (evidence.kind !== 'commit' && evidence.kind !== 'check' && evidence.kind !== 'artifact') {
    return refuse(
      'decision_not_allowed',
      `Evidence of kind ${evidence.kind} is verified when it is recorded; only commit, check and artifact can be looked at again.`,
    );
  }
  return new Draft(state, context).add('evidence.reverifying', { evidence: evidenceId }).events;
}

export function decideAcceptWork(
  state: Ticket,
  command: { reason?: string },
  context: DecideContext,
): Decision {
  const draft = new Draft(state, context);
  const attempt = submittedAttempt(state);
  if (state.status === 'in_review' && attempt) {
    if (attempt.submittedBy === context.actor.id && context.actor.kind !== 'policy') {
      return refuse(
        'actor_not_allowed',
        `${context.actor.id} handed this work in; somebody else has to accept it.`,
      );
    }
    if (isLanding(state)) {
      return refuse(
        'transition_not_allowed',
        `${state.key} has been accepted, and is landing; cancel it or request changes to withdraw that.`,
      );
    }
    const refused = checkEvidence(state, context);
    if (refused) return refused;
  }
  const decision = attempt
    ? {
        attempt: attempt.id,
        commit: submittedCommit(state),
        evidenceHash: context.sha256(evidenceFingerprint(state)),
      }
    : undefined;
  if (decision && needsLanding(context.rules.completion)) {
    const { commit } = decision;
    if (commit === null) {
      return refuse('evidence_incomplete', `${state.key} has no commit that could land.`, {
        missing: ['commit'],
      });
    }
    const refused = draft.checkRow('accept');
    if (refused) return refused;
    recordLanding(draft, { ...decision, commit }, command.reason);
    recordReview(draft, decision.attempt, 'accept');
    return draft.events;
  }
  const refused = draft.transition('accept', {
    ...(attempt ? { attempt: attempt.id } : {}),
    ...(command.reason === undefined ? {} : { reason: command.reason }),
    ...(decision ? { decision } : {}),
  });
  if (!refused && attempt) recordReview(draft, attempt.id, 'accept');
  return decided(draft, refused);
}

function checkEvidence(state: Ticket, context: DecideContext): Refusal | null {
  const gaps = completionGaps(state, context.rules.completion, context.now);
  if (gaps.missing.length === 0) return null;
  const parts = gaps.missing.map((kind) => {
    const why = [
      ...gaps.refuted.filter((e) => e.kind === kind).map((e) => `refuted (${firstLine(e.reason)})`),
      ...gaps.pending.filter((e) => e.kind === kind).map(() => 'not verified yet'),
      ...gaps.givenUp
        .filter((e) => e.kind === kind)
        .map((e) => `could not be verified (${firstLine(e.reason)})`),
    ];
    return `${kind}: ${why.join(', ') || 'absent'}`;
  });
  return refuse('evidence_incomplete', `${state.key} cannot be accepted: ${parts.join('; ')}.`, {
    missing: gaps.missing,
  });
}

function firstLine(text: string | null): string {
  return (text ?? 'no reason').split('\n')[0]?.slice(0, 160) ?? '';
}

function recordReview(draft: Draft, attempt: string, verdict: string): void {
  const evidence = draft.context.newId('evd');
  const { kind, id } = draft.context.actor;
  draft.add('evidence.claimed', {
    evidence,
    attempt,
    kind: 'review',
    claim: { reviewer: `${kind}:${id}`, verdict },
    required: draft.context.rules.completion.requires.includes('review'),
  });
  draft.add('evidence.verified', { evidence, reason: null, details: {} }, CONTROL_PLANE);
}

export function decideRequestChanges(
  state: Ticket,
  command: { feedback: string; comments?: ReviewComment[] },
  context: DecideContext,
): Decision {
  const comments = command.comments ?? [];
  const attempt = submittedAttempt(state);
  const draft = new Draft(state, context);
  const pushing = draft.checkRow('request_changes') ?? withdrawLanding(draft, 'changes were requested');
  if (pushing) return pushing;
  // A person's work spends no retry: there is no next attempt that would start by itself.
  const byPolicy = context.actor.kind === 'policy' && attempt?.kind !== 'person';
  if (
    byPolicy &&
    attempt &&
    state.status === 'in_review' &&
    state.retriesSpent + 1 >= context.rules.maxAttempts
  ) {
    return decided(
      draft,
      exhaust(draft, attempt, { reason: 'evidence refuted', retrySpent: true, feedback: command.feedback }),
    );
  }
  const refused = draft.transition('request_changes', {
    ...(attempt ? { attempt: attempt.id } : {}),
    feedback: comments.length === 0 ? command.feedback : renderReview(command.feedback, comments),
    ...(comments.length === 0 ? {} : { review: { summary: command.feedback, comments } }),
    retrySpent: byPolicy,
    retriesReset: context.actor.kind !== 'policy',
    notBefore: byPolicy
      ? context.now + backoffMs(context.rules.backoffSeconds, state.retriesSpent, context.random)
      : null,
  });
  if (!refused && attempt) recordReview(draft, attempt.id, 'request_changes');
  return decided(draft, refused);
}

/**
 * What the policy does by itself once all evidence is settled: accept, request changes, or leave it to a person.
 * Words never count; a gap, a touched protected path and anything unverifiable go to a person.
 */
export function decideByPolicy(state: Ticket, context: DecideContext): Decision {
  const { completion, paused } = context.rules;
  if (paused || completion.decidedBy !== 'policy' || state.status !== 'in_review') return [];
  if (!isReviewReady(state, completion, context.now)) return [];
  // It has decided already; what came of that is no longer the policy's matter.
  if (landingOf(state)) return [];
  const gaps = completionGaps(state, completion, context.now);
  if (gaps.givenUp.length > 0 || gaps.protectedPaths.length > 0) return [];
  if (gaps.refuted.length > 0) {
    const feedback = gaps.refuted
      .map((e) => `Mission Control verified your submission and refuted: ${describe(e)}\n\n${e.reason ?? ''}`)
      .join('\n\n');
    return decideRequestChanges(state, { feedback }, context);
  }
  return gaps.missing.length === 0
    ? decideAcceptWork(state, { reason: 'all required evidence is verified' }, context)
    : [];
}

function describe(evidence: { kind: string; claim: Record<string, unknown> }): string {
  const subject = evidence.claim['name'] ?? evidence.claim['commit'] ?? evidence.claim['environment'] ?? '';
  return `${evidence.kind} ${typeof subject === 'string' ? subject : ''}`.trim();
}
