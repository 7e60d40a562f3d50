/**
 * An attempt's commits as a git bundle: all that its branch and its saved work have beyond the project's default branch.
 * What is taken in is known by its commit ids, and goes to the same branches, never over what an attempt of this runner
 * has made itself.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import type { HandedOver } from '../../contract/runner-protocol.ts';
import { gitText, isAncestor, isFullCommitId, objectType, readRef, runGit } from './git.ts';
import { attemptBranch, wipBranch } from './saved-work.ts';

export interface MadeBundle {
  head: string;
  wip: string | null;
  /** Null where the project's repository has all of it. */
  content: Buffer | null;
  size: number;
}

/** @returns null where the attempt has no branch here */
export async function makeBundle(
  clone: string,
  defaultBranch: string,
  attempt: { ticket: string; number: number },
  file: string,
  mostBytes: number,
): Promise<MadeBundle | null> {
  const branch = `refs/heads/${attemptBranch(attempt.ticket, attempt.number)}`;
  const saved = `refs/heads/${wipBranch(attempt.ticket, attempt.number)}`;
  const head = await readRef(clone, branch);
  if (head === null) return null;
  const wip = await readRef(clone, saved);
  const base = `refs/remotes/origin/${defaultBranch}`;
  const without = (await readRef(clone, base)) === null ? [] : [`^${base}`];
  const refs = wip === null ? [branch] : [branch, saved];
  const count = await gitText(['rev-list', '--count', ...refs, ...without], { cwd: clone });
  if (count === '0') return { head, wip, content: null, size: 0 };
  try {
    await runGit(['bundle', 'create', '--quiet', file, ...refs, ...without], { cwd: clone });
    const { size } = statSync(file);
    return { head, wip, content: size > mostBytes ? null : readFileSync(file), size };
  } finally {
    rmSync(file, { force: true });
    rmSync(`${file}.lock`, { force: true });
  }
}

/** Whether all of it is here already, or was made here and has gone on since. */
export async function hasHandedOver(clone: string, handed: HandedOver): Promise<boolean> {
  const { ticket, number, head, wip } = handed;
  const branch = await readRef(clone, `refs/heads/${attemptBranch(ticket, number)}`);
  if (branch === null || (await objectType(clone, head)) !== 'commit') return false;
  if (branch !== head && !(await isAncestor(clone, head, branch))) return false;
  return wip === null || (await objectType(clone, wip)) === 'commit';
}

/** @param file the bundle; null where its commits are in the project's repository, which was fetched before */
export async function takeInBundle(clone: string, handed: HandedOver, file: string | null): Promise<void> {
  const { ticket, number, head, wip } = handed;
  for (const commit of [head, ...(wip === null ? [] : [wip])])
    if (!isFullCommitId(commit)) throw new Error(`not a commit id: ${commit.slice(0, 100)}`);
  if (file !== null) await runGit(['bundle', 'unbundle', file], { cwd: clone });
  await point(clone, attemptBranch(ticket, number), head);
  if (wip !== null) await point(clone, wipBranch(ticket, number), wip);
}

async function point(clone: string, branch: string, commit: string): Promise<void> {
  if ((await objectType(clone, commit)) !== 'commit')
    throw new Error(`its commit ${commit.slice(0, 12)} is neither in it nor in the project's repository`);
  const ref = `refs/heads/${branch}`;
  const before = await readRef(clone, ref);
  if (before === commit) return;
  // Nothing that an agent wrote is dropped, wherever it came from.
  if (before !== null && !(await isAncestor(clone, before, commit))) {
    const aside = `refs/heads/mc-old/${branch.replace(/^mc-?/, '').replace(/^[/]/, '')}-${Date.now()}`;
    await runGit(['update-ref', aside, before], { cwd: clone });
  }
  await runGit(['update-ref', '--create-reflog', ref, commit], { cwd: clone });
}
