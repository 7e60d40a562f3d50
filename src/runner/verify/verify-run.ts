/**
 * Verification work: Mission Control looks for itself whether what an attempt claims is so. `verified` and `refuted`
 * are answers; what could not be looked at stays `unverified`, with the reason, and is looked at again.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyOffer } from '../../contract/runner-protocol.ts';
import type { OutputItem } from '../../contract/shapes.ts';
import { type Clock, sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import { plainEnvironment } from '../environment.ts';
import { type Clones, RepositoryProblem } from '../git/clones.ts';
import { isFullCommitId, objectType, readRef } from '../git/git.ts';
import { attemptBranch } from '../git/saved-work.ts';
import type { Worktrees } from '../git/worktrees.ts';
import { Lease } from '../lease.ts';
import type { Log } from '../log.ts';
import { Once } from '../once.ts';
import { cleanTail, cleanText } from '../output/output-chunk.ts';
import type { SendResult } from '../output/output-pump.ts';
import type { ControlPlane, Processes, WorkHeartbeat } from '../ports.ts';
import { makeMarker } from '../processes/stray-processes.ts';
import { type CheckResult, runCheck } from './check-run.ts';
import { CleanWorktree } from './clean-worktree.ts';
import { type EvidenceResult, notHere, verifyCommit } from './commit-evidence.ts';

export interface VerifyContext {
  clock: Clock;
  log: Log;
  controlPlane: ControlPlane;
  processes: Processes;
  clones: Clones;
  worktrees: Worktrees;
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
  readonly #lease: Lease;
  readonly #dir: string;
  readonly #cancelled = new Once<string>();
  readonly #halted = new AbortController();
  readonly #deliveries: Promise<boolean>[] = [];

  static start(context: VerifyContext, offer: VerifyOffer): VerifyRun {
    return new VerifyRun(context, offer);
  }

  private constructor(context: VerifyContext, offer: VerifyOffer) {
    this.id = offer.work;
    this.fence = offer.fence;
    this.#context = context;
    this.#offer = offer;
    this.#dir = join(context.dataDir, 'run', `verify-${safeName(offer.work)}`);
    this.#lease = new Lease({
      clock: context.clock,
      leaseMs: 30_000,
      beat: async (timeoutMs) => {
        const answer = await context.controlPlane.work<Partial<WorkHeartbeat> | undefined>(
          offer.work,
          'heartbeat',
          { fence: offer.fence },
          timeoutMs,
        );
        return {
          leaseMs: answer?.leaseMs ?? this.#lease.leaseMs,
          directive: answer?.directive ?? 'continue',
        };
      },
      events: {
        answered: (answer) => {
          if (answer.directive !== 'continue') this.cancel('stopped_by_control_plane');
        },
        stale: () => this.cancel('stale'),
        alone: () => this.cancel('control_plane_unreachable'),
        failed: (error) => context.log('work heartbeat failed', { work: offer.work, error: String(error) }),
      },
    });
    void this.#cancelled.promise.then(() => this.#halted.abort());
    this.done = this.#run()
      .catch((error: unknown) =>
        context.log('verification broke', { work: offer.work, error: String(error) }),
      )
      .finally(() => this.#lease.end());
  }

  cancel(reason: string): void {
    this.#cancelled.settle(reason);
  }

  poke(): void {
    this.#lease.poke();
  }

  async #run(): Promise<void> {
    if (!(await this.#accept())) return;
    this.#lease.start();
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    try {
      const { results, problem } = await this.#verify();
      // Output is taken only while the work runs, so it goes first; nobody waits for that of work that was broken off.
      await Promise.race([Promise.allSettled(this.#deliveries), this.#cancelled.promise]);
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
      const clone = await clones.refresh(project, this.#halted.signal);
      for (const claim of evidence) {
        if (claim.kind === 'commit')
          results.push(await verifyCommit(clone, this.#offer, claim, this.#halted.signal));
      }
      const checks = evidence.filter((claim) => claim.kind === 'check');
      if (checks.length > 0) results.push(...(await this.#runChecks(clone, checks)));
      return { results, problem: this.#cancelled.isSettled ? (this.#cancelled.value ?? null) : null };
    } catch (error) {
      const reason =
        this.#cancelled.value ??
        (error instanceof RepositoryProblem ? error.message : `verification_failed: ${String(error)}`);
      log('verification could not run', { work: this.id, reason });
      const missing = evidence.filter((claim) => !results.some((result) => result.id === claim.id));
      results.push(...missing.map((claim) => unverified(claim.id, reason)));
      return { results, problem: reason };
    }
  }

  async #runChecks(clone: string, checks: CheckEvidence[]): Promise<EvidenceResult[]> {
    const { commit, project, personal, branch, ticket, attemptNumber } = this.#offer;
    const { signal } = this.#halted;
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
      const ran = await this.#command(worktree, 'setup', setup.command, setup.timeoutSeconds, first.id, 1);
      if (ran.state !== 'passed') return checks.map(({ id }) => setupResult(id, ran, setup.timeoutSeconds));
    }
    const results: EvidenceResult[] = [];
    for (const [n, { id, check }] of checks.entries()) {
      if (this.#cancelled.isSettled) {
        results.push(unverified(id, this.#cancelled.value ?? 'cancelled'));
        continue;
      }
      await worktree.restore();
      // The output of setup precedes that of the first check, under lower numbers.
      const firstSeq = setup && n === 0 ? 1_000_000 : 1;
      const ran = await this.#command(
        worktree,
        `check-${n}`,
        check.command,
        check.timeoutSeconds,
        id,
        firstSeq,
      );
      results.push(checkResult(id, check, ran));
    }
    return results;
  }

  #command(
    worktree: CleanWorktree,
    name: string,
    command: string[],
    timeoutSeconds: number,
    evidence: string,
    firstSeq: number,
  ): Promise<CheckResult> {
    const { environment, ownerTag, killGraceMs } = this.#context;
    // A HOME of its own for each command: what one leaves there must not speak for the next.
    const home = join(this.#dir, `${name}.home`);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const running = runCheck(
      this.#context,
      {
        name,
        command,
        timeoutSeconds,
        cwd: worktree.path,
        env: plainEnvironment(environment, home),
        marker: makeMarker(safeName(this.id), ownerTag),
        dir: this.#dir,
        send: (items) => this.#sendOutput(evidence, items),
        firstSeq,
        killGraceMs,
      },
      this.#halted.signal,
    );
    return running.then((ran) => {
      this.#deliveries.push(ran.delivered);
      return ran;
    });
  }

  async #sendOutput(evidence: string, items: OutputItem[]): Promise<SendResult> {
    try {
      await this.#context.controlPlane.work(this.id, 'output', { fence: this.fence, evidence, items });
      return 'sent';
    } catch (error) {
      return failureOf(error) === 'retry' ? 'retry' : 'refused';
    }
  }

  async #accept(): Promise<boolean> {
    const { clock, controlPlane, log } = this.#context;
    for (let n = 0; n < 5; n++) {
      const startedAt = clock.monotonic();
      try {
        const answer = await controlPlane.work<Partial<WorkHeartbeat> | undefined>(this.id, 'accept', {
          fence: this.fence,
        });
        this.#lease.renewedFrom(startedAt, answer?.leaseMs ?? this.#lease.leaseMs);
        return true;
      } catch (error) {
        log('work was not accepted', { work: this.id, error: String(error) });
        if (failureOf(error) !== 'retry') return false;
        await sleep(clock, 300, this.#halted.signal);
      }
    }
    return false;
  }

  /** Until answered; work whose report never arrives is offered again when its lease is over. */
  async #report(results: EvidenceResult[], problem: string | null): Promise<void> {
    const { clock, controlPlane, log } = this.#context;
    if (problem === 'stale') return;
    const body = {
      fence: this.fence,
      outcome: problem === null ? 'done' : 'unable',
      reason: problem === null ? undefined : cleanText(problem, 10_000),
      result: { evidence: results },
    };
    for (
      let waitMs = 200;
      clock.monotonic() < this.#lease.trustedUntil;
      waitMs = Math.min(waitMs * 2, 3000)
    ) {
      try {
        await controlPlane.work(this.id, 'end', body, 20_000);
        return;
      } catch (error) {
        log('result was not accepted', { work: this.id, error: String(error) });
        if (failureOf(error) !== 'retry') return;
      }
      // Work that was broken off is offered again anyway.
      if (this.#cancelled.isSettled && waitMs > 1000) return;
      await sleep(clock, waitMs);
    }
  }
}

function safeName(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
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
