/**
 * The data directory: 0700, secrets 0600, and one server at a time. The lock names its owner by pid *and* start time,
 * so that a pid that was given anew to another process never keeps a directory locked.
 */
import { chmodSync, existsSync, mkdirSync, openSync, closeSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class DataDirLocked extends Error {
  readonly pid: number;
  constructor(dir: string, pid: number) {
    super(`A Mission Control server (pid ${pid}) already runs on ${dir}. Stop it, or give this one another data directory with --data-dir.`);
    this.pid = pid;
  }
}

export function prepareDataDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const mode = statSync(dir).mode & 0o777;
  if ((mode & 0o077) !== 0) chmodSync(dir, 0o700);
}

/** The kernel's start time of a process, in clock ticks since boot; null where there is none or no /proc. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function isAlive(pid: number, started: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (!existsSync('/proc/self/stat')) return true;
  const now = startTime(pid);
  return now !== null && (started === null || now === started);
}

/** Takes the directory for this process. Returns the way to give it back. */
export function lockDataDir(dir: string): () => void {
  const path = join(dir, 'server.lock');
  for (;;) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, JSON.stringify({ pid: process.pid, started: startTime(process.pid) }));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(path);
    if (owner && isAlive(owner.pid, owner.started)) throw new DataDirLocked(dir, owner.pid);
    // Two starters may both see the dead owner; renaming away is the step that only one of them can make.
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
      const moved = readOwner(aside);
      // What was moved may be the other starter's fresh lock: that one goes back.
      if (moved && (moved.pid !== owner?.pid || moved.started !== owner.started)) renameSync(aside, path);
      else rmSync(aside, { force: true });
    } catch {
      // The other one was first; look again.
    }
  }
}

function readOwner(path: string): { pid: number; started: string | null } | null {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; started: string | null };
    return Number.isInteger(pid) ? { pid, started } : null;
  } catch {
    return null;
  }
}

/** Writes a file so that a reader sees the old or the new text, never half of it. */
export function writeFileAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** The secret in this file; made, and kept 0600, where there is none. */
export function secretFile(path: string, make: () => string): string {
  if (existsSync(path)) {
    chmodSync(path, 0o600);
    const secret = readFileSync(path, 'utf8').trim();
    if (secret !== '') return secret;
  }
  const secret = make();
  writeFileAtomically(path, `${secret}\n`);
  return secret;
}
