/** The real processes of this machine, as the port that the runner's logic uses. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Processes } from '../ports.ts';
import { openProcess, readExit, startProcess } from './agent-process.ts';
import { ProcessTree } from './process-tree.ts';
import { findStrayMarkers } from './stray-processes.ts';

/** @param namespace the beginning of a command that runs the rest in a PID namespace; null for none */
export function systemProcesses(clock: Clock, namespace: readonly string[] | null = null): Processes {
  return {
    start: (spec) => startProcess({ ...spec, namespace }),
    open: (spec) => openProcess({ ...spec, namespace }),
    readExit,
    tree: (marker, roots) => new ProcessTree(marker, [...roots], clock),
    strayMarkers: findStrayMarkers,
  };
}

/** Changes when the machine restarts; pids and the monotonic clock mean nothing across that. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
