/** What a worker may say about its own attempt: progress, ask, evidence, submit, fail. All of it is a claim. */
import type { EvidenceKind } from '../words.ts';
import { isRefusal, refuse } from '../refusal.ts';
import { type DecideContext, type Decision, CONTROL_PLANE, Draft, decided, settleOutcome } from './decide.ts';
import { currentAttempt, stale, stoppingReason } from './fence.ts';
import { type Attempt, type Ticket, evidenceOf, openQuestions } from './state.ts';

export interface Claim {
  kind: 'commit' | 'check' | 'deploy' | 'artifact';
  commit?: string | undefined;
  name?: string | undefined;
  environment?: string | undefined;
  version?: string | undefined;
}

export type SignalCommand =
  | { type: 'progress'; text: string; percent?: number | undefined }
  | { type: 'ask'; text: string; choices?: string[] | undefined; context?: string | undefined }
  | ({ type: 'evidence' } & Claim)
  | { type: 'submit'; summary: string; commit?: string | undefined; evidence?: Claim[] | undefined }
  | { type: 'fail'; reason: string; retry?: boolean | undefined };

export function decideSignal(
  state: Ticket,
  who: { attempt: string; fence: number },
  signal: SignalCommand,
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, who.attempt, who.fence);
  if (isRefusal(attempt)) return attempt;
  const parking = attempt.state === 'stopping' && attempt.stoppingTo === 'parked';
  const late = signal.type === 'progress' || (signal.type === 'ask' && parking);
  if (attempt.state === 'stopping' && !late) return stale(attempt, stoppingReason(attempt));
  if (attempt.state === 'offered') {
    return refuse(
      'transition_not_allowed',
      `Attempt ${attempt.number} has not been accepted by its runner yet.`,
    );
  }
  switch (signal.type) {
    case 'progress':
      return new Draft(state, context).add('attempt.progressed', {
        attempt: attempt.id,
        fence: attempt.fence,
        text: signal.text,
        percent: signal.percent ?? null,
      }).events;
    case 'ask':
      return ask(state, attempt, signal, context);
    case 'evidence':
      return claimEvidence(state, attempt, signal, context);
    case 'submit':
      return submit(state, attempt, signal, context);
    case 'fail':
      return fail(state, attempt, signal, context);
  }
}

/** More than any attempt needs, and less than fills a disk, or makes a ticket that nobody can read. */
const MOST_ARTIFACTS = 100;
const MOST_CLAIMS = 100;
const MOST_QUESTIONS = 20;

function ask(
  state: Ticket,
  attempt: Attempt,
  signal: Extract<SignalCommand, { type: 'ask' }>,
  context: DecideContext,
): Decision {
  if (openQuestions(state).length >= MOST_QUESTIONS) {
    return refuse(
      'invalid_request',
      `${state.key} has ${MOST_QUESTIONS} open questions already. Stop now; you go on here once they are answered.`,
      { errors: [{ path: 'text', message: `a ticket has at most ${MOST_QUESTIONS} open questions` }] },
    );
  }
  const draft = new Draft(state, context);
  draft.add('question.opened', {
    question: context.newId('que'),
    kind: 'question',
    text: signal.text,
    context: signal.context ?? null,
    choices: (signal.choices ?? []).map((label, index) => ({ id: String(index + 1), label })),
    attempt: attempt.id,
  });
  if (attempt.state === 'stopping') return draft.events;
  const refused = draft.transition('ask', { attempt: attempt.id });
  if (!refused) {
    draft.add('attempt.stopping', {
      attempt: attempt.id,
      fence: attempt.fence,
      to: 'parked',
      outcome: null,
      reason: 'asked a question',
    });
  }
  return decided(draft, refused);
}

const FULL_ID = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** The claim as it is stored, or why it is not one. */
function readClaim(
  claim: Claim,
  attempt: Attempt,
  context: DecideContext,
): Record<string, unknown> | { wrong: string; missing?: EvidenceKind } {
  switch (claim.kind) {
    case 'commit':
      if (claim.commit === undefined || !FULL_ID.test(claim.commit)) {
        return {
          wrong: `The commit ${claim.commit ?? '(none)'} is not a full commit id of 40 or 64 hex digits.`,
          missing: 'commit',
        };
      }
      if (
        claim.commit === attempt.base &&
        !context.rules.completion.allowEmptyDiff &&
        context.rules.completion.requires.includes('commit')
      ) {
        return {
          wrong: `The commit ${claim.commit} is the one this attempt started from; nothing has been committed on top of it.`,
          missing: 'commit',
        };
      }
      return { commit: claim.commit };
    case 'check':
      if (claim.name === undefined || !context.rules.checkNames.includes(claim.name)) {
        return {
          wrong: `The project has no check named ${claim.name ?? '(none)'}; it has: ${context.rules.checkNames.join(', ') || 'none'}.`,
        };
      }
      return { name: claim.name };
    case 'deploy':
      if (claim.environment === undefined || claim.environment === '')
        return { wrong: 'A deploy names its environment.' };
      return {
        environment: claim.environment,
        ...(claim.version === undefined ? {} : { version: claim.version }),
      };
    case 'artifact':
      return {
        wrong: `No content named ${claim.name ?? '(none)'} was uploaded by this attempt: mc-coord evidence artifact FILE uploads it.`,
        missing: 'artifact',
      };
  }
}

/** An upload is itself the claim: its content was stored under this hash before. */
export function decideArtifact(
  state: Ticket,
  who: { attempt: string; fence: number },
  artifact: { name: string; sha256: string; size: number },
  context: DecideContext,
): Decision {
  const attempt = currentAttempt(state, who.attempt, who.fence);
  if (isRefusal(attempt)) return attempt;
  if (attempt.state === 'stopping') return stale(attempt, stoppingReason(attempt));
  if (attempt.state === 'offered') {
    return refuse(
      'transition_not_allowed',
      `Attempt ${attempt.number} has not been accepted by its runner yet.`,
    );
  }
  const own = evidenceOf(state, attempt.id).filter((evidence) => evidence.kind === 'artifact');
  if (own.some((e) => e.claim['name'] === artifact.name && e.claim['sha256'] === artifact.sha256)) return [];
  if (own.length >= MOST_ARTIFACTS) {
    return refuse('invalid_request', `Attempt ${attempt.number} has ${MOST_ARTIFACTS} artifacts already.`, {
      errors: [{ path: 'name', message: `an attempt has at most ${MOST_ARTIFACTS} artifacts` }],
    });
  }
  return new Draft(state, context).add('evidence.claimed', {
    evidence: context.newId('evd'),
    attempt: attempt.id,
    kind: 'artifact',
    claim: { ...artifact },
    required: false,
  }).events;
}

function claimEvidence(state: Ticket, attempt: Attempt, signal: Claim, context: DecideContext): Decision {
  const isUploaded =
    signal.kind === 'artifact' &&
    evidenceOf(state, attempt.id).some((e) => e.kind === 'artifact' && e.claim['name'] === signal.name);
  if (isUploaded) return [];
  const claim = readClaim(signal, attempt, context);
  if ('wrong' in claim) {
    return refuse('evidence_incomplete', String(claim['wrong']), { missing: [signal.kind] });
  }
  const same = evidenceOf(state, attempt.id).find(
    (evidence) => evidence.kind === signal.kind && JSON.stringify(evidence.claim) === JSON.stringify(claim),
  );
  if (same) return [];
  const claims = evidenceOf(state, attempt.id).filter(({ kind }) => kind !== 'artifact');
  if (claims.length >= MOST_CLAIMS) {
    return refuse('invalid_request', `Attempt ${attempt.number} has claimed ${MOST_CLAIMS} things already.`, {
      errors: [{ path: 'kind', message: `an attempt has at most ${MOST_CLAIMS} claims` }],
    });
  }
  return new Draft(state, context).add('evidence.claimed', {
    evidence: context.newId('evd'),
    attempt: attempt.id,
    kind: signal.kind,
    claim,
    required: false,
  }).events;
}

function submit(
  state: Ticket,
  attempt: Attempt,
  signal: Extract<SignalCommand, { type: 'submit' }>,
  context: DecideContext,
): Decision {
  const draft = new Draft(state, context);
  const claims: Claim[] = [...(signal.evidence ?? [])];
  if (signal.commit !== undefined) claims.unshift({ kind: 'commit', commit: signal.commit });
  for (const claim of claims) {
    const events = claimEvidence(draft.state, attempt, claim, context);
    if (isRefusal(events)) return events;
    for (const event of events) draft.add(event.type, event.data as never);
  }
  const refused =
    requireEvidence(draft, attempt.id, signal.commit ?? null) ??
    draft.transition('submit', { attempt: attempt.id });
  if (refused) return refused;
  draft.withdrawQuestions('the work was submitted');
  const commit = signal.commit ?? claimedCommit(draft.state, attempt.id);
  draft.add('attempt.stopping', {
    attempt: attempt.id,
    fence: attempt.fence,
    to: 'ended',
    outcome: 'submitted',
    reason: null,
    summary: signal.summary,
    submittedBy: attempt.id,
    ...(commit === null ? {} : { head: commit }),
  });
  return draft.events;
}

/** A submit without a commit stands for the commit claimed before it; where there is none, for the head at the end. */
function claimedCommit(state: Ticket, attempt: string): string | null {
  const commit = evidenceOf(state, attempt)
    .filter((e) => e.kind === 'commit')
    .at(-1)?.claim['commit'];
  return typeof commit === 'string' ? commit : null;
}

/**
 * Creates, as unverified, whatever the policy requires and nobody has claimed yet; claims that match become required.
 * The signal itself is verified at once: it stands in the same commit as this.
 */
export function requireEvidence(draft: Draft, attempt: string, commit: string | null) {
  const { context } = draft;
  const { completion, deployEnvironment } = context.rules;
  const open = (kind: EvidenceKind, match: (claim: Record<string, unknown>) => boolean = () => true) =>
    evidenceOf(draft.state, attempt).filter((e) => e.kind === kind && match(e.claim));
  const need = (
    kind: EvidenceKind,
    claim: Record<string, unknown>,
    existing: { id: string; required: boolean } | undefined,
  ): void => {
    if (!existing) {
      draft.add(
        'evidence.claimed',
        { evidence: context.newId('evd'), attempt, kind, claim, required: true },
        CONTROL_PLANE,
      );
    } else if (!existing.required) draft.add('evidence.required', { evidence: existing.id }, CONTROL_PLANE);
  };
  for (const kind of completion.requires) {
    switch (kind) {
      case 'signal': {
        const evidence = context.newId('evd');
        draft.add('evidence.claimed', { evidence, attempt, kind, claim: {}, required: true }, CONTROL_PLANE);
        draft.add('evidence.verified', { evidence, reason: null, details: {} }, CONTROL_PLANE);
        break;
      }
      case 'commit':
        need(
          'commit',
          { commit },
          open('commit', (claim) => commit === null || claim['commit'] === commit).at(-1),
        );
        break;
      case 'check':
        for (const name of completion.checks)
          need('check', { name }, open('check', (claim) => claim['name'] === name)[0]);
        break;
      case 'deploy':
        if (deployEnvironment !== null) {
          need(
            'deploy',
            { environment: deployEnvironment },
            open('deploy', (claim) => claim['environment'] === deployEnvironment)[0],
          );
        }
        break;
      case 'artifact': {
        const artifacts = open('artifact');
        if (artifacts.length === 0) {
          return refuse(
            'evidence_incomplete',
            'The completion policy requires an artifact, and none was uploaded.',
            { missing: ['artifact'] },
          );
        }
        // One uploaded again under its name takes the place of the one before.
        for (const artifact of artifacts) {
          const newest = artifacts.findLast((other) => other.claim['name'] === artifact.claim['name']);
          if (newest === artifact) need('artifact', artifact.claim, artifact);
        }
        break;
      }
      case 'review':
        // The decision to accept is itself the review.
        break;
    }
  }
  return null;
}

function fail(
  state: Ticket,
  attempt: Attempt,
  signal: Extract<SignalCommand, { type: 'fail' }>,
  context: DecideContext,
): Decision {
  const draft = new Draft(state, context);
  draft.add('attempt.stopping', {
    attempt: attempt.id,
    fence: attempt.fence,
    to: 'ended',
    outcome: 'failed',
    reason: signal.reason,
  });
  draft.withdrawQuestions('the attempt failed', (id) => id === attempt.id);
  return decided(
    draft,
    settleOutcome(draft, attempt, 'failed', { reason: signal.reason, retry: signal.retry ?? true }),
  );
}
