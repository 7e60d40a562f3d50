/**
 * The plan of one tick: pure, from one snapshot. Claims in dispatch order, the needs_input lane first, each counted
 * against every limit before the next is looked at; and for everything else the reason why not.
 */
import { type Skip, admit } from './claim-policy.ts';
import type {
  ActiveWorker,
  Candidate,
  DispatchSnapshot,
  DispatchWorld,
  NeedsInputCandidate,
  TodoCandidate,
} from './snapshot.ts';
import { countWorkers } from './worker-counts.ts';

export interface PlannedStart<C extends Candidate = Candidate> {
  candidate: C;
  profile: string;
  runner: string;
}

export interface DispatchPlan {
  resumes: PlannedStart<NeedsInputCandidate>[];
  claims: PlannedStart<TodoCandidate>[];
  skips: Skip[];
  /** True when a further candidate could still find a slot, so that the caller reads on. */
  slotsLeft: boolean;
}

export function planDispatch(snapshot: DispatchSnapshot): DispatchPlan {
  const workers: ActiveWorker[] = snapshot.workers.known ? [...snapshot.workers.value] : [];
  const world: DispatchWorld = {
    ...snapshot,
    workers: snapshot.workers.known ? { known: true, value: workers } : snapshot.workers,
  };
  const plan: DispatchPlan = { resumes: [], claims: [], skips: [], slotsLeft: true };
  for (const candidate of snapshot.needsInput) {
    const start = consider(candidate, world, workers, plan);
    if (start) plan.resumes.push({ ...start, candidate });
  }
  for (const candidate of snapshot.todo) {
    const start = consider(candidate, world, workers, plan);
    if (start) plan.claims.push({ ...start, candidate });
  }
  plan.slotsLeft = hasFreeSlot(world, workers);
  return plan;
}

function consider(candidate: Candidate, world: DispatchWorld, workers: ActiveWorker[], plan: DispatchPlan) {
  const admission = admit(candidate, world);
  if (!admission.admitted) {
    plan.skips.push({ ticket: candidate.key, code: admission.code, detail: admission.detail });
    return null;
  }
  workers.push({
    attempt: `planned:${candidate.key}`,
    ticket: candidate.key,
    project: candidate.project,
    profile: admission.profile,
    campaign: candidate.campaign,
    runner: admission.runner,
  });
  return { profile: admission.profile, runner: admission.runner };
}

function hasFreeSlot(world: DispatchWorld, workers: ActiveWorker[]): boolean {
  if (!world.workers.known || !world.runners.known || world.policy.paused) return false;
  if (workers.length >= world.policy.maxWorkers) return false;
  const { byRunner } = countWorkers(workers);
  return world.runners.value.some((r) => r.alive && (byRunner.get(r.id) ?? 0) < r.slots);
}

/** One priority level is worth four hours of waiting, so that a low priority cannot starve. Lower goes first. */
export const PRIORITY_AGING_MS = 4 * 60 * 60 * 1000;

export function dispatchRank(priority: number, readySince: number): number {
  return priority * PRIORITY_AGING_MS + readySince;
}
