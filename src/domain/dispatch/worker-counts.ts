/**
 * Workers by whatever limits them. A plan counts them for each candidate, and a fleet has as many workers as candidates:
 * so what was counted is kept with the list, and only what has been added to it since is counted anew.
 */
import type { ActiveWorker } from './snapshot.ts';

export interface WorkerCounts {
  byRunner: ReadonlyMap<string, number>;
  byProfile: ReadonlyMap<string, number>;
  byProject: ReadonlyMap<string, number>;
  byCampaign: ReadonlyMap<string, number>;
}

class Counts implements WorkerCounts {
  readonly byRunner = new Map<string, number>();
  readonly byProfile = new Map<string, number>();
  readonly byProject = new Map<string, number>();
  readonly byCampaign = new Map<string, number>();
  seen = 0;

  add(worker: ActiveWorker): void {
    this.seen += 1;
    increase(this.byRunner, worker.runner);
    increase(this.byProfile, worker.profile);
    increase(this.byProject, worker.project);
    increase(this.byCampaign, worker.campaign);
  }
}

function increase(counts: Map<string, number>, of: string | null): void {
  if (of !== null) counts.set(of, (counts.get(of) ?? 0) + 1);
}

const counted = new WeakMap<readonly ActiveWorker[], Counts>();

/** @param workers to which the caller may add at the end, and from which nothing is ever taken */
export function countWorkers(workers: readonly ActiveWorker[]): WorkerCounts {
  const counts = counted.get(workers) ?? new Counts();
  counted.set(workers, counts);
  for (const worker of workers.slice(counts.seen)) counts.add(worker);
  return counts;
}
