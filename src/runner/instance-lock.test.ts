import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireLock, findRunningRunner, LockHeld, lockPath } from './instance-lock.ts';
import { identify } from './processes/process-table.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mc-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('is held until it is released, and tells who has it', () => {
  const release = acquireLock(dir, 'one', 'boot');
  expect(() => acquireLock(dir, 'two', 'boot')).toThrow(LockHeld);
  expect(findRunningRunner(dir, 'boot')).toMatchObject({ pid: process.pid, name: 'one' });
  release();
  expect(findRunningRunner(dir, 'boot')).toBeNull();
  acquireLock(dir, 'two', 'boot')();
});

it('of a process that is dead, of another start, or of another boot is taken over', () => {
  const own = identify(process.pid);
  for (const holder of [
    JSON.stringify({ pid: 4_190_000, startTime: 1, bootId: 'boot', name: 'x' }),
    JSON.stringify({ ...own, startTime: own.startTime - 1, bootId: 'boot', name: 'x' }),
    JSON.stringify({ ...own, bootId: 'another boot', name: 'x' }),
    'not JSON',
  ]) {
    acquireLock(dir, 'first', 'boot')();
    writeFileSync(lockPath(dir), holder);
    acquireLock(dir, 'next', 'boot')();
  }
});

it('does not release what is not its own any more', () => {
  const release = acquireLock(dir, 'one', 'boot');
  writeFileSync(lockPath(dir), JSON.stringify({ ...identify(process.pid), bootId: 'boot', name: 'other' }));
  release();
  expect(findRunningRunner(dir, 'boot')?.name).toBe('other');
});
