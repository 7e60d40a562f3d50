/**
 * A worktree that was made ahead, at the head of a project's default branch, becomes an attempt's without a git: it is
 * moved to the attempt's place and put on the attempt's branch, by the files that git itself would write. What is not
 * just as git left it is not taken.
 *
 *     worktrees/spare-KEY          →  worktrees/<attempt>              the files
 *     clone/worktrees/spare-KEY    →  clone/worktrees/<attempt>        what git knows of them
 *                                     clone/refs/heads/mc/…            the branch, which must not be there yet
 */
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Taking {
  clone: string;
  spare: string;
  commit: string;
  /** As `stampOf` had it when it was made. */
  stamp: string;
  path: string;
  branch: string;
}

/** Changes where something is put into the worktree or taken out of it at the top, and with each change of its index. */
export function stampOf(clone: string, spare: string): string {
  const index = join(clone, 'worktrees', basename(spare), 'index');
  return [spare, index].map((path) => statSync(path, { bigint: true }).mtimeNs).join(' ');
}

/** @returns false where it cannot be taken: then nothing has changed, or the spare is of no more use */
export function takeSpare(taking: Taking): boolean {
  const { clone, spare, commit, stamp, path, branch } = taking;
  const from = join(clone, 'worktrees', basename(spare));
  const to = join(clone, 'worktrees', basename(path));
  try {
    const isAsMade =
      readLine(join(from, 'HEAD')) === commit &&
      readLine(join(from, 'gitdir')) === join(spare, '.git') &&
      readLine(join(spare, '.git')) === `gitdir: ${from}` &&
      stampOf(clone, spare) === stamp &&
      !existsSync(join(from, 'index.lock'));
    if (!isAsMade || existsSync(to) || existsSync(path)) return false;
    createBranch(clone, branch, commit);
    try {
      renameSync(from, to);
      writeFileSync(join(to, 'gitdir'), `${join(path, '.git')}\n`);
      writeFileSync(join(to, 'HEAD'), `ref: refs/heads/${branch}\n`);
      writeFileSync(join(spare, '.git'), `gitdir: ${to}\n`);
      renameSync(spare, path);
    } catch (error) {
      rmSync(join(clone, 'refs/heads', branch));
      throw error;
    }
    return true;
  } catch {
    return false;
  }
}

/** Throws where there is one of this name, or one that it stands in the way of. */
function createBranch(clone: string, branch: string, commit: string): void {
  const file = join(clone, 'refs/heads', branch);
  mkdirSync(dirname(file), { recursive: true });
  const lock = `${file}.lock`;
  closeSync(openSync(lock, 'wx'));
  try {
    writeFileSync(lock, `${commit}\n`);
    linkSync(lock, file);
  } finally {
    rmSync(lock);
  }
}

function readLine(file: string): string {
  return readFileSync(file, 'utf8').replace(/\n$/, '');
}
