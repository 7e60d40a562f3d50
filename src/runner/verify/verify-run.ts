/**
 * Verification work: Mission Control looks for itself whether what an attempt claims is so. `verified` and `refuted`
 * are answers; what could not be looked at stays `unverified`, with the reason, and is looked at again.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyOffer } from '../../contract/runner-protocol.ts';
import type { Clock } from '../clock.ts';
import { type Clones, RepositoryProblem } from '../git/clones.ts';
import { isFullCommitId, objectType, readRef } from '../git/git.ts';
import { attemptBranch } from '../git/saved-work.ts';
import type { Worktrees } from '../git/worktrees.ts';
import type { HandOver } from '../hand-over.ts';
import type { Log } from '../log.ts';
import { cleanTail, cleanText } from '../output/output-chunk.ts';
import type { ControlPlane, Processes } from '../ports.ts';
import { WorkSession } from '../work-session.ts';
import type { CheckResult } from './check-run.ts';
import { CleanWorktree } from './clean-worktree.ts';
import { type EvidenceResult, notHere, verifyCommit } from './commit-evidence.ts';
import { ProjectCommands, safeName } from './project-commands.ts';

export interface VerifyContext {
  clock: Clock;
  log: Log;
  controlPlane: ControlPlane;
  processes: Processes;
  clones: Clones;
  worktrees: Worktrees;
  handOver: HandOver;
  dataDir: string;
  ownerTag: string;
  environment: NodeJS.ProcessEnv;
  killGraceMs: number;
}

type CheckEvidence = Extract<VerifyOffer['evidence'][number], { kind: 'check' }>;

const REASON_LENGTH = 8000;

export class VerifyRun {
  readonly id: string;
  readonly fence: number;
  readonly done: Promise<void>;
  readonly #context: VerifyContext;
  readonly #offer: VerifyOffer;
  readonly #session: WorkSession;
  readonly #commands: ProjectCommands;
  readonly #dir: string;

  static start(context: VerifyContext, offer: VerifyOffer): VerifyRun {
    return new VerifyRun(context, offer);
  }

  private constructor(context: VerifyContext, offer: VerifyOffer) {
    this.id = offer.work;
    this.fence = offer.fence;
    this.#context = context;
    this.#offer = offer;
    this.#dir = join(context.dataDir, 'run', `verify-${safeName(offer.work)}`);
    this.#session = new WorkSession(context, offer);
    this.#commands = new ProjectCommands(context, this.#session, this.#dir);
    this.done = this.#run()
      .catch((error: unknown) =>
        context.log('verification broke', { work: offer.work, error: String(error) }),
      )
      .finally(() => this.#session.lease.end());
  }

  cancel(reason: string): void {
    this.#session.cancel(reason);
  }

  poke(): void {
    this.#session.lease.poke();
  }

  async #run(): Promise<void> {
    if (!(await this.#session.accept())) return;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    try {
      const { results, problem } = await this.#verify();
      await this.#commands.delivered();
      await this.#report(results, problem);
    } finally {
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  async #verify(): Promise<{ results: EvidenceResult[]; problem: string | null }> {
    const { clones, log } = this.#context;
    const { project, evidence } = this.#offer;
    const results: EvidenceResult[] = [];
    try {
      const clone = await clones.refresh(project, this.#session.signal);
      await this.#context.handOver.fetch(project, [this.#offer.bundle], this.#session.signal);
      for (const claim of evidence) {
        if (claim.kind === 'commit')
          results.push(await verifyCommit(clone, this.#offer, claim, this.#session.signal));
      }
      const checks = evidence.filter((claim) => claim.kind === 'check');
      if (checks.length > 0) results.push(...(await this.#runChecks(clone, checks)));
      return {
        results,
        problem: this.#session.cancelled.isSettled ? (this.#session.cancelled.value ?? null) : null,
      };
    } catch (error) {
      const reason =
        this.#session.cancelled.value ??
        (error instanceof RepositoryProblem ? error.message : `verification_failed: ${String(error)}`);
      log('verification could not run', { work: this.id, reason });
      const missing = evidence.filter((claim) => !results.some((result) => result.id === claim.id));
      results.push(...missing.map((claim) => unverified(claim.id, reason)));
      return { results, problem: reason };
    }
  }

  async #runChecks(clone: string, checks: CheckEvidence[]): Promise<EvidenceResult[]> {
    const { commit, project, personal, branch, ticket, attemptNumber } = this.#offer;
    const { signal } = this.#session;
    if (commit === null) return checks.map(({ id }) => unverified(id, 'There is no commit to run it on.'));
    if (!isFullCommitId(commit) || (await objectType(clone, commit, signal)) !== 'commit') {
      const name = branch ?? attemptBranch(ticket, attemptNumber);
      const isHere = personal || (await readRef(clone, `refs/heads/${name}`, signal)) !== null;
      const reason = isHere
        ? `Commit ${cleanText(commit, 100)} does not exist in the project's repository.`
        : notHere(name);
      return checks.map(({ id }) => ({ id, state: isHere ? 'refuted' : 'unverified', reason, details: {} }));
    }
    const { clones, worktrees } = this.#context;
    const worktree = await CleanWorktree.make(
      clones,
      worktrees,
      project,
      commit,
      `verify-${safeName(this.id)}`,
      signal,
    );
    try {
      return await this.#runEach(worktree, checks);
    } finally {
      await worktree.remove();
    }
  }

  async #runEach(worktree: CleanWorktree, checks: CheckEvidence[]): Promise<EvidenceResult[]> {
    const { setup } = this.#offer.project;
    const first = checks[0];
    if (setup && first) {
      const ran = await this.#commands.run(worktree.path, 'setup', setup, first.id, 1);
      if (ran.state !== 'passed') return checks.map(({ id }) => setupResult(id, ran, setup.timeoutSeconds));
    }
    const results: EvidenceResult[] = [];
    for (const [n, { id, check }] of checks.entries()) {
      if (this.#session.cancelled.isSettled) {
        results.push(unverified(id, this.#session.cancelled.value ?? 'cancelled'));
        continue;
      }
      await worktree.restore();
      // The output of setup precedes that of the first check, under lower numbers.
      const firstSeq = setup && n === 0 ? 1_000_000 : 1;
      const ran = await this.#commands.run(worktree.path, `check-${n}`, check, id, firstSeq);
      results.push(checkResult(id, check, ran));
    }
    return results;
  }

  async #report(results: EvidenceResult[], problem: string | null): Promise<void> {
    await this.#session.report({
      outcome: problem === null ? 'done' : 'unable',
      reason: problem === null ? undefined : cleanText(problem, 10_000),
      result: { evidence: results },
    });
  }
}

function unverified(id: string, reason: string): EvidenceResult {
  return { id, state: 'unverified', reason: cleanText(reason, REASON_LENGTH), details: {} };
}

function checkResult(id: string, check: CheckEvidence['check'], ran: CheckResult): EvidenceResult {
  const details = { exitCode: ran.exitCode, durationMs: Math.round(ran.durationMs) };
  const withTail = (sentence: string): string =>
    `${sentence}\n${cleanTail(ran.text, REASON_LENGTH - 300)}`.trim();
  switch (ran.state) {
    case 'passed':
      return { id, state: 'verified', reason: null, details };
    case 'failed':
      return {
        id,
        state: 'refuted',
        reason: withTail(`Check ${check.name} ended with exit code ${ran.exitCode}.`),
        details,
      };
    case 'timed_out':
      return {
        id,
        state: 'refuted',
        reason: withTail(`Check ${check.name} did not end within ${check.timeoutSeconds} s.`),
        details,
      };
    case 'unable':
      return { id, state: 'unverified', reason: withTail(`Check ${check.name} could not be run:`), details };
    case 'cancelled':
      return { id, state: 'unverified', reason: `Check ${check.name} was interrupted.`, details };
  }
}

function setupResult(id: string, ran: CheckResult, timeoutSeconds: number): EvidenceResult {
  const details = { exitCode: ran.exitCode, durationMs: Math.round(ran.durationMs) };
  const tail = cleanTail(ran.text, REASON_LENGTH - 300);
  if (ran.state === 'failed') {
    return {
      id,
      state: 'refuted',
      reason: `setup failed with exit code ${ran.exitCode}\n${tail}`.trim(),
      details,
    };
  }
  const what = ran.state === 'timed_out' ? `did not end within ${timeoutSeconds} s` : `could not be run`;
  return { id, state: 'unverified', reason: `The project's setup ${what}.\n${tail}`.trim(), details };
}
