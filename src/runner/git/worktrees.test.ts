import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Clones, type ProjectSource } from './clones.ts';
import { diffOf } from './diff.ts';
import { isBranchName } from './git.ts';
import { git, makeRepository } from './testing.ts';
import { type WorktreeRequest, Worktrees } from './worktrees.ts';

let dir: string;
let repo: string;
let clones: Clones;
let worktrees: Worktrees;
let project: ProjectSource;

beforeEach(() => {
  ({ dir, repo } = makeRepository({ 'a.txt': 'one\n', '.gitignore': 'ignored\n' }));
  clones = new Clones(join(dir, 'data'));
  worktrees = new Worktrees(join(dir, 'data'), clones);
  project = { key: 'MC', repository: { path: repo }, defaultBranch: 'main' };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const request = (more: Partial<WorktreeRequest> = {}): WorktreeRequest => ({
  attempt: 'att_1',
  ticket: 'MC-1',
  number: 1,
  project,
  startAt: null,
  earlier: null,
  ...more,
});

const prepare = async (wanted: WorktreeRequest) => worktrees.make(await worktrees.plan(wanted));

describe('a worktree', () => {
  it('starts at the newest commit of the default branch, on the branch of its attempt', async () => {
    writeFileSync(join(repo, 'a.txt'), 'two\n');
    git(repo, 'commit', '-qam', 'second');
    const made = await prepare(request());
    expect(made).toMatchObject({ branch: 'mc/MC-1/1', base: git(repo, 'rev-parse', 'HEAD'), isFresh: true });
    expect(git(made.path, 'branch', '--show-current')).toBe('mc/MC-1/1');
    expect(readFileSync(join(made.path, 'a.txt'), 'utf8')).toBe('two\n');
  });

  it('leaves the repository of the user as it was', async () => {
    const before =
      git(repo, 'for-each-ref') +
      git(repo, 'status', '--porcelain') +
      readFileSync(join(repo, '.git/config'), 'utf8');
    const made = await prepare(request());
    writeFileSync(join(made.path, 'b.txt'), 'new\n');
    git(made.path, 'add', '.');
    git(made.path, 'commit', '-qm', 'work');
    await worktrees.retire('MC', made.path, 'MC-1', 1);
    const after =
      git(repo, 'for-each-ref') +
      git(repo, 'status', '--porcelain') +
      readFileSync(join(repo, '.git/config'), 'utf8');
    expect(after).toBe(before);
    expect(existsSync(join(repo, '.git/worktrees'))).toBe(false);
  });

  it('is made for many attempts at once from one clone', async () => {
    const made = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => prepare(request({ attempt: `att_${n}`, ticket: `MC-${n}`, number: 1 }))),
    );
    expect(new Set(made.map((w) => git(w.path, 'branch', '--show-current'))).size).toBe(6);
  });

  it('starts where the branch is now, when it has moved, when one is new, and when one is gone', async () => {
    const head = async () => (await worktrees.plan(request())).base;
    const seen = async () => {
      await head();
      return git(clones.path('MC'), 'for-each-ref', '--format=%(refname)', 'refs/remotes').split('\n');
    };
    expect(await head()).toBe(git(repo, 'rev-parse', 'main'));
    git(repo, 'branch', 'other');
    expect(await seen()).toEqual(['refs/remotes/origin/main', 'refs/remotes/origin/other']);
    git(repo, 'commit', '-q', '--allow-empty', '-m', 'second');
    expect(await head()).toBe(git(repo, 'rev-parse', 'main'));
    git(repo, 'branch', '-D', 'other');
    expect(await seen()).toEqual(['refs/remotes/origin/main']);
    // Back to where it was: nothing is new, and all the same it has moved.
    git(repo, 'reset', '-q', '--hard', 'HEAD^');
    expect(await head()).toBe(git(repo, 'rev-parse', 'main'));
    git(clones.path('MC'), 'pack-refs', '--all');
    expect(await head()).toBe(git(repo, 'rev-parse', 'main'));
    git(repo, 'commit', '-q', '--allow-empty', '-m', 'third');
    expect(await head()).toBe(git(repo, 'rev-parse', 'main'));
  });

  it('names what is wrong with a repository', async () => {
    const gone = { ...project, repository: { path: join(dir, 'nowhere') } };
    await expect(prepare(request({ project: gone }))).rejects.toThrow(
      /^repository_unreachable: cannot fetch .*nowhere.*Check that it exists/,
    );
    const branchless = { ...project, defaultBranch: 'trunk' };
    await expect(prepare(request({ project: branchless }))).rejects.toThrow(
      /^default_branch_missing: .*trunk/,
    );
    const evil = { ...project, key: 'EV', repository: { url: 'ext::sh -c touch% pwned' } };
    await expect(prepare(request({ project: evil }))).rejects.toThrow(/^repository_unusable/);
  });

  it('runs no hook and no filter, whatever an agent wrote into the clone', async () => {
    const first = await prepare(request());
    const clone = clones.path('MC');
    git(clone, 'config', 'core.hooksPath', dir);
    git(clone, 'config', 'core.fsmonitor', `touch ${join(dir, 'pwned')}; false`);
    git(clone, 'config', 'filter.evil.clean', `touch ${join(dir, 'pwned')}; cat`);
    writeFileSync(join(dir, 'post-checkout'), `#!/bin/sh\ntouch ${join(dir, 'pwned')}\n`, { mode: 0o755 });
    writeFileSync(join(first.path, '.gitattributes'), '* filter=evil\n');
    writeFileSync(join(first.path, 'a.txt'), 'changed\n');
    await worktrees.save('MC', first.path, 'MC-1', 1);
    await prepare(request({ attempt: 'att_2', number: 2 }));
    expect(existsSync(join(dir, 'pwned'))).toBe(false);
  });

  it('puts aside, and does not delete, a branch of the same name', async () => {
    const first = await prepare(request());
    git(first.path, 'commit', '-q', '--allow-empty', '-m', 'precious');
    await worktrees.retire('MC', first.path, 'MC-1', 1);
    await prepare(request({ attempt: 'att_other' }));
    expect(git(clones.path('MC'), 'log', '--branches=mc-old/*', '--format=%s')).toContain('precious');
  });
});

describe('work that was not committed', () => {
  it('is saved with untracked and without ignored files before the worktree goes, and comes back uncommitted', async () => {
    const first = await prepare(request());
    writeFileSync(join(first.path, 'a.txt'), 'changed\n');
    writeFileSync(join(first.path, 'new file.txt'), 'untracked\n');
    writeFileSync(join(first.path, 'ignored'), 'build\n');
    const saved = await worktrees.retire('MC', first.path, 'MC-1', 1);
    expect(existsSync(first.path)).toBe(false);
    expect(saved.complete).toBe(true);
    const files = git(clones.path('MC'), 'ls-tree', '-r', '--name-only', 'mc-wip/MC-1/1').split('\n');
    expect(files).toEqual(['.gitignore', 'a.txt', 'new file.txt']);

    const next = await prepare(
      request({
        attempt: 'att_2',
        number: 2,
        earlier: { path: first.path, base: first.base, number: 1, isSameAttempt: false },
      }),
    );
    expect(next).toMatchObject({ base: first.base, isFresh: true, branch: 'mc/MC-1/2' });
    expect(git(next.path, 'rev-parse', 'HEAD')).toBe(first.base);
    expect(git(next.path, 'status', '--porcelain')).toBe('M a.txt\n?? "new file.txt"');
  });

  it('is found by the name of its branch too', async () => {
    const first = await prepare(request());
    git(first.path, 'commit', '-q', '--allow-empty', '-m', 'step');
    writeFileSync(join(first.path, 'b.txt'), 'b\n');
    await worktrees.retire('MC', first.path, 'MC-1', 1);
    const next = await prepare(request({ attempt: 'att_2', number: 2, startAt: 'mc-wip/MC-1/1' }));
    expect(next.base).toBe(first.base);
    expect(git(next.path, 'log', '-1', '--format=%s')).toBe('step');
    expect(git(next.path, 'status', '--porcelain')).toBe('?? b.txt');
  });

  it('is nothing when all is committed, also after an earlier save', async () => {
    const first = await prepare(request());
    writeFileSync(join(first.path, 'b.txt'), 'b\n');
    expect((await worktrees.save('MC', first.path, 'MC-1', 1)).commit).not.toBeNull();
    git(first.path, 'add', '.');
    git(first.path, 'commit', '-qm', 'done');
    expect(await worktrees.save('MC', first.path, 'MC-1', 1)).toEqual({ commit: null, complete: true });
    expect(git(clones.path('MC'), 'branch', '--list', 'mc-wip/*')).toBe('');
  });

  it('includes commits on a head that the branch does not know', async () => {
    const first = await prepare(request());
    git(first.path, 'checkout', '-q', '--detach');
    git(first.path, 'commit', '-q', '--allow-empty', '-m', 'detached');
    await worktrees.retire('MC', first.path, 'MC-1', 1);
    expect(git(clones.path('MC'), 'log', '-1', '--format=%s', 'mc-wip/MC-1/1')).toBe('detached');
    const next = await prepare(request({ attempt: 'att_2', number: 2, startAt: 'mc-wip/MC-1/1' }));
    expect(git(next.path, 'log', '-1', '--format=%s')).toBe('detached');
  });

  it('includes what git can record beside what it cannot: a repository in it without a commit', async () => {
    const made = await prepare(request());
    git(made.path, 'init', '-q', 'scaffold');
    writeFileSync(join(made.path, 'scaffold/inner.txt'), 'inner\n');
    writeFileSync(join(made.path, 'notes.txt'), 'notes\n');
    const saved = await worktrees.retire('MC', made.path, 'MC-1', 1);
    expect(saved.complete).toBe(false);
    expect(git(clones.path('MC'), 'show', 'mc-wip/MC-1/1:notes.txt')).toBe('notes');
    expect(readFileSync(join(made.path, 'scaffold/inner.txt'), 'utf8')).toBe('inner\n');
  });

  it('keeps a worktree that holds what git cannot record', async () => {
    const first = await prepare(request());
    const nested = join(first.path, 'vendor');
    mkdirSync(nested);
    git(nested, 'init', '-q');
    git(nested, 'commit', '-q', '--allow-empty', '-m', 'x');
    expect((await worktrees.retire('MC', first.path, 'MC-1', 1)).complete).toBe(false);
    expect(existsSync(nested)).toBe(true);

    const second = await prepare(request({ attempt: 'att_2', number: 2 }));
    rmSync(join(second.path, '.git'));
    git(second.path, 'init', '-q');
    expect((await worktrees.retire('MC', second.path, 'MC-1', 2)).complete).toBe(false);
    expect(existsSync(second.path)).toBe(true);
  });
});

describe('a submodule', () => {
  it('that is checked out keeps its worktree, one that is not does not', async () => {
    const first = await prepare(request());
    writeFileSync(join(first.path, '.gitmodules'), '[submodule "lib"]\n\tpath = libs/lib\n\turl = ../lib\n');
    expect((await worktrees.save('MC', first.path, 'MC-1', 1)).complete).toBe(true);
    mkdirSync(join(first.path, 'libs/lib'), { recursive: true });
    git(join(first.path, 'libs/lib'), 'init', '-q');
    git(join(first.path, 'libs/lib'), 'commit', '-q', '--allow-empty', '-m', 'x');
    git(first.path, 'add', '.');
    git(first.path, 'commit', '-qm', 'with a submodule');
    expect((await worktrees.retire('MC', first.path, 'MC-1', 1)).complete).toBe(false);
    expect(existsSync(first.path)).toBe(true);
  });
});

describe('going on', () => {
  it('resumes in the same worktree, as it was', async () => {
    const first = await prepare(request());
    writeFileSync(join(first.path, 'b.txt'), 'b\n');
    const again = await prepare(
      request({ earlier: { path: first.path, base: first.base, number: 1, isSameAttempt: true } }),
    );
    expect(again).toEqual({ ...first, isFresh: false });
    expect(existsSync(join(again.path, 'b.txt'))).toBe(true);
  });

  it('resumes from branch and saved work when the worktree is gone', async () => {
    const first = await prepare(request());
    git(first.path, 'commit', '-q', '--allow-empty', '-m', 'step');
    writeFileSync(join(first.path, 'b.txt'), 'b\n');
    await worktrees.retire('MC', first.path, 'MC-1', 1);
    const again = await prepare(
      request({ earlier: { path: first.path, base: first.base, number: 1, isSameAttempt: true } }),
    );
    expect(again).toEqual(first);
    expect(git(again.path, 'log', '-1', '--format=%s')).toBe('step');
    expect(git(again.path, 'status', '--porcelain')).toBe('?? b.txt');
  });

  it('continues an earlier attempt in its worktree, on a branch of its own', async () => {
    const first = await prepare(request());
    writeFileSync(join(first.path, 'b.txt'), 'b\n');
    const next = await prepare(
      request({
        attempt: 'att_2',
        number: 2,
        earlier: { path: first.path, base: first.base, number: 1, isSameAttempt: false },
      }),
    );
    expect(next).toEqual({ path: first.path, branch: 'mc/MC-1/2', base: first.base, isFresh: false });
    expect(git(next.path, 'branch', '--show-current')).toBe('mc/MC-1/2');
    expect(existsSync(join(next.path, 'b.txt'))).toBe(true);
  });

  it('starts at a submitted head, which is its base', async () => {
    const first = await prepare(request());
    git(first.path, 'commit', '-q', '--allow-empty', '-m', 'submitted');
    const head = git(first.path, 'rev-parse', 'HEAD');
    const next = await prepare(request({ attempt: 'att_2', number: 2, startAt: head }));
    expect(next.base).toBe(head);
    await expect(prepare(request({ attempt: 'att_3', number: 3, startAt: '0'.repeat(40) }))).rejects.toThrow(
      /^start_missing/,
    );
  });
});

describe('a diff', () => {
  it('lists files with counts, and cuts a patch that is too large', async () => {
    const made = await prepare(request());
    writeFileSync(join(made.path, 'a.txt'), 'one\nzwölf\n');
    writeFileSync(join(made.path, 'big.txt'), `${'\u0001'.repeat(70)}\n`.repeat(12_000));
    git(made.path, 'add', '.');
    git(made.path, 'commit', '-qm', 'work');
    const diff = await diffOf(clones.path('MC'), made.base, git(made.path, 'rev-parse', 'HEAD'));
    expect(diff.files).toEqual([
      { path: 'a.txt', additions: 1, deletions: 0, protected: false },
      { path: 'big.txt', additions: 12_000, deletions: 0, protected: false },
    ]);
    expect(diff.patch).toContain('+zwölf');
    expect(diff.truncated).toBe(true);
    expect(JSON.stringify(diff).length).toBeLessThan(900 * 1024);
  });
});

describe('branch names', () => {
  it.each(['-x', 'a..b', 'a b', 'x.lock', 'a//b', '.a', '/a', 'a/', 'a@{1}', 'a~1', '', 'a\nb'])(
    'refuses %j',
    (name) => {
      expect(isBranchName(name)).toBe(false);
    },
  );
  it.each(['main', 'feature/ä-1', 'mc/MC-1/2', 'v1.2'])('takes %j', (name) => {
    expect(isBranchName(name)).toBe(true);
  });
});

describe('a worktree that was made ahead', () => {
  const spare = () => join(dir, 'data/worktrees/spare-MC');
  const clone = () => clones.path('MC');
  beforeEach(async () => {
    await prepare(request({ attempt: 'att_first', ticket: 'MC-9' }));
    await ahead();
  });
  let made: number;
  const ahead = async (): Promise<void> => {
    await worktrees.prepareSpare(project);
    made = statSync(spare()).ino;
  };
  const isTaken = (path: string): boolean => statSync(path).ino === made;

  it('becomes the worktree of an attempt, and is as one that was made for it', async () => {
    const [taken, plain] = [
      await prepare(request()),
      await prepare(request({ attempt: 'att_2', ticket: 'MC-2' })),
    ];
    expect([isTaken(taken.path), isTaken(plain.path)]).toEqual([true, false]);
    expect(existsSync(spare())).toBe(false);
    expect(taken).toMatchObject({ path: worktrees.path('att_1'), branch: 'mc/MC-1/1', isFresh: true });
    const looks = ({ path }: { path: string }) => [
      git(path, 'status', '--porcelain'),
      git(path, 'rev-parse', 'HEAD'),
      git(path, 'diff-files'),
      git(path, 'ls-files', '--stage'),
      git(path, 'config', '--list', '--local'),
    ];
    expect(looks(taken)).toEqual(looks(plain));
    expect(git(taken.path, 'branch', '--show-current')).toBe('mc/MC-1/1');
    expect(git(clone(), 'worktree', 'list', '--porcelain')).toContain(`${taken.path}\n`);
    writeFileSync(join(taken.path, 'b.txt'), 'new\n');
    git(taken.path, 'add', '.');
    git(taken.path, 'commit', '-qm', 'work');
    expect(await worktrees.head('MC', 'mc/MC-1/1')).toBe(git(taken.path, 'rev-parse', 'HEAD'));
    git(clone(), 'worktree', 'prune', '--expire=now');
    expect(git(clone(), 'fsck', '--no-dangling')).toBe('');
    await worktrees.retire('MC', taken.path, 'MC-1', 1);
    expect(existsSync(taken.path)).toBe(false);
    expect(git(clone(), 'worktree', 'list', '--porcelain')).not.toContain('att_1');
  });

  it('is not taken for work that starts elsewhere, nor where its branch is there already', async () => {
    const taken = await prepare(request());
    writeFileSync(join(taken.path, 'b.txt'), 'new\n');
    git(taken.path, 'add', '.');
    git(taken.path, 'commit', '-qm', 'work');
    await ahead();
    const startAt = git(taken.path, 'rev-parse', 'HEAD');
    expect(isTaken((await prepare(request({ attempt: 'att_2', number: 2, startAt }))).path)).toBe(false);
    expect(isTaken((await prepare(request({ attempt: 'att_3' }))).path)).toBe(false);
    expect(git(clone(), 'branch', '--list', 'mc-old/*')).toContain('mc-old/MC-1/1-');
    writeFileSync(join(repo, 'a.txt'), 'two\n');
    git(repo, 'commit', '-qam', 'second');
    const moved = await prepare(request({ attempt: 'att_4', ticket: 'MC-4' }));
    expect(isTaken(moved.path)).toBe(false);
    expect(readFileSync(join(moved.path, 'a.txt'), 'utf8')).toBe('two\n');
    await worktrees.prepareSpare(project);
    expect(readFileSync(join(spare(), 'a.txt'), 'utf8')).toBe('two\n');
  });

  it('is not taken where it is not as it was left, and nothing of the try is in the way', async () => {
    git(spare(), 'switch', '-qc', 'elsewhere');
    const first = await prepare(request());
    await ahead();
    writeFileSync(join(spare(), 'ignored'), 'by somebody\n');
    const second = await prepare(request({ attempt: 'att_2', ticket: 'MC-2' }));
    for (const { path, branch } of [first, second]) {
      expect(isTaken(path)).toBe(false);
      expect(git(path, 'branch', '--show-current')).toBe(branch);
      expect(existsSync(join(path, 'ignored'))).toBe(false);
    }
    expect(git(clone(), 'branch', '--list', 'mc-old/*')).toBe('');
  });

  it('goes when nobody wants it, and no other comes then', async () => {
    await worktrees.dropSpares(60_000);
    expect(existsSync(spare())).toBe(true);
    await worktrees.dropSpares();
    await worktrees.prepareSpare(project);
    expect(existsSync(spare())).toBe(false);
    expect(git(clone(), 'worktree', 'list', '--porcelain')).not.toContain('spare');
    expect(isTaken((await prepare(request())).path)).toBe(false);
  });
});
