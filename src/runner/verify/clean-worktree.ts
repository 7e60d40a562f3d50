/**
 * A worktree of exactly one commit, made so again before each check, whatever the one before did to it: tracked files
 * restored (against a new index, as flags in the old one can hide changes), untracked ones removed, ignored ones kept,
 * since that is where setup put what it built.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clones, ProjectSource } from '../git/clones.ts';
import { runGit } from '../git/git.ts';
import type { Worktrees } from '../git/worktrees.ts';

export class CleanWorktree {
  readonly path: string;
  readonly #clones: Clones;
  readonly #worktrees: Worktrees;
  readonly #project: ProjectSource;
  #commit: string;

  private constructor(
    clones: Clones,
    worktrees: Worktrees,
    project: ProjectSource,
    commit: string,
    path: string,
  ) {
    this.#clones = clones;
    this.#worktrees = worktrees;
    this.#project = project;
    this.#commit = commit;
    this.path = path;
  }

  static async make(
    clones: Clones,
    worktrees: Worktrees,
    project: ProjectSource,
    commit: string,
    name: string,
    signal: AbortSignal,
  ): Promise<CleanWorktree> {
    const path = await worktrees.addDetached(project, name, commit, signal);
    return new CleanWorktree(clones, worktrees, project, commit, path);
  }

  /** From here on it is a worktree of that commit. */
  async moveTo(commit: string): Promise<void> {
    this.#commit = commit;
    await this.restore();
  }

  async restore(): Promise<void> {
    await this.#clones.exclusively(this.#project.key, async () => {
      const clone = this.#clones.restoreSettings(this.#project.key);
      const gitDir = join(clone, 'worktrees', basename(this.path));
      rmSync(join(this.path, '.git'), { recursive: true, force: true });
      writeFileSync(join(this.path, '.git'), `gitdir: ${gitDir}\n`);
      writeFileSync(join(gitDir, 'HEAD'), `${this.#commit}\n`);
      rmSync(join(gitDir, 'index'), { force: true });
      rmSync(join(gitDir, 'index.lock'), { force: true });
      await runGit(['reset', '--quiet', '--hard', this.#commit], { cwd: this.path });
      await runGit(['clean', '--quiet', '-ffd'], { cwd: this.path });
    });
  }

  remove(): Promise<void> {
    return this.#worktrees.discard(this.#project.key, basename(this.path));
  }
}
