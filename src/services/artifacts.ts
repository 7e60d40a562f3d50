/**
 * Artifacts: what a worker made that is no commit. The content is stored by its SHA-256 before anything says so; the
 * upload is itself the claim; and it is verified when the attempt is over, by hashing the stored bytes again.
 */
import { createHash } from 'node:crypto';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { verifiableEvidence } from '../domain/ticket/completion.ts';
import { type Finding, decideFindings } from '../domain/ticket/decide-review.ts';
import { decideArtifact } from '../domain/ticket/decide-signal.ts';
import { currentAttempt } from '../domain/ticket/fence.ts';
import type { Evidence, Ticket } from '../domain/ticket/state.ts';
import { findAttempt } from './attempts.ts';
import { type ChangeOptions, type TicketChanged, changeTicket } from './change-ticket.ts';
import { type Caller, type Deps, notFound, system } from './deps.ts';

export async function storeArtifact(
  deps: Deps,
  caller: Caller,
  who: { attempt: string; fence: number },
  artifact: { name: string; content: Uint8Array },
  options: ChangeOptions = {},
): Promise<TicketChanged | Refusal> {
  const { content, name } = artifact;
  if (content.length > deps.artifactMaxBytes) {
    return refuse(
      'body_too_large',
      `${name} has ${content.length} bytes; an artifact has at most ${deps.artifactMaxBytes}.`,
    );
  }
  // Nothing is stored for a worker that may no longer write; the commit looks again.
  const found = await findAttempt(deps, who.attempt);
  if (isRefusal(found)) return found;
  const attempt = currentAttempt(found.ticket, who.attempt, who.fence);
  if (isRefusal(attempt)) return attempt;
  const sha256 = await deps.artifacts.put(content);
  const changed = await changeTicket(
    deps,
    caller,
    found.ticket.key,
    (ticket, context) => decideArtifact(ticket, who, { name, sha256, size: content.length }, context),
    options,
  );
  if (isRefusal(changed)) return changed;
  return changed;
}

export function isArtifact(evidence: Evidence, attempt: string, name: string, content: Uint8Array): boolean {
  const { claim } = evidence;
  return (
    evidence.attempt === attempt &&
    evidence.kind === 'artifact' &&
    claim['name'] === name &&
    claim['sha256'] === createHash('sha256').update(content).digest('hex')
  );
}

/**
 * The stored bytes, hashed again. Content that is gone or is another refutes; a disk that cannot be read says nothing.
 * @returns the ticket as it is then
 */
export async function verifyArtifacts(deps: Deps, before: Ticket): Promise<Ticket> {
  if (verifiableEvidence(before, Number.POSITIVE_INFINITY, ['artifact']).length === 0) return before;
  const due = verifiableEvidence(before, await deps.store.now(), ['artifact']);
  if (due.length === 0) return before;
  const findings = new Map<string, Finding>();
  for (const evidence of due) findings.set(evidence.id, await look(deps, evidence));
  const changed = await changeTicket(deps, system('verifier'), before.key, (ticket, context) =>
    decideFindings(
      ticket,
      verifiableEvidence(ticket, context.now, ['artifact']).flatMap((e) => findings.get(e.id) ?? []),
      context,
    ),
  );
  return isRefusal(changed) ? before : changed.ticket;
}

async function look(deps: Deps, { id, claim }: Evidence): Promise<Finding> {
  const { name, sha256, size } = claim;
  const refuted = (reason: string): Finding => ({ id, state: 'refuted', reason, details: {} });
  if (typeof sha256 !== 'string') return refuted(`No content was uploaded for ${String(name)}.`);
  try {
    const found = await deps.artifacts.hashOf(sha256);
    if (found === null) return refuted(`The content of ${String(name)} is no longer stored.`);
    if (found !== sha256) return refuted(`The stored content of ${String(name)} has been changed.`);
    return { id, state: 'verified', reason: null, details: { sha256, size } };
  } catch (error) {
    const reason = `The stored content of ${String(name)} could not be read: ${error instanceof Error ? error.message : String(error)}`;
    return { id, state: 'unverified', reason, details: {} };
  }
}

export async function readArtifact(
  deps: Deps,
  evidenceId: string,
): Promise<{ name: string; content: Uint8Array } | Refusal> {
  const key = await deps.store.ticketOfEvidence(evidenceId);
  const record = key === null ? null : await deps.store.ticket(key);
  const evidence = record?.state.evidence.find((e) => e.id === evidenceId);
  const { name, sha256 } = evidence?.claim ?? {};
  if (evidence?.kind !== 'artifact' || typeof sha256 !== 'string') return notFound('artifact', evidenceId);
  const content = await deps.artifacts.read(sha256);
  return content
    ? { name: typeof name === 'string' ? name : evidenceId, content }
    : notFound('content of artifact', evidenceId);
}
