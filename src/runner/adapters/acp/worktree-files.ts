/** Reads and writes files for an agent that has its client do it, inside the worktree and nowhere else. */
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

const LARGEST_READ = 16 * 1024 * 1024;

export class OutsideWorktree extends Error {}

/**
 * The file a path stands for, links followed.
 * @throws OutsideWorktree where that is not inside the worktree, or in its `.git`
 */
export function resolveInside(worktree: string, path: string): string {
  const root = realpathSync(worktree);
  const wanted = resolve(root, path);
  // What does not exist yet is judged by the nearest folder above it that does.
  let folder = wanted;
  let rest = '';
  for (;;) {
    try {
      folder = realpathSync(folder);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      rest = rest === '' ? basename(folder) : join(basename(folder), rest);
      const above = dirname(folder);
      if (above === folder) break;
      folder = above;
    }
  }
  const real = rest === '' ? folder : join(folder, rest);
  const inside = relative(root, real);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new OutsideWorktree(`${path} is not inside the worktree`);
  }
  if (inside.split(sep)[0] === '.git') throw new OutsideWorktree(`${path} belongs to git; use git`);
  return real;
}

/** @param line the first line, counted from 1 */
export function readInside(
  worktree: string,
  request: { path: string; line?: number | null; limit?: number | null },
): string {
  const file = resolveInside(worktree, request.path);
  const stat = statSync(file);
  if (!stat.isFile()) throw new Error(`${request.path} is no file`);
  if (stat.size > LARGEST_READ) throw new Error(`${request.path} is larger than 16 MiB`);
  const text = readFileSync(file, 'utf8');
  const { line, limit } = request;
  if ((line ?? null) === null && (limit ?? null) === null) return text;
  const from = Math.max(0, (line ?? 1) - 1);
  return text
    .split('\n')
    .slice(from, limit === null || limit === undefined ? undefined : from + limit)
    .join('\n');
}

export function writeInside(worktree: string, request: { path: string; content: string }): void {
  const file = resolveInside(worktree, request.path);
  mkdirSync(dirname(file), { recursive: true });
  // A link that came into being since we looked must not lead the write elsewhere.
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
  try {
    ftruncateSync(fd, 0);
    writeFileSync(fd, request.content);
  } finally {
    closeSync(fd);
  }
}
