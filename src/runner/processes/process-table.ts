/**
 * A look at the machine's processes. A process is known by pid *and* start time (field 22 of /proc/PID/stat), never
 * by pid alone: pids are given again. Zombies are not alive.
 *
 * Other platforms than Linux have no /proc: there only single processes and process groups can be looked at, with
 * `kill(pid, 0)`, and the runner says so at its start.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessId {
  pid: number;
  /** Clock ticks since boot; 0 where the platform does not tell. */
  startTime: number;
}

export interface ProcessRow extends ProcessId {
  ppid: number;
  pgid: number;
  sid: number;
  state: string;
}

export const hasProc = process.platform === 'linux';

/** `pid (comm) state ppid pgrp session … starttime`: comm may hold spaces and parentheses, so count from the last one. */
export function parseStat(text: string): ProcessRow | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < 0) return null;
  const fields = text.slice(close + 2).split(' ');
  const row = {
    pid: Number(text.slice(0, open).trim()),
    state: fields[0] ?? '?',
    ppid: Number(fields[1]),
    pgid: Number(fields[2]),
    sid: Number(fields[3]),
    startTime: Number(fields[19]),
  };
  return Number.isFinite(row.pid) && Number.isFinite(row.startTime) ? row : null;
}

export function readProcess(pid: number): ProcessRow | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null;
  }
}

/** Null where it is not alive. */
export function readLiving(pid: number): ProcessRow | null {
  const row = readProcess(pid);
  return row && isAliveState(row.state) ? row : null;
}

/** All processes that are alive, by pid. */
export function readProcessTable(): Map<number, ProcessRow> {
  const table = new Map<number, ProcessRow>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const row = readLiving(pid);
    if (row) table.set(pid, row);
  }
  return table;
}

function isAliveState(state: string): boolean {
  return state !== 'Z' && state !== 'X' && state !== 'x';
}

/** The environment that the process started with; null when it may not be read or is gone. */
export function readEnvironment(pid: number): Buffer | null {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return null;
  }
}

/** @param entry `NAME=value`, compared as a whole entry */
export function hasEnvironmentEntry(environment: Buffer, entry: string): boolean {
  const at = environment.indexOf(`${entry}\0`);
  return at === 0 || (at > 0 && environment[at - 1] === 0) || environment.indexOf(`\0${entry}\0`) >= 0;
}

export function isAlive(id: ProcessId): boolean {
  if (hasProc) {
    const row = readProcess(id.pid);
    return row !== null && isAliveState(row.state) && row.startTime === id.startTime;
  }
  try {
    process.kill(id.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The identity of a process that was just started, or of this one. */
export function identify(pid: number): ProcessId {
  return { pid, startTime: hasProc ? (readProcess(pid)?.startTime ?? 0) : 0 };
}

/** Sends a signal if the pid still names the same process; the answer says whether it was sent. */
export function sendSignal(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, signal);
    return true;
  } catch {
    return false;
  }
}
