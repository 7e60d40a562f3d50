/** The real processes of this machine, as the port that the runner's logic uses. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Processes } from '../ports.ts';
import { openProcess, readExit, startProcess } from './agent-process.ts';
import { ProcessTree } from './process-tree.ts';
import type { CgroupParent } from './cgroup.ts';
import { findStrayMarkers, isMarkerOf } from './stray-processes.ts';
import { WaitingKeeper } from './waiting-keeper.ts';

/** What keeps a tree together beside the marks that are looked for in /proc. */
export interface Containment {
  cgroups: CgroupParent | null;
  /** The beginning of a command that runs the rest in a PID namespace. */
  namespace: readonly string[] | null;
}

export function systemProcesses(
  clock: Clock,
  { cgroups, namespace }: Containment = { cgroups: null, namespace: null },
): Processes {
  const placed = (marker: string) => ({ namespace, cgroup: cgroups?.of(marker) ?? null });
  const waiting = new Map<string, WaitingKeeper>();
  const take = (marker: string): WaitingKeeper | undefined => {
    const keeper = waiting.get(marker);
    waiting.delete(marker);
    return keeper;
  };
  return {
    async prepare(marker) {
      waiting.set(marker, await WaitingKeeper.make(marker, placed(marker).cgroup));
    },
    async dismiss(marker) {
      await take(marker)?.dismiss();
    },
    start: (spec) => startProcess({ ...spec, ...placed(spec.marker) }, take(spec.marker)),
    async open(spec) {
      await take(spec.marker)?.dismiss();
      return openProcess({ ...spec, ...placed(spec.marker) });
    },
    readExit,
    tree: (marker, roots) => new ProcessTree(marker, [...roots], clock, cgroups?.of(marker) ?? null),
    strayMarkers: (owner) =>
      new Set([
        ...findStrayMarkers(owner),
        ...(cgroups?.inhabited() ?? []).filter((name) => isMarkerOf(owner, name)),
      ]),
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
