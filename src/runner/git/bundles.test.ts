import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HandedOver } from '../../contract/runner-protocol.ts';
import { hasHandedOver, makeBundle, takeInBundle } from './bundles.ts';
import { Clones, type ProjectSource } from './clones.ts';
import { git, makeRepository } from './testing.ts';
import { Worktrees } from './worktrees.ts';

let dir: string;
let repo: string;
let project: ProjectSource;
/** Two machines: each with a data directory of its own. */
let here: { clones: Clones; worktrees: Worktrees; clone: string };
let there: typeof here;

function machine(name: string): typeof here {
  const clones = new Clones(join(dir, name));
  return { clones, worktrees: new Worktrees(join(dir, name), clones), clone: clones.path('MC') };
}

beforeEach(() => {
  ({ dir, repo } = makeRepository({ 'a.txt': 'one\n' }));
  project = { key: 'MC', repository: { url: `file://${repo}` }, defaultBranch: 'main' };
  here = machine('here');
  there = machine('there');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const attempt = { ticket: 'MC-1', number: 1 };

async function work(): Promise<string> {
  const request = { attempt: 'att_1', ...attempt, project, startAt: null, earlier: null };
  const { path } = await here.worktrees.make(await here.worktrees.plan(request));
  return path;
}

async function pack(mostBytes = 1_000_000) {
  const made = await makeBundle(here.clone, 'main', attempt, join(dir, 'out.bundle'), mostBytes);
  if (made === null) throw new Error('nothing to pack');
  return made;
}

async function takeIn(made: Awaited<ReturnType<typeof pack>>): Promise<HandedOver> {
  const { head, wip, content, size } = made;
  const handed = { attempt: 'att_1', ...attempt, sha256: content === null ? null : 'x', size, head, wip };
  await there.clones.refresh(project);
  const file = content === null ? null : join(dir, 'in.bundle');
  if (file !== null && content !== null) writeFileSync(file, content);
  await takeInBundle(there.clone, handed, file);
  return handed;
}

it('carries commits and saved work to another machine, and nothing that the repository has', async () => {
  const path = await work();
  writeFileSync(join(path, 'a.txt'), 'two\n');
  git(path, 'commit', '-qam', 'work');
  writeFileSync(join(path, 'b.txt'), 'unsaved\n');
  await here.worktrees.save('MC', path, 'MC-1', 1);
  const made = await pack();
  expect(git(here.clone, 'rev-parse', 'mc/MC-1/1')).toBe(made.head);
  const handed = await takeIn(made);
  expect(git(there.clone, 'rev-parse', 'mc/MC-1/1')).toBe(made.head);
  expect(git(there.clone, 'rev-parse', 'mc-wip/MC-1/1')).toBe(made.wip);
  expect(git(there.clone, 'show', 'mc-wip/MC-1/1:b.txt')).toBe('unsaved');
  expect(git(there.clone, 'fsck', '--full')).toBe('');
  expect(await hasHandedOver(there.clone, handed)).toBe(true);
  // The next attempt there goes on where this one was.
  const next = await there.worktrees.plan({
    attempt: 'att_2',
    ticket: 'MC-1',
    number: 2,
    project,
    startAt: null,
    earlier: { path: null, base: null, number: 1, isSameAttempt: false },
  });
  const made2 = await there.worktrees.make(next);
  expect(readFileSync(join(made2.path, 'b.txt'), 'utf8')).toBe('unsaved\n');
  expect(git(made2.path, 'log', '--format=%s', '-1')).toBe('work');
});

it('needs no bundle for a branch without commits of its own, and none that is too large is read', async () => {
  const path = await work();
  const made = await pack();
  expect(made).toMatchObject({ content: null, size: 0, wip: null });
  await takeIn(made);
  expect(git(there.clone, 'rev-parse', 'mc/MC-1/1')).toBe(git(repo, 'rev-parse', 'HEAD'));
  writeFileSync(join(path, 'a.txt'), 'x'.repeat(5000));
  git(path, 'commit', '-qam', 'work');
  const large = await pack(10);
  expect(large.size).toBeGreaterThan(10);
  expect(large.content).toBeNull();
});

it('moves nothing of what was made here since, and drops nothing that differs', async () => {
  const path = await work();
  writeFileSync(join(path, 'a.txt'), 'two\n');
  git(path, 'commit', '-qam', 'work');
  const handed = await takeIn(await pack());
  expect(await hasHandedOver(here.clone, handed)).toBe(true);
  const older = handed.head;
  git(path, 'commit', '-q', '--amend', '-m', 'work, told anew');
  const again = await pack();
  expect(again.head).not.toBe(older);
  expect(await hasHandedOver(there.clone, { ...handed, head: again.head })).toBe(false);
  await takeIn(again);
  expect(git(there.clone, 'rev-parse', 'mc/MC-1/1')).toBe(again.head);
  const aside = git(there.clone, 'for-each-ref', '--format=%(objectname)', 'refs/heads/mc-old');
  expect(aside.split('\n')).toContain(older);
});

it('is refused where what it builds on is gone from the repository, or its content is not what it says', async () => {
  git(repo, 'commit', '-q', '--allow-empty', '-m', 'second');
  const path = await work();
  writeFileSync(join(path, 'a.txt'), 'two\n');
  git(path, 'commit', '-qam', 'work');
  const made = await pack();
  git(repo, 'reset', '-q', '--hard', 'HEAD~1');
  await expect(takeIn(made)).rejects.toThrow(/prerequisite|bundle/);
  git(repo, 'commit', '-q', '--allow-empty', '-m', 'second, again');
  await expect(takeIn({ ...made, content: Buffer.from('no bundle') })).rejects.toThrow(/bundle/);
  await expect(takeIn({ ...made, content: null })).rejects.toThrow(/neither in it nor/);
});
