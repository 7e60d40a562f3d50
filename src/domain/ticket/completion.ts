/**
 * When a ticket may be done: the policy in force, what it still misses, and the fingerprint of what was decided on.
 * Fails closed: evidence that is unverified, given up or of another attempt does not count.
 */
import type { EvidenceKind } from '../words.ts';
import { isUnfinished, landingOf } from './landing.ts';
import {
  type Attempt,
  type Completion,
  type Evidence,
  type Ticket,
  evidenceOf,
  submittedAttempt,
} from './state.ts';

/** The project's policy with the ticket's own members over it. */
export function effectiveCompletion(project: Completion, ticket: Partial<Completion> | null): Completion {
  const own = Object.fromEntries(Object.entries(ticket ?? {}).filter(([, value]) => value !== undefined));
  return { ...project, ...own };
}

export interface CompletionGaps {
  /** Kinds that are required and neither verified nor waived. */
  missing: EvidenceKind[];
  refuted: Evidence[];
  /** Required evidence that a verifier has not settled yet. */
  pending: Evidence[];
  givenUp: Evidence[];
  /** Files of the submission that the project protects. */
  protectedPaths: string[];
}

/**
 * What the decision to accept still misses. `deploy` can only be seen once the work has landed: it is what `land` needs,
 * not the review.
 */
export function completionGaps(ticket: Ticket, completion: Completion, now: number): CompletionGaps {
  return gapsOf(ticket, completion, now, (kind) => kind !== 'deploy');
}

/** What the ticket misses to be done, with everything that its policy requires. */
export function doneGaps(ticket: Ticket, completion: Completion, now: number): CompletionGaps {
  return gapsOf(ticket, completion, now, () => true);
}

/** The checks that have to pass on a merge result before it may be pushed; none where a person has waived them. */
export function checksOfMerge(ticket: Ticket, completion: Completion, now: number): string[] {
  const attempt = submittedAttempt(ticket);
  const isWaived = ticket.waivers.some(
    (w) => w.attempt === attempt?.id && w.kind === 'check' && w.expiresAt > now,
  );
  return completion.requires.includes('check') && !isWaived ? completion.checks : [];
}

/** Whether the deploy has to be seen: it is required, and nobody has waived it. */
export function isDeployDue(ticket: Ticket, completion: Completion, now: number): boolean {
  return gapsOf(ticket, completion, now, (kind) => kind === 'deploy').missing.length > 0;
}

function gapsOf(
  ticket: Ticket,
  completion: Completion,
  now: number,
  counts: (kind: EvidenceKind) => boolean,
): CompletionGaps {
  const attempt = submittedAttempt(ticket);
  const gaps: CompletionGaps = { missing: [], refuted: [], pending: [], givenUp: [], protectedPaths: [] };
  if (!attempt)
    return { ...gaps, missing: completion.requires.filter((kind) => kind !== 'review' && counts(kind)) };
  const evidence = evidenceOf(ticket, attempt.id);
  const waived = new Set(
    ticket.waivers.filter((w) => w.attempt === attempt.id && w.expiresAt > now).map((w) => w.kind),
  );
  for (const kind of completion.requires) {
    // `accept` is itself the review, by someone other than the worker.
    if (kind === 'review' || !counts(kind)) continue;
    const ofKind = evidence.filter((e) => e.kind === kind && e.required);
    gaps.refuted.push(...ofKind.filter((e) => e.state === 'refuted'));
    gaps.givenUp.push(...ofKind.filter((e) => e.state === 'unverified' && e.givenUp));
    gaps.pending.push(...ofKind.filter((e) => e.state === 'unverified' && !e.givenUp));
    if (!waived.has(kind) && !isSatisfied(kind, ofKind, completion)) gaps.missing.push(kind);
  }
  for (const e of evidence) {
    const touched = e.details['protectedPaths'];
    if (Array.isArray(touched)) gaps.protectedPaths.push(...touched.map(String));
  }
  return gaps;
}

function isSatisfied(kind: EvidenceKind, evidence: Evidence[], completion: Completion): boolean {
  // Nothing satisfies nothing: a required kind without any evidence is missing, also where no check is named.
  if (evidence.some((e) => e.state !== 'verified')) return false;
  if (kind === 'check' && !completion.checks.every((name) => evidence.some((e) => e.claim['name'] === name)))
    return false;
  return evidence.length > 0;
}

/** What a runner looks at. */
const BY_RUNNER: readonly EvidenceKind[] = ['commit', 'check'];

/** The evidence that a verifier still has to look at, now that the attempt has ended and nothing can change under it. */
export function verifiableEvidence(
  ticket: Ticket,
  now: number,
  kinds: readonly EvidenceKind[] = BY_RUNNER,
): Evidence[] {
  const submitted = submittedAttempt(ticket);
  const ended = new Set(ticket.attempts.filter((a) => a.state === 'ended').map((a) => a.id));
  return ticket.evidence.filter((e) => {
    if (!kinds.includes(e.kind) || !ended.has(e.attempt)) return false;
    if (e.reverify) return true;
    const isOpen = ticket.status === 'in_review' && e.attempt === submitted?.id;
    return isOpen && e.state === 'unverified' && !e.givenUp && (e.retryAt === null || e.retryAt <= now);
  });
}

/**
 * Whether the verifier has something to do with this ticket, now or once a retry is due: evidence to look at, or a
 * decision that the policy can make. What waits for a person is left alone, however much of it there is.
 */
export function needsVerifier(ticket: Ticket, completion: Completion): boolean {
  if (verifiableEvidence(ticket, Number.POSITIVE_INFINITY, [...BY_RUNNER, 'artifact']).length > 0)
    return true;
  const landing = landingOf(ticket);
  if (landing) return isUnfinished(landing);
  if (ticket.status !== 'in_review' || completion.decidedBy !== 'policy') return false;
  if (!isReviewReady(ticket, completion, 0)) return false;
  const gaps = completionGaps(ticket, completion, 0);
  if (gaps.givenUp.length > 0 || gaps.protectedPaths.length > 0) return false;
  return gaps.refuted.length > 0 || gaps.missing.length === 0;
}

/** Every piece of required evidence has been verified, refuted or given up: the review can be decided. */
export function isReviewReady(ticket: Ticket, completion: Completion, now: number): boolean {
  const attempt = submittedAttempt(ticket);
  if (!attempt || attempt.state !== 'ended') return false;
  return completionGaps(ticket, completion, now).pending.length === 0;
}

/** What a decision is bound to: attempt, commit, and each piece of evidence with its state. */
export function evidenceFingerprint(ticket: Ticket): string {
  const attempt = submittedAttempt(ticket);
  if (!attempt) return '';
  const lines = evidenceOf(ticket, attempt.id)
    .map((e) => `${e.id} ${e.kind} ${e.state} ${JSON.stringify(e.claim)}`)
    .sort();
  return [attempt.id, submittedCommit(ticket) ?? '', ...lines].join('\n');
}

export function submittedCommit(ticket: Ticket): string | null {
  const attempt = submittedAttempt(ticket);
  return attempt ? commitOfAttempt(ticket, attempt) : null;
}

/**
 * The commit that an attempt stands for: the one that the policy requires, else the head. Other commits that a worker
 * claimed on its way do not count, or the checks would run on one commit while another is delivered.
 */
export function commitOfAttempt(ticket: Ticket, attempt: Attempt): string | null {
  const claims = evidenceOf(ticket, attempt.id).filter((e) => e.kind === 'commit');
  const required = claims.find((e) => e.required)?.claim['commit'];
  if (typeof required === 'string') return required;
  const last = claims.at(-1)?.claim['commit'];
  return attempt.head ?? (typeof last === 'string' ? last : null);
}
