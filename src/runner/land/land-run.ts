/**
 * Landing work: merging accepted work into the project's branch, looking whether a pull request was merged, or asking
 * whether the deploy has arrived. Each step can be repeated at any time, by another process too: nothing is remembered
 * but what the control plane has on record and what the repository itself says.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LandOffer } from '../../contract/runner-protocol.ts';
import type { LandResult } from '../../contract/runner-requests.ts';
import { RepositoryProblem } from '../git/clones.ts';
import { cleanText } from '../output/output-chunk.ts';
import { ProjectCommands, safeName } from '../verify/project-commands.ts';
import type { VerifyContext } from '../verify/verify-run.ts';
import { WorkSession } from '../work-session.ts';
import { lookForMerge } from './look-step.ts';
import { probeDeploy } from './probe-step.ts';
import { pushMerge } from './push-step.ts';

export interface LandStep {
  context: VerifyContext;
  offer: LandOffer;
  session: WorkSession;
  commands: ProjectCommands;
  /** The name of its worktree. */
  name: string;
}

export class LandRun {
  readonly id: string;
  readonly fence: number;
  readonly done: Promise<void>;
  readonly #step: LandStep;
  readonly #dir: string;

  static start(context: VerifyContext, offer: LandOffer): LandRun {
    return new LandRun(context, offer);
  }

  private constructor(context: VerifyContext, offer: LandOffer) {
    this.id = offer.work;
    this.fence = offer.fence;
    const name = `land-${safeName(offer.work)}`;
    this.#dir = join(context.dataDir, 'run', name);
    const session = new WorkSession(context, offer);
    const commands = new ProjectCommands(context, session, this.#dir);
    this.#step = { context, offer, session, commands, name };
    this.done = this.#run()
      .catch((error: unknown) => context.log('landing broke', { work: offer.work, error: String(error) }))
      .finally(() => session.lease.end());
  }

  cancel(reason: string): void {
    this.#step.session.cancel(reason);
  }

  poke(): void {
    this.#step.session.lease.poke();
  }

  async #run(): Promise<void> {
    const { session, commands } = this.#step;
    if (!(await session.accept())) return;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    try {
      const result = await this.#land();
      await commands.delivered();
      const outcome = result.state === 'unable' || result.state === 'held' ? 'unable' : 'done';
      await session.report({ outcome, result: shortened(result) });
    } finally {
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  async #land(): Promise<LandResult> {
    const { session, offer, context } = this.#step;
    try {
      switch (offer.step) {
        case 'push':
          return await pushMerge(this.#step);
        case 'look':
          return await lookForMerge(this.#step);
        case 'probe':
          return await probeDeploy(this.#step);
      }
    } catch (error) {
      // Broken off: it is taken up again as if it had never begun.
      if (session.cancelled.isSettled)
        return { state: 'held', reason: brokenOff(session.cancelled.value ?? '') };
      const reason = error instanceof RepositoryProblem ? error.message : `landing_failed: ${String(error)}`;
      context.log('landing could not go on', { work: this.id, reason });
      return { state: 'unable', reason };
    }
  }
}

function brokenOff(reason: string): string {
  return reason === 'stopped_by_control_plane'
    ? 'Mission Control is paused.'
    : `The runner broke it off: ${reason}.`;
}

const REASON_LENGTH = 9000;

function shortened(result: LandResult): LandResult {
  if ('reason' in result && result.reason !== null)
    return { ...result, reason: cleanText(result.reason, REASON_LENGTH) };
  return result.state === 'deployed' ? { ...result, said: cleanText(result.said, 1000) } : result;
}
