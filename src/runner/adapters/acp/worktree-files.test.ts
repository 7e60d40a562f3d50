import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutsideWorktree, readInside, writeInside } from './worktree-files.ts';

let dir: string;
let worktree: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'mc-files-')));
  worktree = join(dir, 'worktree');
  mkdirSync(worktree);
  writeFileSync(join(dir, 'secret'), 'secret');
  writeFileSync(join(worktree, 'a.txt'), 'one\ntwo\nthree\n');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('files that an agent has its client read and write', () => {
  it('are those of its worktree', () => {
    expect(readInside(worktree, { path: join(worktree, 'a.txt') })).toBe('one\ntwo\nthree\n');
    expect(readInside(worktree, { path: join(worktree, 'a.txt'), line: 2, limit: 1 })).toBe('two');
    writeInside(worktree, { path: join(worktree, 'new/deep.txt'), content: 'x' });
    expect(readFileSync(join(worktree, 'new/deep.txt'), 'utf8')).toBe('x');
    writeInside(worktree, { path: join(worktree, 'a.txt'), content: 'short' });
    expect(readFileSync(join(worktree, 'a.txt'), 'utf8')).toBe('short');
  });

  it('are none outside of it, by whatever way', () => {
    symlinkSync(dir, join(worktree, 'up'));
    symlinkSync(join(dir, 'secret'), join(worktree, 'link'));
    symlinkSync(join(dir, 'not-there'), join(worktree, 'dangling'));
    const ways = ['../secret', join(dir, 'secret'), 'up/secret', 'link', '..', '.', '.git', '.git/hooks/x'];
    for (const way of ways) {
      const path = way.startsWith('/') ? way : join(worktree, way);
      expect(() => readInside(worktree, { path }), way).toThrow(OutsideWorktree);
      expect(() => writeInside(worktree, { path, content: 'x' }), way).toThrow(OutsideWorktree);
    }
    expect(() => writeInside(worktree, { path: join(worktree, 'up/fresh'), content: 'x' })).toThrow(
      OutsideWorktree,
    );
    expect(() => writeInside(worktree, { path: join(worktree, 'dangling'), content: 'x' })).toThrow();
    expect(readFileSync(join(dir, 'secret'), 'utf8')).toBe('secret');
  });
});
