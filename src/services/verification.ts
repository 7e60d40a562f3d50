/**
 * Evidence: handing it to a verifier, taking in what it found, and what the policy makes of it. Level-based: what has
 * to be done is read from the tickets, so a lost message or a restart loses nothing.
 */
import type { Project } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { commitOfAttempt, effectiveCompletion, verifiableEvidence } from '../domain/ticket/completion.ts';
import {
  type Finding,
  decideByPolicy,
  decideFindings,
  decideReverify,
} from '../domain/ticket/decide-review.ts';
import type { Attempt, Evidence, Ticket } from '../domain/ticket/state.ts';
import type { VerifyOffer } from '../contract/runner-protocol.ts';
import type { Work } from '../store/port.ts';
import { finalBundle, keeperOf } from './bundles.ts';
import { type ChangeOptions, changeTicket } from './change-ticket.ts';
import { type Caller, type Deps, notFound } from './deps.ts';

const VERIFIER: Caller = { actor: { kind: 'control_plane', id: 'verifier' } };

/** Creates the work for evidence that is due; one unfinished piece of work per attempt. Returns whether it did. */
export async function createVerifyWork(deps: Deps, ticket: Ticket): Promise<boolean> {
  if (verifiableEvidence(ticket, Number.POSITIVE_INFINITY).length === 0) return false;
  const now = await deps.store.now();
  const attemptId = verifiableEvidence(ticket, now)[0]?.attempt;
  if (attemptId === undefined) return false;
  const active = await deps.store.workOfAttempt(attemptId);
  const unfinished = active.find(
    (work) => work.kind === 'verify' && (work.state === 'pending' || work.state === 'running'),
  );
  const attempt = ticket.attempts.find((a) => a.id === attemptId);
  if (unfinished) {
    await giveUpOnSilentRunner(deps, unfinished, attempt, now);
    return false;
  }
  // What has been looked at meanwhile needs no second look: the next pass sees.
  const { committed } = await deps.store.commit({
    guards: [{ guard: 'ticket_version', ticket: ticket.key, version: ticket.version }],
    appends: [],
    rows: [],
    effects: [
      {
        effect: 'work_add',
        work: {
          id: deps.newId('wrk'),
          kind: 'verify',
          ticket: ticket.key,
          attempt: attemptId,
          key: `verify:${attemptId}`,
          createdAt: now,
          wantsRunner: await keeperOf(deps, attempt, 'verify'),
        },
      },
    ],
  });
  return committed;
}

/**
 * Any runner can look at commits that were uploaded; else only the one that has them. When it has been silent for as long as makes a parked attempt
 * lost, the try counts as one that could not run, so that after the last of them a person is asked: nothing waits for
 * a runner that may never come back.
 */
async function giveUpOnSilentRunner(
  deps: Deps,
  work: Work,
  attempt: Attempt | undefined,
  now: number,
): Promise<void> {
  if (work.wantsRunner === null) return;
  if ((await keeperOf(deps, attempt, 'verify')) === null) {
    await deps.store.commit({ appends: [], rows: [], effects: [{ effect: 'work_release', id: work.id }] });
    return;
  }
  const presence = (await deps.store.presences()).find((seen) => seen.runner === work.wantsRunner);
  if (presence && now - presence.seenAt < deps.timing.parkedSilenceMs) return;
  const taken = await deps.store.takeWork(work.id, VERIFIER.actor.id, deps.timing.leaseMs);
  if (!taken) return;
  await finishVerifyWork(deps, taken, {
    fence: taken.fence,
    outcome: 'unable',
    reason: `The runner ${work.wantsRunner}, which has the commits, is not connected. Start it again on its data directory.`,
    findings: [],
  });
}

/** What the verifier is told; null when nothing is due any more, and then the work is over: others wait behind it. */
export async function verifyOffer(deps: Deps, work: Work): Promise<VerifyOffer | null> {
  const record = await deps.store.ticket(work.ticket);
  const ticket = record?.state;
  const attempt = ticket?.attempts.find((a) => a.id === work.attempt);
  const project = ticket ? await deps.store.document<Project>('project', ticket.project) : null;
  const now = await deps.store.now();
  if (!ticket || !attempt || !project || dueOf(ticket, work.attempt, now).length === 0) {
    const reason = 'nothing to verify any more';
    const over = { effect: 'work_finish', id: work.id, fence: work.fence, state: 'done', reason } as const;
    await deps.store.commit({ appends: [], rows: [], effects: [over] });
    return null;
  }
  const completion = effectiveCompletion(project.completion, ticket.completion);
  const commit = commitOfAttempt(ticket, attempt);
  const evidence: VerifyOffer['evidence'] = [];
  for (const due of dueOf(ticket, work.attempt, now)) {
    if (due.kind === 'commit') {
      evidence.push({
        id: due.id,
        kind: 'commit',
        commit: typeof due.claim['commit'] === 'string' ? due.claim['commit'] : (commit ?? ''),
      });
    } else {
      const check = project.checks.find((candidate) => candidate.name === due.claim['name']);
      if (check) evidence.push({ id: due.id, kind: 'check', check });
    }
  }
  return {
    kind: 'verify',
    work: work.id,
    ticket: ticket.key,
    attempt: attempt.id,
    attemptNumber: attempt.number,
    personal: attempt.kind === 'person',
    fence: work.fence,
    project: projectForRunner(project),
    branch: attempt.branch,
    base: attempt.base,
    commit,
    bundle: await finalBundle(deps, attempt),
    allowEmptyDiff: completion.allowEmptyDiff,
    protectedPaths: project.protectedPaths,
    evidence,
  };
}

function dueOf(ticket: Ticket, attempt: string, now: number): Evidence[] {
  return verifiableEvidence(ticket, now).filter((evidence) => evidence.attempt === attempt);
}

export function projectForRunner(project: Project): VerifyOffer['project'] {
  const { key, repository, defaultBranch, setup } = project;
  return { key, repository, defaultBranch, setup };
}

/** The verifier's report. Evidence that the offer named and the report does not is left unverified, with a reason. */
export async function finishVerifyWork(
  deps: Deps,
  work: Work,
  report: { fence: number; outcome: 'done' | 'unable'; reason: string | null; findings: Finding[] },
): Promise<true | Refusal> {
  if (work.fence !== report.fence || work.state !== 'running') {
    return refuse('stale_attempt', `Work ${work.id} has been given to another verifier.`, {
      reason: 'superseded',
    });
  }
  const result = await changeTicket(
    deps,
    VERIFIER,
    work.ticket,
    (ticket, context) => {
      const due = dueOf(ticket, work.attempt, context.now);
      const reported = new Map(report.findings.map((finding) => [finding.id, finding]));
      // Another look that was asked for while this one was under way was no part of it, and is still to come.
      const looked = due.filter(
        (evidence) => !evidence.reverify || reported.has(evidence.id) || report.outcome === 'unable',
      );
      const findings = looked.map(
        (evidence): Finding =>
          reported.get(evidence.id) ?? {
            id: evidence.id,
            state: 'unverified',
            reason: report.reason ?? 'the verifier said nothing about it',
            details: {},
          },
      );
      return decideFindings(ticket, findings, context);
    },
    {
      effects: [
        {
          effect: 'work_finish',
          id: work.id,
          fence: report.fence,
          state: report.outcome,
          reason: report.reason,
        },
      ],
    },
  );
  return isRefusal(result) ? result : true;
}

/** Applies the completion policy to a submission whose evidence is settled; a no-op where it says nothing. */
export function applyPolicy(deps: Deps, key: string) {
  return changeTicket(deps, { actor: { kind: 'policy', id: 'completion-policy' } }, key, (ticket, context) =>
    decideByPolicy(ticket, context),
  );
}

export async function reverifyEvidence(deps: Deps, caller: Caller, evidence: string, options: ChangeOptions) {
  const key = await deps.store.ticketOfEvidence(evidence);
  if (key === null) return notFound('evidence', evidence);
  return changeTicket(
    deps,
    caller,
    key,
    (ticket, context) => decideReverify(ticket, evidence, context),
    options,
  );
}
