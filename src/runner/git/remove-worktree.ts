import { rm } from 'node:fs/promises';
import { runGit } from './git.ts';

/** The files, and what the clone knows of them. A large one takes its time, in which leases are to be renewed. */
export async function removeWorktree(clone: string, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await runGit(['worktree', 'prune', '--expire=now'], { cwd: clone });
}
