/**
 * The worktrees of attempts: one each, named by the attempt's id, on branch `mc/<ticket>/<number>`, made from the
 * project's bare clone. A ticket's words never become a path or a reference; ids and keys are checked before they do.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Diff } from '../../contract/shapes.ts';
import { type Clones, type ProjectSource, RepositoryProblem } from './clones.ts';
import { readCloneRef } from './clone-refs.ts';
import { diffOf } from './diff.ts';
import { gitText, isBranchName, isFullCommitId, objectType, readRef, runGit } from './git.ts';
import { Spares } from './spares.ts';
import { removeWorktree } from './remove-worktree.ts';
import { attemptBranch, isSavedWork, saveWork, type SavedWork, wipBranch } from './saved-work.ts';

export interface WorktreeRequest {
  attempt: string;
  ticket: string;
  number: number;
  project: ProjectSource;
  startAt: string | null;
  /** Brings commits of earlier attempts into the clone, once that is fresh. */
  fetchEarlier?: (signal?: AbortSignal) => Promise<void>;
  /** Where this attempt (a resume) or the one it continues left its worktree, and the base it had. */
  earlier: { path: string | null; base: string | null; number: number; isSameAttempt: boolean } | null;
}

export interface WorktreePlan {
  request: WorktreeRequest;
  branch: string;
  base: string;
  /** Null where an earlier worktree is used again. */
  start: Start | null;
}

export interface Worktree {
  path: string;
  branch: string;
  base: string;
  /** True when nothing has been built in it yet: the project's setup runs. */
  isFresh: boolean;
}

export class Worktrees {
  readonly #dir: string;
  readonly #clones: Clones;
  readonly #spares: Spares;

  constructor(dataDir: string, clones: Clones) {
    this.#dir = join(dataDir, 'worktrees');
    this.#clones = clones;
    this.#spares = new Spares(this.#dir, clones);
  }

  /** Makes a worktree for the next attempt at this project, while there is time. */
  prepareSpare(project: ProjectSource): Promise<void> {
    return this.#spares.prepare(project);
  }

  /** @param unusedMs only those that were made so long ago; without, all, and none is made any more */
  dropSpares(unusedMs?: number): Promise<void> {
    return this.#spares.drop(unusedMs);
  }

  /** Where the work will start: fetches, and changes nothing else, so that it may go before the offer is accepted. */
  async plan(request: WorktreeRequest, signal?: AbortSignal): Promise<WorktreePlan> {
    checkNames(request);
    const { earlier, project } = request;
    const branch = attemptBranch(request.ticket, request.number);
    if (earlier?.path && existsSync(join(earlier.path, '.git'))) {
      const base = earlier.base ?? (await this.#forkPoint(project, earlier.path, 'HEAD', signal));
      return { request, branch, base, start: null };
    }
    const clone = await this.#clones.refresh(project, signal);
    await request.fetchEarlier?.(signal);
    const start = await this.#start(request, clone, signal);
    return { request, branch, base: start.base, start };
  }

  async make({ request, branch, base, start }: WorktreePlan, signal?: AbortSignal): Promise<Worktree> {
    const { earlier, project } = request;
    if (start === null) {
      const path = earlier?.path ?? '';
      // Same files, same place, so an agent's session finds what it knew; only the branch is the new attempt's.
      if (!earlier?.isSameAttempt) await this.#clones.exclusively(project.key, () => switchTo(path, branch));
      return { path, branch, base, isFresh: false };
    }
    const path = this.path(request.attempt);
    const clone = this.#clones.path(project.key);
    await this.#clones.exclusively(project.key, () => this.#add(clone, path, branch, start, request, signal));
    return { path, branch, base, isFresh: true };
  }

  path(attempt: string): string {
    return join(this.#dir, attempt);
  }

  /** A clean worktree of exactly one commit, on no branch. */
  async addDetached(
    project: ProjectSource,
    name: string,
    commit: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const clone = this.#clones.path(project.key);
    const path = this.path(name);
    await this.#clones.exclusively(project.key, async () => {
      await removeWorktree(clone, path);
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      await runGit(['worktree', 'add', '--quiet', '--force', '--detach', '--', path, commit], {
        cwd: clone,
        signal,
      });
    });
    return path;
  }

  async discard(projectKey: string, name: string): Promise<void> {
    const clone = this.#clones.path(projectKey);
    await this.#clones.exclusively(projectKey, () => removeWorktree(clone, this.path(name)));
  }

  /** Records what is not committed, then removes the worktree; one that holds what git cannot record stays. */
  async retire(projectKey: string, path: string, ticket: string, number: number): Promise<SavedWork> {
    if (!existsSync(path)) return { commit: null, complete: true };
    return this.#clones.exclusively(projectKey, async () => {
      const clone = this.#clones.restoreSettings(projectKey);
      const saved = await saveWork(clone, path, ticket, number);
      if (saved.complete) await removeWorktree(clone, path);
      return saved;
    });
  }

  save(projectKey: string, path: string, ticket: string, number: number): Promise<SavedWork> {
    return this.#clones.exclusively(projectKey, () =>
      saveWork(this.#clones.restoreSettings(projectKey), path, ticket, number),
    );
  }

  head(projectKey: string, branch: string): Promise<string | null> {
    return readCloneRef(this.#clones.path(projectKey), `refs/heads/${branch}`);
  }

  diff(projectKey: string, base: string, head: string): Promise<Diff> {
    return diffOf(this.#clones.path(projectKey), base, head);
  }

  async #start(request: WorktreeRequest, clone: string, signal?: AbortSignal): Promise<Start> {
    const { project, startAt, earlier, ticket } = request;
    const candidates: string[] = [];
    if (earlier) candidates.push(wipBranch(ticket, earlier.number), attemptBranch(ticket, earlier.number));
    else if (startAt !== null) candidates.push(startAt);
    const wip = /^mc-wip\/([^/]+)\/([0-9]+)$/.exec(startAt ?? '');
    if (wip?.[1] && wip[2]) candidates.push(startAt ?? '', attemptBranch(wip[1], Number(wip[2])));
    for (const candidate of candidates) {
      const commit = await this.#resolve(clone, candidate, signal);
      if (commit === null) continue;
      const isSaved = await isSavedWork(clone, commit);
      const isContinued = earlier !== null || candidate.startsWith('mc-wip/');
      const base = isContinued
        ? (earlier?.base ?? (await this.#forkPoint(project, clone, commit, signal)))
        : commit;
      return { commit, base, isSaved };
    }
    if (startAt !== null && !wip && !earlier) {
      throw new RepositoryProblem(
        'start_missing',
        `${startAt} is not in this runner's clone of ${project.key}. Run the attempt on the runner that made it, or request changes again.`,
      );
    }
    const head = await this.#clones.defaultHead(project, signal);
    return { commit: head, base: head, isSaved: false };
  }

  async #resolve(clone: string, name: string, signal?: AbortSignal): Promise<string | null> {
    if (isFullCommitId(name)) return (await objectType(clone, name, signal)) === 'commit' ? name : null;
    if (!isBranchName(name)) return null;
    return (
      (await readCloneRef(clone, `refs/heads/${name}`, signal)) ??
      (await readCloneRef(clone, `refs/remotes/origin/${name}`, signal))
    );
  }

  /** Where the work left the default branch: the base of an attempt that goes on with earlier work. */
  async #forkPoint(
    project: ProjectSource,
    cwd: string,
    commit: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const { exitCode, stdout } = await runGit(
      ['merge-base', '--end-of-options', `refs/remotes/origin/${project.defaultBranch}`, commit],
      { cwd, accept: [0, 1, 128], signal },
    );
    return exitCode === 0
      ? stdout.toString().trim()
      : gitText(['rev-parse', `${commit}^{commit}`], { cwd, signal });
  }

  async #add(
    clone: string,
    path: string,
    branch: string,
    start: Start,
    request: WorktreeRequest,
    signal?: AbortSignal,
  ): Promise<void> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    // What lies there is of an earlier life of this attempt: put aside, never deleted.
    const isTaken = existsSync(path);
    if (isTaken) renameSync(path, `${path}.aside-${Date.now()}`);
    // A branch whose worktree is gone still counts as checked out until git has looked.
    if (isTaken || request.earlier !== null)
      await runGit(['worktree', 'prune', '--expire=now'], { cwd: clone, signal });
    const existing = await readCloneRef(clone, `refs/heads/${branch}`, signal);
    const isResumed = request.earlier?.isSameAttempt === true && existing !== null;
    if (existing !== null && !isResumed) {
      await runGit(['branch', '--move', '--', branch, `mc-old/${branch.slice(3)}-${Date.now()}`], {
        cwd: clone,
        signal,
      });
    }
    const isNew = !isTaken && request.earlier === null && existing === null && !start.isSaved;
    const { key } = request.project;
    if (isNew && this.#spares.take(key, { clone, path, branch, commit: start.commit })) return;
    const from = start.isSaved
      ? await gitText(['rev-parse', `${start.commit}^1`], { cwd: clone, signal })
      : start.commit;
    const where = isResumed ? ['--', path, branch] : ['--no-track', '-b', branch, '--', path, from];
    await runGit(['worktree', 'add', '--quiet', ...where], { cwd: clone, signal });
    // Saved work comes back as it was: in the files, and not committed.
    if (start.isSaved) {
      await runGit(['read-tree', '-u', '--reset', start.commit], { cwd: path, signal });
      await runGit(['reset', '--quiet', '--mixed'], { cwd: path, signal });
    }
  }
}

export interface Start {
  commit: string;
  base: string;
  /** The commit is one that Mission Control made of uncommitted work. */
  isSaved: boolean;
}

function checkNames(request: WorktreeRequest): void {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(request.attempt))
    throw new Error(`not an attempt id: ${request.attempt}`);
  if (!/^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]{0,9}$/.test(request.ticket))
    throw new Error(`not a ticket key: ${request.ticket}`);
}

async function switchTo(path: string, branch: string): Promise<void> {
  const current = await readRef(path, `refs/heads/${branch}`);
  if (current !== null)
    await runGit(['branch', '--move', '--', branch, `mc-old/${branch.slice(3)}-${Date.now()}`], {
      cwd: path,
    });
  await runGit(['switch', '--quiet', '--no-track', '-c', branch], { cwd: path });
}
