/**
 * The data directory: 0700, secrets 0600, and one server at a time. The lock names its owner by pid *and* start time,
 * so that a pid that was given anew to another process never keeps a directory locked.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockHeld, acquireLockFile } from './runner/instance-lock.ts';
import { readBootId } from './runner/processes/system-processes.ts';

export class DataDirLocked extends Error {
  readonly pid: number;
  constructor(dir: string, pid: number) {
    super(
      `A Mission Control server (pid ${pid}) already runs on ${dir}. Stop it, or give this one another data directory with --data-dir.`,
    );
    this.pid = pid;
  }
}

export function prepareDataDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const mode = statSync(dir).mode & 0o777;
  if ((mode & 0o077) !== 0) chmodSync(dir, 0o700);
}

/** Takes the directory for this process. Returns the way to give it back. */
export function lockDataDir(dir: string): () => void {
  try {
    return acquireLockFile(join(dir, 'server.lock'), 'server', readBootId());
  } catch (error) {
    if (error instanceof LockHeld) throw new DataDirLocked(dir, error.pid);
    throw error;
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
