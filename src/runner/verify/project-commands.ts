/**
 * Runs a project's own commands (setup, checks, a probe) for a piece of work: in a clean worktree, without tokens,
 * each with a HOME of its own, its output sent to the control plane as it comes.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OutputItem } from '../../contract/shapes.ts';
import type { Clock } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import { plainEnvironment } from '../environment.ts';
import type { SendResult } from '../output/output-pump.ts';
import type { ControlPlane, Processes } from '../ports.ts';
import { makeMarker } from '../processes/stray-processes.ts';
import type { WorkSession } from '../work-session.ts';
import { type CheckResult, runCheck } from './check-run.ts';

export interface CommandContext {
  clock: Clock;
  controlPlane: ControlPlane;
  processes: Processes;
  ownerTag: string;
  environment: NodeJS.ProcessEnv;
  killGraceMs: number;
}

export class ProjectCommands {
  readonly #context: CommandContext;
  readonly #session: WorkSession;
  readonly #dir: string;
  readonly #deliveries: Promise<boolean>[] = [];

  constructor(context: CommandContext, session: WorkSession, dir: string) {
    this.#context = context;
    this.#session = session;
    this.#dir = dir;
  }

  /** @param owner whose output it is: a piece of evidence, or a landing */
  run(
    cwd: string,
    name: string,
    command: { command: string[]; timeoutSeconds: number },
    owner: string,
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
        command: command.command,
        timeoutSeconds: command.timeoutSeconds,
        cwd,
        env: plainEnvironment(environment, home),
        marker: makeMarker(safeName(this.#session.id), ownerTag),
        dir: this.#dir,
        send: (items) => this.#send(owner, items),
        firstSeq,
        killGraceMs,
      },
      this.#session.signal,
    );
    return running.then((ran) => {
      this.#deliveries.push(ran.delivered);
      return ran;
    });
  }

  /** Output is taken only while the work runs, so it goes first; nobody waits for that of work that was broken off. */
  async delivered(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#deliveries), this.#session.cancelled.promise]);
  }

  async #send(owner: string, items: OutputItem[]): Promise<SendResult> {
    const { id, fence } = this.#session;
    try {
      await this.#context.controlPlane.work(id, 'output', { fence, evidence: owner, items });
      return 'sent';
    } catch (error) {
      return failureOf(error) === 'retry' ? 'retry' : 'refused';
    }
  }
}

export function safeName(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
}
