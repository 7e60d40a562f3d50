/**
 * Builds the merge of accepted work into a branch, in a clean worktree of our own clone. Built again from the same
 * commits it is the same commit: people, dates and message are arguments, so that a repetition pushes nothing twice.
 */
import { gitText, runGit } from './git.ts';

export interface MergeRequest {
  /** A worktree that is at `head`, clean. */
  worktree: string;
  head: string;
  commit: string;
  mode: 'merge' | 'squash';
  message: string;
  /** RFC 3339. */
  at: string;
}

export type Merge = { made: string } | { conflicts: string[] } | { nothing: true };

const NAME = 'Mission Control';
const EMAIL = 'mission-control@localhost';
const SETTINGS = [
  `user.name=${NAME}`,
  `user.email=${EMAIL}`,
  'rerere.enabled=false',
  'merge.verifySignatures=false',
  'merge.conflictStyle=merge',
  'merge.renames=true',
].flatMap((setting) => ['-c', setting]);

export async function buildMerge(request: MergeRequest, signal?: AbortSignal): Promise<Merge> {
  const { worktree, head, commit, mode } = request;
  const cwd = worktree;
  const how = mode === 'squash' ? ['--squash'] : ['--no-ff', '--no-commit'];
  const { exitCode } = await runGit(
    [...SETTINGS, 'merge', '--quiet', '--no-verify', '--no-stat', ...how, commit],
    { cwd, accept: [0, 1], signal },
  );
  if (exitCode === 1) {
    const names = await runGit(['diff', '--name-only', '--diff-filter=U', '-z'], { cwd, signal });
    const conflicts = names.stdout.toString().split('\0').filter(Boolean);
    if (conflicts.length > 0) return { conflicts };
    throw new Error('git could not merge, and names no conflict');
  }
  const tree = await gitText(['write-tree'], { cwd, signal });
  if (mode === 'squash' && tree === (await gitText(['rev-parse', `${head}^{tree}`], { cwd, signal })))
    return { nothing: true };
  const parents = mode === 'squash' ? ['-p', head] : ['-p', head, '-p', commit];
  const made = await gitText([...SETTINGS, 'commit-tree', tree, ...parents, '-F', '-'], {
    cwd,
    signal,
    input: request.message,
    env: await peopleOf(request, signal),
  });
  return { made };
}

/** A squash keeps who wrote it; who merges is Mission Control. */
async function peopleOf(request: MergeRequest, signal?: AbortSignal): Promise<Record<string, string>> {
  const { worktree: cwd, commit, mode, at } = request;
  const env: Record<string, string> = {
    GIT_AUTHOR_NAME: NAME,
    GIT_AUTHOR_EMAIL: EMAIL,
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_NAME: NAME,
    GIT_COMMITTER_EMAIL: EMAIL,
    GIT_COMMITTER_DATE: at,
  };
  if (mode !== 'squash') return env;
  const [name = '', email = ''] = (
    await gitText(['log', '-1', '--no-show-signature', '--format=%an%x00%ae', commit], { cwd, signal })
  ).split('\0');
  // A name of nothing but what git strips would make it refuse.
  if (/[\p{L}\p{N}]/u.test(name)) Object.assign(env, { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email });
  return env;
}
