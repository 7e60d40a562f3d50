/**
 * A worktree ahead of need for each project that this runner works at, checked out at the head of the default branch: a
 * checkout is most of the time between an offer and its agent. It is nobody's until an attempt takes it, and holds nothing
 * that is not in the clone, so that it may go at any time: with the runner, when the disk fills, or when it has stood there
 * unused. Made beside what changes the clone, not after it: no start waits for it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clones, ProjectSource } from './clones.ts';
import { runGit } from './git.ts';
import { removeWorktree } from './remove-worktree.ts';
import { stampOf, takeSpare, type Taking } from './spare-worktree.ts';

/** Of the disk, or more: what a spare takes is not what others need. */
const LEAST_FREE = 0.05;

interface Spare {
  commit: string;
  stamp: string;
  madeAt: number;
}

export class Spares {
  readonly #dir: string;
  readonly #clones: Clones;
  readonly #ready = new Map<string, Spare>();
  /** What is being made or taken away; one thing at a time for each project. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #ended = new AbortController();

  constructor(dir: string, clones: Clones) {
    this.#dir = dir;
    this.#clones = clones;
  }

  prepare(project: ProjectSource): Promise<void> {
    return this.#oneByOne(project.key, () => this.#prepare(project));
  }

  /** @returns whether the attempt has its worktree now */
  take(key: string, taking: Omit<Taking, 'spare' | 'stamp'>): boolean {
    const spare = this.#ready.get(key);
    if (spare?.commit !== taking.commit) return false;
    this.#ready.delete(key);
    return takeSpare({ ...taking, stamp: spare.stamp, spare: this.#path(key) });
  }

  async drop(unusedMs?: number): Promise<void> {
    if (unusedMs === undefined) this.#ended.abort();
    const old = Date.now() - (unusedMs ?? 0);
    const isLow = await this.#isDiskLow();
    const gone = [...this.#busy.keys()].filter((key) => {
      const madeAt = this.#ready.get(key)?.madeAt;
      return unusedMs === undefined || (madeAt !== undefined && (isLow || madeAt < old));
    });
    for (const key of gone) this.#ready.delete(key);
    await Promise.all(gone.map((key) => this.#oneByOne(key, () => this.#remove(key))));
  }

  async #prepare(project: ProjectSource): Promise<void> {
    const { key } = project;
    const signal = this.#ended.signal;
    if (signal.aborted || (await this.#isDiskLow())) return;
    const commit = await this.#clones.defaultHead(project, signal);
    if (this.#ready.get(key)?.commit === commit) return;
    this.#ready.delete(key);
    await this.#remove(key);
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const cwd = this.#clones.restoreSettings(key);
    try {
      const args = ['worktree', 'add', '--quiet', '--force', '--detach', '--', this.#path(key), commit];
      await runGit(args, { cwd, signal, isIdle: true });
      this.#ready.set(key, { commit, stamp: stampOf(cwd, this.#path(key)), madeAt: Date.now() });
    } finally {
      if (!this.#ready.has(key) || this.#ended.signal.aborted) await this.#remove(key);
    }
  }

  async #remove(key: string): Promise<void> {
    const path = this.#path(key);
    if (existsSync(path))
      await this.#clones.exclusively(key, () => removeWorktree(this.#clones.path(key), path));
  }

  #oneByOne(key: string, change: () => Promise<void>): Promise<void> {
    const next = (this.#busy.get(key) ?? Promise.resolve()).then(change);
    // What cannot be made ahead is made when it is needed; what is wrong is said then.
    const settled = next.catch(() => undefined);
    this.#busy.set(key, settled);
    return settled;
  }

  async #isDiskLow(): Promise<boolean> {
    const { bavail, blocks } = await statfs(dirname(this.#dir));
    return bavail < blocks * LEAST_FREE;
  }

  #path(key: string): string {
    return join(this.#dir, `spare-${key}`);
  }
}
