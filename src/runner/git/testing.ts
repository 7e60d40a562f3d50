/** Repositories for the tests of this room, made by git itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns what git printed, without white space around it */
export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
    cwd,
    stdio: 'pipe',
  })
    .toString()
    .trim();

/** A folder of the test's own, and in it a repository whose branch main has one commit with these files. */
export function makeRepository(files: Record<string, string> = {}): { dir: string; repo: string } {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'mc-git-')));
  const repo = join(dir, 'repo');
  mkdirSync(repo);
  git(repo, 'init', '-q', '-b', 'main');
  for (const [name, content] of Object.entries(files)) writeFileSync(join(repo, name), content);
  git(repo, 'add', '.');
  git(repo, 'commit', '-q', '--allow-empty', '-m', 'first');
  return { dir, repo };
}
