/**
 * One runner per data directory: `run/runner.json` names the process that has it. The file is linked into place, which
 * fails where one exists; a holder that is dead (by pid *and* start time) is put aside by a rename, which only one of
 * several starters wins.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identify, isAlive, type ProcessId } from './processes/process-table.ts';

export interface LockContent extends ProcessId {
  bootId: string;
  name: string;
}

export class LockHeld extends Error {
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(
      `Another runner (pid ${pid}) uses this data directory, as ${path} says. Stop it, or give this one a data directory of its own.`,
    );
    this.name = 'LockHeld';
    this.pid = pid;
  }
}

export function lockPath(dataDir: string): string {
  return join(dataDir, 'run', 'runner.json');
}

/** The runner that is at work in this data directory; null when there is none, or a dead one. */
export function findRunningRunner(dataDir: string, bootId: string): LockContent | null {
  const content = parse(read(lockPath(dataDir)) ?? '');
  return content && content.bootId === bootId && isAlive(content) ? content : null;
}

/** @returns what releases the lock */
export function acquireLock(dataDir: string, name: string, bootId: string): () => void {
  return acquireLockFile(lockPath(dataDir), name, bootId);
}

/** The same for any file that stands for the one process which may use something. */
export function acquireLockFile(path: string, name: string, bootId: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const own = JSON.stringify({ ...identify(process.pid), bootId, name } satisfies LockContent);
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, own, { mode: 0o600 });
  try {
    for (let round = 0; ; round++) {
      try {
        linkSync(fresh, path);
        return () => {
          if (read(path) === own) rmSync(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || round > 20) throw error;
      }
      removeDead(path, bootId);
    }
  } finally {
    rmSync(fresh, { force: true });
  }
}

function removeDead(path: string, bootId: string): void {
  const seen = read(path);
  if (seen === undefined) return;
  const holder = parse(seen);
  if (holder && holder.bootId === bootId && isAlive(holder)) throw new LockHeld(path, holder.pid);
  const aside = `${path}.dead-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  // Between our look and the rename another starter may have won: then what we moved is alive, and goes back.
  if (read(aside) !== seen) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has taken the place; it is checked in the next round.
    }
  }
  rmSync(aside, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): LockContent | null {
  try {
    const content = JSON.parse(text) as LockContent;
    return typeof content.pid === 'number' ? content : null;
  } catch {
    return null;
  }
}
