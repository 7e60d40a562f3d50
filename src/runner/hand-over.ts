/**
 * Work that goes on elsewhere: what this runner's attempts have made is uploaded, what other runners have made is
 * fetched before it is needed. No two runners need a disk in common.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HandedOver } from '../contract/runner-protocol.ts';
import { BUNDLE_MARK } from '../domain/runner-protocol.ts';
import { hasHandedOver, makeBundle, type MadeBundle, takeInBundle } from './git/bundles.ts';
import { type Clones, type ProjectSource, RepositoryProblem } from './git/clones.ts';
import type { ControlPlane } from './ports.ts';

let files = 0;

export class HandOver {
  readonly #clones: Clones;
  readonly #dir: string;
  readonly #controlPlane: ControlPlane;

  constructor(dataDir: string, clones: Clones, controlPlane: ControlPlane) {
    this.#clones = clones;
    this.#dir = join(dataDir, 'run', 'bundles');
    this.#controlPlane = controlPlane;
    // What a life that was cut off has left.
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Reads only, so that it waits for nobody who changes the clone. */
  pack(
    project: ProjectSource,
    attempt: { ticket: string; number: number },
    mostBytes: number,
  ): Promise<MadeBundle | null> {
    return makeBundle(
      this.#clones.path(project.key),
      project.defaultBranch,
      attempt,
      this.#file(),
      mostBytes,
    );
  }

  /** Fetches what is not in the project's clone yet; the clone was refreshed before. */
  async fetch(
    project: ProjectSource,
    handed: readonly (HandedOver | null | undefined)[],
    signal?: AbortSignal,
  ): Promise<void> {
    const clone = this.#clones.path(project.key);
    for (const one of handed) {
      if (!one || (await hasHandedOver(clone, one))) continue;
      try {
        const file = one.sha256 === null ? null : await this.#download(one.attempt, one.sha256, signal);
        try {
          await this.#clones.exclusively(project.key, () => takeInBundle(clone, one, file));
        } finally {
          if (file !== null) rmSync(file, { force: true });
        }
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new RepositoryProblem(
          'work_unreachable',
          `the commits of attempt ${one.number} at ${one.ticket} could not be fetched from the server: ${error instanceof Error ? error.message : String(error)}.`,
        );
      }
    }
  }

  async #download(attempt: string, sha256: string, signal?: AbortSignal): Promise<string> {
    const content = await this.#controlPlane.downloadBundle(attempt, signal);
    const found = createHash('sha256').update(BUNDLE_MARK).update(content).digest('hex');
    if (found !== sha256) throw new Error('what arrived is not what was uploaded');
    const file = this.#file();
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  #file(): string {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    return join(this.#dir, `${(files += 1)}.bundle`);
  }
}
