/**
 * Pushes one commit to one branch of the project's repository, and touches nothing else: with the value that the
 * branch is expected to have, so that whoever else was faster is never overwritten.
 *
 * A branch that is checked out in the user's own clone is moved together with its working tree, by git's own
 * `updateInstead`, which refuses unless all is committed.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type GitOptions, gitText, runGit } from './git.ts';

export type Pushed = { state: 'pushed' } | { state: 'stale' | 'refused'; reason: string };

export interface PushRequest {
  clone: string;
  /** An address or a path. */
  source: string;
  /** A clone with a working tree, on this machine: its hooks are its user's and do not run. */
  hasWorktree: boolean;
  branch: string;
  commit: string;
  /** What the branch is at now; null where it must not exist. */
  onto: string | null;
}

const INTO_WORKTREE =
  'git -c receive.denyCurrentBranch=updateInstead -c core.hooksPath=/dev/null -c core.fsmonitor=false receive-pack';

/** Throws where the answer is not known: then it has to be looked whether it has arrived. */
export async function pushCommit(
  request: PushRequest,
  options: Pick<GitOptions, 'env' | 'signal'>,
): Promise<Pushed> {
  const { clone, source, branch, commit, onto, hasWorktree } = request;
  const ref = `refs/heads/${branch}`;
  const { stdout } = await runGit(
    [
      'push',
      '--porcelain',
      '--no-verify',
      '--no-follow-tags',
      '--recurse-submodules=no',
      '--no-signed',
      `--force-with-lease=${ref}:${onto ?? ''}`,
      ...(hasWorktree ? [`--receive-pack=${INTO_WORKTREE}`] : []),
      '--',
      source,
      `${commit}:${ref}`,
    ],
    { cwd: clone, accept: [0, 1], ...options },
  );
  return readAnswer(stdout.toString(), ref);
}

/** One line a reference: a flag, what to what, and how it went. */
function readAnswer(text: string, ref: string): Pushed {
  const line = text.split('\n').find((candidate) => candidate.split('\t')[1]?.endsWith(`:${ref}`));
  if (line === undefined) throw new Error(`git push said nothing about ${ref}: ${text.slice(0, 300)}`);
  const [flag, , summary = ''] = line.split('\t');
  if (flag !== '!') return { state: 'pushed' };
  const isStale =
    /stale info|fetch first|non-fast-forward|failed to update ref|cannot lock ref|incorrect old value|atomic/i.test(
      summary,
    );
  return { state: isStale ? 'stale' : 'refused', reason: summary };
}

/** Whether a repository on this machine has working trees, and which of them has this branch checked out. */
export async function worktreeOf(
  path: string,
  branch: string,
  options: Pick<GitOptions, 'env' | 'signal'>,
): Promise<{ hasWorktree: boolean; checkedOutAt: string | null }> {
  const cwd = resolve(path);
  const isBare = (await gitText(['rev-parse', '--is-bare-repository'], { cwd, ...options })) === 'true';
  const list = await gitText(['worktree', 'list', '--porcelain'], { cwd, ...options });
  for (const entry of list.split('\n\n')) {
    const lines = entry.split('\n');
    const place = lines.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
    if (!lines.includes(`branch refs/heads/${branch}`) || place === undefined || !existsSync(place)) continue;
    return { hasWorktree: true, checkedOutAt: place };
  }
  return { hasWorktree: !isBare, checkedOutAt: null };
}

/** What is not committed there, as git lists it; at most a few. */
export async function uncommittedIn(
  worktree: string,
  options: Pick<GitOptions, 'env' | 'signal'>,
): Promise<string[]> {
  const text = await gitText(['status', '--porcelain', '--untracked-files=normal'], {
    cwd: worktree,
    ...options,
  });
  return text.split('\n').filter((line) => line !== '');
}
