/**
 * Nothing an agent wrote is ever deleted unrecorded: what is not committed in a worktree becomes a commit on
 * `mc-wip/<ticket>/<attempt>`, made beside the worktree's own index, so that the worktree itself is not touched.
 */
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gitText, isAncestor, readRef, runGit } from './git.ts';

export interface SavedWork {
  /** The commit on the `mc-wip` branch; null when there was nothing that the attempt's branch does not have. */
  commit: string | null;
  /** False when something could not be recorded (a repository nested in the worktree): then it must stay. */
  complete: boolean;
}

const EMAIL = 'saved-work@mission-control.invalid';
const IDENTITY = {
  GIT_AUTHOR_NAME: 'Mission Control',
  GIT_AUTHOR_EMAIL: EMAIL,
  GIT_COMMITTER_NAME: 'Mission Control',
  GIT_COMMITTER_EMAIL: EMAIL,
};

/** Whether Mission Control made this commit of uncommitted work, rather than the agent. */
export async function isSavedWork(repository: string, commit: string): Promise<boolean> {
  return (
    (await gitText(['log', '-1', '--format=%ce', '--end-of-options', commit], { cwd: repository })) === EMAIL
  );
}

export function wipBranch(ticket: string, number: number): string {
  return `mc-wip/${ticket}/${number}`;
}

export function attemptBranch(ticket: string, number: number): string {
  return `mc/${ticket}/${number}`;
}

/** @param clone the project's bare clone; a worktree whose `.git` leads elsewhere cannot be recorded, and must stay */
export async function saveWork(
  clone: string,
  worktree: string,
  ticket: string,
  number: number,
): Promise<SavedWork> {
  if (!existsSync(worktree)) return { commit: null, complete: true };
  const place = await lookInto(clone, worktree);
  if (place === null) return { commit: null, complete: false };
  const { head, headTree, gitDir } = place;
  const index = join(gitDir, 'mc-wip-index');
  const env = { GIT_INDEX_FILE: index, ...IDENTITY };
  rmSync(index, { force: true });
  rmSync(`${index}.lock`, { force: true });
  try {
    await runGit(['read-tree', '--end-of-options', head], { cwd: worktree, env });
    // Without lstat data in the fresh index every file is compared by content: slow and certain.
    // What git cannot record (a repository in it that has no commit yet, a file that nobody may read) must not keep the
    // rest from being saved: exit code 1, and the worktree stays.
    const added = await runGit(['add', '--all', '--ignore-errors', '--', '.'], {
      cwd: worktree,
      env,
      accept: [0, 1],
    });
    const isWhole = added.exitCode === 0;
    const tree = await gitText(['write-tree'], { cwd: worktree, env });
    const isClean = tree === headTree;
    const nested =
      (!isClean && (await hasNestedRepository(worktree, head, tree))) || (await hasSubmodule(worktree));
    const branchHead = await readRef(worktree, `refs/heads/${attemptBranch(ticket, number)}`);
    const isReachable =
      branchHead === head || (branchHead !== null && (await isAncestor(worktree, head, branchHead)));
    if (isClean && isReachable) {
      await putAsideEarlier(worktree, ticket, number);
      return { commit: null, complete: isWhole && !nested };
    }
    const commit = isClean
      ? head
      : await gitText(
          [
            'commit-tree',
            '-p',
            head,
            '-m',
            `Work in progress of attempt ${number} at ${ticket}\n\nSaved by Mission Control; not committed by the agent.`,
            tree,
          ],
          { cwd: worktree, env },
        );
    await runGit(['update-ref', '--create-reflog', `refs/heads/${wipBranch(ticket, number)}`, commit], {
      cwd: worktree,
    });
    return { commit, complete: isWhole && !nested };
  } finally {
    rmSync(index, { force: true });
  }
}

/** What was saved before and has been worked on since must not be mistaken for the newest state. */
async function putAsideEarlier(worktree: string, ticket: string, number: number): Promise<void> {
  const branch = wipBranch(ticket, number);
  if ((await readRef(worktree, `refs/heads/${branch}`)) === null) return;
  await runGit(['branch', '--move', '--', branch, `mc-old/wip/${ticket}/${number}-${Date.now()}`], {
    cwd: worktree,
  });
}

interface Place {
  gitDir: string;
  head: string;
  headTree: string;
}

/** Null where the worktree is none of this clone any more. */
async function lookInto(clone: string, worktree: string): Promise<Place | null> {
  if (!existsSync(join(worktree, '.git'))) return null;
  const what = [
    '--path-format=absolute',
    '--git-common-dir',
    '--absolute-git-dir',
    'HEAD^{commit}',
    'HEAD^{tree}',
  ];
  try {
    const [common, gitDir, head, headTree] = (await gitText(['rev-parse', ...what], { cwd: worktree })).split(
      '\n',
    );
    if (!common || !gitDir || !head || !headTree || realpathSync(common) !== realpathSync(clone)) return null;
    return { gitDir, head, headTree };
  } catch {
    return null;
  }
}

/** A repository within the worktree is recorded by git as a mere commit id: its files would be lost. */
async function hasNestedRepository(worktree: string, head: string, tree: string): Promise<boolean> {
  const changed = await gitText(['diff-tree', '-r', '--raw', '--no-renames', head, tree], { cwd: worktree });
  return changed.split('\n').some((line) => /^:\d{6} 160000 /.test(line));
}

/** A submodule that was checked out may hold work that no commit of this repository mentions. */
async function hasSubmodule(worktree: string): Promise<boolean> {
  if (!existsSync(join(worktree, '.gitmodules'))) return false;
  const { stdout } = await runGit(
    ['config', '--file', '.gitmodules', '--get-regexp', '^submodule\\..*\\.path$'],
    {
      cwd: worktree,
      accept: [0, 1],
    },
  );
  return stdout
    .toString()
    .split('\n')
    .some((line) => line !== '' && existsSync(join(worktree, line.slice(line.indexOf(' ') + 1), '.git')));
}
