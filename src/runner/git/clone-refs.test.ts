import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRefs, readCloneRef } from './clone-refs.ts';
import { git, makeRepository } from './testing.ts';

let dir: string;
let repo: string;
const byGit = (cwd: string): [string, string][] =>
  git(cwd, 'for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/heads/')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ') as [string, string]);

beforeEach(() => {
  ({ dir, repo } = makeRepository());
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the branches of a repository', () => {
  it('are those that git lists: loose, packed, both, deleted, and in folders', async () => {
    const same = async (cwd: string) => expect([...(await listRefs(cwd, 'refs/heads'))]).toEqual(byGit(cwd));
    await same(repo);
    for (const name of ['a', 'b/c', 'b/d/e', 'b-c', 'Z', 'gone', 'ü']) git(repo, 'branch', name);
    await same(repo);
    git(repo, 'pack-refs', '--all');
    await same(repo);
    git(repo, 'commit', '-q', '--allow-empty', '-m', 'second');
    git(repo, 'tag', '-am', 'a tag', 'v1');
    git(repo, 'branch', '-qf', 'b/c', 'main');
    git(repo, 'branch', '-qD', 'gone');
    await same(repo);
    writeFileSync(join(repo, '.git/refs/heads/other.lock'), '');
    await same(repo);
    const worktree = join(dir, 'linked');
    git(repo, 'worktree', 'add', '-q', worktree, 'a');
    await same(worktree);
    git(repo, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    await same(repo);
    git(dir, 'clone', '-q', '--bare', repo, 'bare.git');
    await same(join(dir, 'bare.git'));
    expect(await readCloneRef(join(dir, 'bare.git'), 'refs/heads/b/c')).toBe(git(repo, 'rev-parse', 'main'));
  });

  it('are asked of git where they are many, and an error where there is no repository', async () => {
    const main = git(repo, 'rev-parse', 'main');
    for (let n = 0; n < 600; n += 1) writeFileSync(join(repo, `.git/refs/heads/n${n}`), `${main}\n`);
    expect([...(await listRefs(repo, 'refs/heads'))]).toEqual(byGit(repo));
    await expect(listRefs(join(dir), 'refs/heads')).rejects.toThrow();
  });
});
