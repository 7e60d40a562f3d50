/**
 * Has this work been merged into the branch? By a merge or a fast-forward it is an ancestor of its head; by a squash
 * one commit of the branch makes the same change, or has the same files; by a rebase each of its commits has an
 * equivalent there. A squash that was edited while merging is none of these: somebody has to say so.
 */
import { gitText, isAncestor, readRef, runGit } from './git.ts';

/** Commits of the branch that are looked at, newest first. */
const MOST_COMMITS = 500;
const MOST_BYTES = 64 * 1024 * 1024;

/** @returns the commit of the branch by which it came in, or null */
export async function findMerged(
  clone: string,
  head: string,
  tips: readonly string[],
  signal?: AbortSignal,
): Promise<string | null> {
  for (const tip of tips) {
    if (await isAncestor(clone, tip, head, signal)) return mergeOf(clone, head, tip, signal);
    const found = await findEquivalent(clone, head, tip, signal);
    if (found !== null) return found;
  }
  return null;
}

/** The commit of the branch itself that brought it in: the merge, or the commit where it was fast-forwarded. */
async function mergeOf(clone: string, head: string, tip: string, signal?: AbortSignal): Promise<string> {
  const list = await gitText(['rev-list', '--first-parent', '--ancestry-path', `${tip}..${head}`], {
    cwd: clone,
    signal,
  });
  const oldest = list.split('\n').filter(Boolean).at(-1);
  if (oldest === undefined) return tip;
  const first = await readRef(clone, `${oldest}^1`, signal);
  return first !== null && (await isAncestor(clone, tip, first, signal)) ? tip : oldest;
}

async function findEquivalent(
  clone: string,
  head: string,
  tip: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const cwd = clone;
  const fork = await runGit(['merge-base', '--end-of-options', head, tip], { cwd, accept: [0, 1], signal });
  if (fork.exitCode !== 0) return null;
  const base = fork.stdout.toString().trim();
  const range = `${base}..${head}`;
  const log = [
    'log',
    '--first-parent',
    '--diff-merges=first-parent',
    '--no-show-signature',
    `-n${MOST_COMMITS}`,
  ];
  const trees = await gitText([...log, '--no-patch', '--format=%H %T', range], { cwd, signal });
  const tree = await gitText(['rev-parse', `${tip}^{tree}`], { cwd, signal });
  const same = trees.split('\n').find((line) => line.endsWith(` ${tree}`));
  if (same !== undefined) return same.split(' ')[0] ?? null;
  const own = await patchIds(cwd, ['diff', '--no-ext-diff', '--no-textconv', base, tip], signal);
  const change = own[0]?.patch;
  if (change === undefined) return null;
  const theirs = await patchIds(
    cwd,
    [...log, '--patch', '--no-ext-diff', '--no-textconv', '--format=commit %H', range],
    signal,
  );
  const squash = theirs.find(({ patch }) => patch === change);
  if (squash) return squash.commit;
  const commits = (await gitText(['cherry', head, tip, base], { cwd, signal })).split('\n').filter(Boolean);
  return commits.length > 0 && commits.every((line) => line.startsWith('- ')) ? head : null;
}

async function patchIds(
  cwd: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ patch: string; commit: string }[]> {
  const { stdout, truncated } = await runGit(args, { cwd, signal, maxBytes: MOST_BYTES });
  // Half a patch could look like another.
  if (truncated) return [];
  const text = await runGit(['patch-id', '--stable'], { cwd, signal, input: stdout });
  return text.stdout
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [patch = '', commit = ''] = line.split(' ');
      return { patch, commit };
    });
}
