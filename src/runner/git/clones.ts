/**
 * One bare clone per project, our own: the user's repository is fetched from, and written by landing alone. Its branches are
 * under `refs/remotes/origin/`; under `refs/heads/` are the attempts' branches alone. What changes a clone is done
 * one thing at a time.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import { listRefs, readCloneRef } from './clone-refs.ts';
import { GitError, isBranchName, runGit } from './git.ts';

export interface ProjectSource {
  key: string;
  repository: { path?: string; url?: string };
  defaultBranch: string;
}

/** Something about the project's repository that its owner can mend; the message says what to do. */
export class RepositoryProblem extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = 'RepositoryProblem';
    this.code = code;
  }
}

/** Written anew before every use: whatever an agent changed in it must not steer our own git. */
const CLONE_CONFIG = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogallrefupdates = true
[gc]
\tauto = 0
\tpruneExpire = never
\tworktreePruneExpire = never
[receive]
\tdenyCurrentBranch = refuse
`;

const FETCH_TIMEOUT_MS = 10 * 60_000;

export class Clones {
  readonly #dir: string;
  readonly #dataDir: string;
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#dir = join(dataDir, 'clones');
  }

  path(projectKey: string): string {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(projectKey)) throw new Error(`not a project key: ${projectKey}`);
    return join(this.#dir, `${projectKey}.git`);
  }

  /** Runs one change of a clone after the other. */
  exclusively<T>(projectKey: string, change: () => Promise<T>): Promise<T> {
    const previous = this.#queues.get(projectKey) ?? Promise.resolve();
    const next = previous.then(change, change);
    this.#queues.set(
      projectKey,
      next.catch(() => undefined),
    );
    return next;
  }

  /** Makes the clone if there is none, and fetches. @returns the clone's path */
  async refresh(project: ProjectSource, signal?: AbortSignal): Promise<string> {
    return this.exclusively(project.key, () => this.#refresh(project, signal));
  }

  /** The newest commit of the default branch, as fetched last. */
  async defaultHead(project: ProjectSource, signal?: AbortSignal): Promise<string> {
    const clone = this.path(project.key);
    const head = isBranchName(project.defaultBranch)
      ? await readCloneRef(clone, `refs/remotes/origin/${project.defaultBranch}`, signal)
      : null;
    if (head === null) {
      throw new RepositoryProblem(
        'default_branch_missing',
        `${describeSource(project)} has no branch ${project.defaultBranch}. Create it there, or set the project's defaultBranch.`,
      );
    }
    return head;
  }

  async #refresh(project: ProjectSource, signal?: AbortSignal): Promise<string> {
    const clone = this.path(project.key);
    const source = sourceOf(project);
    if (!existsSync(join(clone, 'HEAD'))) {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      rmSync(clone, { recursive: true, force: true });
      await runGit(['init', '--quiet', '--bare', '--template=', '--initial-branch=mc-none', '--', clone], {
        cwd: this.#dir,
        signal,
      });
    }
    this.restoreSettings(project.key);
    if (await this.#isFresh(project, clone, signal)) return clone;
    const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS);
    try {
      await runGit(
        [
          'fetch',
          '--quiet',
          '--prune',
          '--no-auto-maintenance',
          '--no-write-fetch-head',
          '--no-recurse-submodules',
          '--update-shallow',
          '--no-tags',
          '--end-of-options',
          source,
          '+refs/heads/*:refs/remotes/origin/*',
        ],
        {
          cwd: clone,
          env: this.sourceEnvironment(),
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        },
      );
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new RepositoryProblem(
        'repository_unreachable',
        `cannot fetch ${describeSource(project)}: ${whyNot(error, timeout)}. Check that it exists, is a git repository, and can be read by the user that runs the runner.`,
      );
    }
    return clone;
  }

  /** Whether a repository of this machine has just what was fetched; a fetch for nothing takes ten times as long. */
  async #isFresh(project: ProjectSource, clone: string, signal?: AbortSignal): Promise<boolean> {
    const { path } = project.repository;
    if (path === undefined) return false;
    try {
      const [theirs, ours] = await Promise.all([
        listRefs(resolve(path), 'refs/heads', signal),
        listRefs(clone, 'refs/remotes/origin', signal),
      ]);
      return theirs.size > 0 && JSON.stringify([...theirs]) === JSON.stringify([...ours]);
    } catch {
      // What is wrong with it is the fetch's to say.
      return false;
    }
  }

  /** The other end of a local fetch or push is a git of its own, which takes its settings from files only. */
  sourceEnvironment(): Record<string, string> {
    const file = join(this.#dataDir, 'run', 'gitconfig');
    writeFileAtomically(file, '[safe]\n\tdirectory = *\n[uploadpack]\n\tallowFilter = false\n');
    const env: Record<string, string> = { GIT_CONFIG_GLOBAL: file, GIT_SSH_COMMAND: 'ssh -oBatchMode=yes' };
    for (const name of [
      'HOME',
      'SSH_AUTH_SOCK',
      'HTTPS_PROXY',
      'HTTP_PROXY',
      'NO_PROXY',
      'https_proxy',
      'no_proxy',
    ]) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    return env;
  }

  /** Takes back whatever an agent changed in the clone's settings. @returns the clone's path */
  restoreSettings(projectKey: string): string {
    const clone = this.path(projectKey);
    const config = join(clone, 'config');
    // At once or not at all: a git that is at work here meanwhile must not read half of it.
    if (!existsSync(config) || readFileSync(config, 'utf8') !== CLONE_CONFIG)
      writeFileAtomically(config, CLONE_CONFIG);
    for (const name of ['hooks', 'info/attributes', 'info/exclude', 'info/grafts', 'config.worktree']) {
      rmSync(join(clone, name), { recursive: true, force: true });
    }
    return clone;
  }
}

export function sourceOf(project: ProjectSource): string {
  const { path, url } = project.repository;
  if (path !== undefined) return resolve(path);
  if (url === undefined || url.startsWith('-') || /^[a-z0-9+.-]*::/i.test(url)) {
    throw new RepositoryProblem(
      'repository_unusable',
      'the project names neither a path nor a plain address.',
    );
  }
  return url;
}

function describeSource(project: ProjectSource): string {
  // An address may carry a password; a reason is shown to everyone.
  return project.repository.path ?? (project.repository.url ?? '').replace(/\/\/[^/@]*@/, '//');
}

function whyNot(error: unknown, timeout: AbortSignal): string {
  if (timeout.aborted) return `no answer within ${FETCH_TIMEOUT_MS / 60_000} minutes`;
  const text = error instanceof GitError ? error.stderr : String(error);
  return (
    text
      .trim()
      .split('\n')
      .find((line) => line.startsWith('fatal:') || line.startsWith('error:'))
      ?.replace(/^(fatal|error): /, '')
      .replace(/\/\/[^/@\s]*@/, '//')
      .replace(/\.$/, '') ?? text.trim().slice(-300)
  );
}
