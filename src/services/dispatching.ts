/**
 * What the dispatcher commits and reads: the world of one tick, and the two ways to start an attempt. Both re-check
 * the dispatch lease (holder and epoch), the configuration that was planned on, and the claim policy itself, inside
 * the transaction that starts anything.
 */
import type { Campaign, Job, Policy, Profile, Project, Runner } from '../domain/config.ts';
import { admit } from '../domain/dispatch/claim-policy.ts';
import type { PlannedStart } from '../domain/dispatch/plan-dispatch.ts';
import type {
  DispatchWorld,
  NeedsInputCandidate,
  Reading,
  RunnerSlots,
  TodoCandidate,
} from '../domain/dispatch/snapshot.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { decideClaim, decideResume } from '../domain/ticket/decide-dispatch.ts';
import type { LaneRead } from '../store/port.ts';
import { type TicketChanged, changeTicket } from './change-ticket.ts';
import { nextFiring } from './cron.ts';
import { type Caller, type Deps, readPolicy } from './deps.ts';

export const DISPATCH_LEASE = 'dispatch';

export interface DispatchLease {
  holder: string;
  epoch: number;
}

/** Everything that the plan needs besides the lanes. What cannot be read is unknown, never empty. */
export async function readWorld(deps: Deps, lanes: LaneRead): Promise<DispatchWorld> {
  const { store } = deps;
  const [policy, jobs, projects, profiles, campaigns] = await Promise.all([
    readPolicy(deps),
    store.documents<Job>('job'),
    store.documents<Project>('project'),
    store.documents<Profile>('profile'),
    store.documents<Campaign>('campaign'),
  ]);
  const enabled = (name: string): boolean => jobs.find((job) => job.name === name)?.enabled ?? true;
  return {
    now: lanes.now,
    policy,
    openWindow: openWindow(policy, lanes.now),
    jobs: { todo: enabled('ticket-pickup'), needs_input: enabled('needs-input-pickup') },
    projects: new Map(projects.map((project) => [project.key, project])),
    profiles: new Map(profiles.map((profile) => [profile.id, profile])),
    campaigns: new Map(campaigns.map((campaign) => [campaign.key, campaign])),
    runners: await reading(() => readRunners(deps, lanes.now)),
    workers: { known: true, value: lanes.workers },
    spentToday: await reading(() => readSpent(deps, lanes.now)),
  };
}

export async function reading<T>(read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { known: true, value: await read() };
  } catch (error) {
    return { known: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A runner is alive while its last poll or heartbeat is younger than this. */
export function aliveWithinMs(deps: Deps): number {
  return Math.max(deps.timing.leaseMs, 25_000);
}

async function readRunners(deps: Deps, now: number): Promise<RunnerSlots[]> {
  const [runners, presences] = await Promise.all([
    deps.store.documents<Runner>('runner'),
    deps.store.presences(),
  ]);
  const presence = new Map(presences.map((entry) => [entry.runner, entry]));
  return runners.map((runner) => {
    const seen = presence.get(runner.id);
    return {
      id: runner.id,
      name: runner.name,
      slots: runner.slots,
      labels: runner.labels,
      alive:
        seen !== undefined && !seen.draining && !runner.draining && now - seen.seenAt < aliveWithinMs(deps),
      takesAttempts: runner.kinds.includes('attempt'),
    };
  });
}

async function readSpent(deps: Deps, now: number) {
  const midnight = new Date(now);
  midnight.setUTCHours(0, 0, 0, 0);
  const total = { usd: 0, inputTokens: 0, outputTokens: 0 };
  const byProject = new Map<string, typeof total>();
  for (const { project, ...cost } of await deps.store.spentSince(midnight.getTime())) {
    byProject.set(project, cost);
    total.usd += cost.usd;
    total.inputTokens += cost.inputTokens;
    total.outputTokens += cost.outputTokens;
  }
  return { byProject, total };
}

/** The maintenance window that is open now: it opens at each firing of its cron line and stays open for its minutes. */
export function openWindow(policy: Policy, now: number): string | null {
  for (const window of policy.windows) {
    const opened = nextFiring(window.cron, 'UTC', now - window.minutes * 60_000);
    if (opened !== null && opened <= now) return window.reason ?? window.cron;
  }
  return null;
}

export type StartResult = { started: true; changed: TicketChanged } | { started: false; refusal: Refusal };

/** Starts what was planned. A lost race is the one case that is a claim conflict, and nothing else is. */
export async function startPlanned(
  deps: Deps,
  lease: DispatchLease,
  planned: PlannedStart<TodoCandidate> | PlannedStart<NeedsInputCandidate>,
  configVersion: number,
  world: DispatchWorld,
): Promise<StartResult> {
  const { candidate, profile, runner } = planned;
  const caller: Caller = { actor: { kind: 'dispatcher', id: lease.holder } };
  const fenceFloor = await deps.store.fenceFloor();
  const command = { profile, runner, epoch: lease.epoch, fenceFloor };
  const admission = admit(candidate, world);
  if (!admission.admitted)
    return {
      started: false,
      refusal: refuse('transition_not_allowed', admission.detail, { reason: admission.code }),
    };
  const result = await changeTicket(
    deps,
    caller,
    candidate.key,
    (ticket, context) =>
      candidate.lane === 'todo'
        ? decideClaim(ticket, command, context)
        : decideResume(ticket, command, context),
    {
      ifMatch: candidate.version,
      guards: [
        { guard: 'lease_held', name: DISPATCH_LEASE, ...lease },
        { guard: 'config_version', version: configVersion },
      ],
    },
  );
  return isRefusal(result) ? { started: false, refusal: result } : { started: true, changed: result };
}
