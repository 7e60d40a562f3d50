/**
 * Deciding about a landing: recorded by an accept, announced before each push, reported by a runner, retried, or
 * withdrawn by whoever moves the ticket elsewhere. See landing.ts for the way that it takes.
 */
import { type Refusal, isRefusal, refuse } from '../refusal.ts';
import type { LandingCause } from '../words.ts';
import { checksOfMerge, completionGaps, doneGaps, isDeployDue } from './completion.ts';
import { CONTROL_PLANE, type DecideContext, type Decision, Draft, backoffMs, decided } from './decide.ts';
import { isUnfinished, landingOf } from './landing.ts';
import { type Landing, type LandingCheck, type Ticket, evidenceOf } from './state.ts';

/** After so many tries in a row that came to nothing a person is asked. */
export const LANDING_TRIES = 5;
const LANDING_BACKOFF_SECONDS = 5;

/** What a runner found or did; each may be reported again, by whoever repeats the work. */
export type LandReport =
  /** The announced push has arrived. */
  | { state: 'pushed'; commit: string }
  /** Nothing had to be pushed: the branch contains the work already. */
  | { state: 'contained'; commit: string; checks: LandingCheck[] }
  /** The announced push has not arrived, or none was made, and the branch is another than before. */
  | { state: 'moved'; reason: string }
  | { state: 'merged'; commit: string }
  | { state: 'not_merged'; reason: string | null }
  | { state: 'deployed'; commit: string; said: string }
  | { state: 'not_deployed'; reason: string }
  | { state: 'failed'; cause: LandingCause; reason: string }
  /** The announcement was refused because of a pause, or the work was broken off by one. */
  | { state: 'held'; reason: string }
  | { state: 'unable'; reason: string };

/** Adds the landing to an accept; the status stays what it is. */
export function recordLanding(
  draft: Draft,
  decision: { attempt: string; commit: string; evidenceHash: string },
  reason: string | undefined,
): void {
  const { completion, deployEnvironment } = draft.context.rules;
  draft.add('landing.recorded', {
    landing: draft.context.newId('lnd'),
    attempt: decision.attempt,
    mode: completion.onAccept,
    commit: decision.commit,
    decision,
    reason: reason ?? null,
  });
  // The policy may require a deploy since the work was submitted.
  if (!completion.requires.includes('deploy') || deployEnvironment === null) return;
  const existing = evidenceOf(draft.state, decision.attempt).find(
    (e) => e.kind === 'deploy' && e.claim['environment'] === deployEnvironment,
  );
  if (existing?.required) return;
  if (existing) draft.add('evidence.required', { evidence: existing.id }, CONTROL_PLANE);
  else {
    draft.add(
      'evidence.claimed',
      {
        evidence: draft.context.newId('evd'),
        attempt: decision.attempt,
        kind: 'deploy',
        claim: { environment: deployEnvironment },
        required: true,
      },
      CONTROL_PLANE,
    );
  }
}

/** Before the ticket goes elsewhere: a landing ends with it, unless a push is under way whose result nobody knows. */
export function withdrawLanding(draft: Draft, reason: string): Refusal | null {
  const landing = landingOf(draft.state);
  if (!landing || !isUnfinished(landing)) return null;
  if (landing.state === 'pushing') {
    return refuse(
      'landing_in_progress',
      `${draft.state.key} is being pushed right now, and the answer is not in yet.`,
      { current: { version: draft.state.version, status: draft.state.status } },
    );
  }
  draft.add('landing.withdrawn', { landing: landing.id, reason });
  return null;
}

export function decideLandingStarted(
  state: Ticket,
  command: { landing: string; runner: string },
  context: DecideContext,
): Decision {
  const landing = currentLanding(state, command.landing);
  if (isRefusal(landing)) return landing;
  if (landing.state !== 'queued') return [];
  return new Draft(state, context).add('landing.started', command, CONTROL_PLANE).events;
}

/**
 * The last moment before the push: what would speak against it now? A pause holds it; a submission that no longer has
 * what its policy requires ends it; a landing that was withdrawn is no longer the runner's.
 */
export function decideIntent(
  state: Ticket,
  command: {
    landing: string;
    commit: string;
    onto: string;
    branch: string;
    checks: LandingCheck[];
    runner: string;
    fence: number;
  },
  context: DecideContext,
): Decision {
  const landing = currentLanding(state, command.landing);
  if (isRefusal(landing)) return landing;
  const newest = landing.intents.at(-1);
  const isRepeated = newest?.commit === command.commit && newest.onto === command.onto;
  if (landing.state === 'pushing' && isRepeated) return [];
  if (landing.state !== 'queued' && landing.state !== 'building') {
    return refuse('transition_not_allowed', `The landing of ${state.key} is ${landing.state}.`);
  }
  if (context.rules.paused) return refuse('paused', `Nothing lands while Mission Control is paused.`);
  const gaps = completionGaps(state, context.rules.completion, context.now);
  if (gaps.missing.length > 0) {
    return refuse('evidence_incomplete', `${state.key} no longer has what it needs to land.`, {
      missing: gaps.missing,
    });
  }
  const unchecked = checksOfMerge(state, context.rules.completion, context.now).filter(
    (name) => !command.checks.some((check) => check.name === name),
  );
  if (unchecked.length > 0) {
    return refuse(
      'evidence_incomplete',
      `The merge result of ${state.key} was not checked with ${unchecked.join(', ')}.`,
      { missing: ['check'] },
    );
  }
  return new Draft(state, context).add('landing.intended', command, CONTROL_PLANE).events;
}

export function decideLandReport(
  state: Ticket,
  landingId: string,
  report: LandReport,
  context: DecideContext,
): Decision {
  const landing = currentLanding(state, landingId);
  if (isRefusal(landing)) return landing;
  const draft = new Draft(state, context);
  switch (report.state) {
    case 'pushed':
      if (!landing.intents.some((intent) => intent.commit === report.commit)) {
        return refuse('transition_not_allowed', `The push of ${report.commit} was never announced.`);
      }
      if (!isOnItsWay(landing)) return [];
      return arrived(draft, landing, report.commit, landing.mode === 'pull_request');
    case 'contained':
      if (!isOnItsWay(landing)) return [];
      return arrived(draft, landing, report.commit, false);
    case 'merged':
      return landing.state === 'awaiting_merge' ? arrived(draft, landing, report.commit, false) : [];
    case 'deployed':
      return landing.state === 'deploying' ? deployed(draft, landing, report) : [];
    case 'moved':
      return isOnItsWay(landing) ? again(draft, landing, report.reason, { unknown: false, at: null }) : [];
    case 'unable':
      // The same report once more: its next try has been set already.
      if (landing.state === 'pushing' && landing.retryAt !== null && landing.retryAt > context.now) return [];
      return again(draft, landing, report.reason, {
        // Whether an announced push has arrived is known by those alone who could look.
        unknown: landing.state === 'pushing',
        at: context.now + backoffMs(LANDING_BACKOFF_SECONDS, landing.tries, context.random),
      });
    case 'held':
      if (landing.state !== 'building') return [];
      return draft.add(
        'landing.requeued',
        {
          landing: landing.id,
          reason: report.reason,
          tries: landing.tries,
          retryAt: null,
          unknown: false,
        },
        CONTROL_PLANE,
      ).events;
    case 'not_merged':
      return waited(draft, landing, report.reason);
    case 'not_deployed':
      if (landing.state !== 'deploying') return [];
      if (context.now < deployDeadline(landing, context)) return waited(draft, landing, report.reason);
      return end(draft, landing, 'deploy_not_seen', notSeen(landing, report.reason, context));
    case 'failed':
      return end(draft, landing, report.cause, report.reason);
  }
}

/** What time alone decides: a deploy that was waived meanwhile, or that nobody could look for in time. */
export function decideLandingDue(state: Ticket, context: DecideContext): Decision {
  const landing = landingOf(state);
  if (landing?.state !== 'deploying') return [];
  const draft = new Draft(state, context);
  if (!isDeployDue(state, context.rules.completion, context.now)) return finish(draft, landing);
  const late = context.now - deployDeadline(landing, context);
  if (late < LATE_PROBE_MS) return [];
  return end(draft, landing, 'deploy_not_seen', notSeen(landing, 'no runner could look for it', context));
}

/** How long after the deadline a probe that is under way may still answer. */
const LATE_PROBE_MS = 120_000;

export function deployDeadline(landing: Landing, context: DecideContext): number {
  return (landing.waitsSince ?? landing.recordedAt) + context.rules.deployTimeoutMs;
}

/** A conflict was mended: the landing goes on where it is safe to. */
export function decideRetryLanding(state: Ticket, reason: string, context: DecideContext): Decision {
  if (context.actor.kind !== 'human' && context.actor.kind !== 'orchestrator')
    return refuse('actor_not_allowed', 'A landing is retried by a person or the orchestrator.');
  const landing = landingOf(state);
  if (landing?.state !== 'ended') {
    return refuse(
      'transition_not_allowed',
      landing ? `The landing of ${state.key} is ${landing.state}.` : `${state.key} has no landing to retry.`,
      { current: { version: state.version, status: state.status } },
    );
  }
  return new Draft(state, context).add('landing.retried', { landing: landing.id, reason }).events;
}

/** A person says that the pull request was closed and will not be merged. */
export function decideCloseMerge(state: Ticket, reason: string, context: DecideContext): Decision {
  if (context.actor.kind !== 'human' && context.actor.kind !== 'orchestrator')
    return refuse(
      'actor_not_allowed',
      'Only a person or the orchestrator says that a pull request was closed.',
    );
  const landing = landingOf(state);
  if (landing?.state !== 'awaiting_merge') {
    return refuse('transition_not_allowed', `No pull request of ${state.key} awaits its merge.`, {
      current: { version: state.version, status: state.status },
    });
  }
  return end(
    new Draft(state, context),
    landing,
    'pull_request_closed',
    `${context.actor.id} says that the pull request of ${landing.branch} was closed unmerged: ${reason}`,
  );
}

function currentLanding(state: Ticket, id: string): Landing | Refusal {
  const landing = landingOf(state);
  if (landing && landing.id === id && isUnfinished(landing)) return landing;
  return refuse('stale_attempt', `The landing ${id} of ${state.key} is over, or was withdrawn.`, {
    reason: 'superseded',
  });
}

function isOnItsWay(landing: Landing): boolean {
  return landing.state === 'queued' || landing.state === 'building' || landing.state === 'pushing';
}

function arrived(draft: Draft, landing: Landing, commit: string, awaitsMerge: boolean): Decision {
  const { rules, now } = draft.context;
  const isDue = isDeployDue(draft.state, rules.completion, now);
  if (awaitsMerge) {
    draft.add('landing.pushed', { landing: landing.id, commit, waitsFor: 'merge' }, CONTROL_PLANE);
    return draft.events;
  }
  const type = landing.state === 'awaiting_merge' ? 'landing.merged' : 'landing.pushed';
  draft.add(type, { landing: landing.id, commit, waitsFor: isDue ? 'deploy' : null }, CONTROL_PLANE);
  return isDue ? draft.events : finish(draft, landing);
}

function deployed(draft: Draft, landing: Landing, report: { commit: string; said: string }): Decision {
  for (const evidence of evidenceOf(draft.state, landing.attempt)) {
    if (evidence.kind !== 'deploy' || !evidence.required || evidence.state === 'verified') continue;
    draft.add(
      'evidence.verified',
      {
        evidence: evidence.id,
        reason: null,
        details: { commit: report.commit, said: report.said.slice(0, 500) },
      },
      CONTROL_PLANE,
    );
  }
  return finish(draft, landing);
}

/** The one way to `done` of what had to land. */
function finish(draft: Draft, landing: Landing): Decision {
  const gaps = doneGaps(draft.state, draft.context.rules.completion, draft.context.now);
  if (gaps.missing.length > 0) {
    return end(
      draft,
      landing,
      'evidence_incomplete',
      `The work has landed, and the completion policy misses: ${gaps.missing.join(', ')}. Provide or waive it, and retry.`,
    );
  }
  return decided(draft, draft.transition('land', { attempt: landing.attempt }, CONTROL_PLANE));
}

function again(
  draft: Draft,
  landing: Landing,
  reason: string,
  options: { unknown: boolean; at: number | null },
): Decision {
  // What waits for a merge or a deploy is looked at again anyway.
  if (!isOnItsWay(landing)) return waited(draft, landing, reason);
  const tries = landing.tries + 1;
  if (tries >= LANDING_TRIES) {
    return options.unknown || options.at !== null
      ? end(
          draft,
          landing,
          'unable',
          options.unknown
            ? `It is not known whether the announced push has arrived: ${reason} Look at the branch; a retry looks first, too.`
            : `It could not be landed after ${tries} tries: ${reason}`,
        )
      : end(
          draft,
          landing,
          'branch_moved',
          `The branch moved ${tries} times while this was landing: ${reason}`,
        );
  }
  return draft.add(
    'landing.requeued',
    { landing: landing.id, reason, tries, retryAt: options.at, unknown: options.unknown },
    CONTROL_PLANE,
  ).events;
}

/** Looks that find nothing new are no events. */
function waited(draft: Draft, landing: Landing, reason: string | null): Decision {
  if (reason === null || reason === landing.reason) return [];
  return draft.add('landing.waited', { landing: landing.id, reason }, CONTROL_PLANE).events;
}

function notSeen(landing: Landing, reason: string, context: DecideContext): string {
  const { deployEnvironment, deployTimeoutMs } = context.rules;
  return `${deployEnvironment ?? 'The deploy'} did not report ${landing.result ?? landing.commit} or a later commit within ${Math.round(deployTimeoutMs / 1000)} s: ${reason}`;
}

function end(draft: Draft, landing: Landing, cause: LandingCause, reason: string): Decision {
  const { actor } = draft.context;
  const byPerson = actor.kind === 'human' || actor.kind === 'orchestrator';
  if (cause === 'deploy_not_seen') {
    for (const evidence of evidenceOf(draft.state, landing.attempt)) {
      if (evidence.kind === 'deploy' && evidence.required && evidence.state === 'unverified')
        draft.add('evidence.refuted', { evidence: evidence.id, reason, details: {} }, CONTROL_PLANE);
    }
  }
  draft.add('landing.ended', { landing: landing.id, cause, reason }, byPerson ? actor : CONTROL_PLANE);
  return draft.events;
}
