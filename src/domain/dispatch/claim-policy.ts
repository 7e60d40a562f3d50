/**
 * May this ticket start now, with which profile, on which runner? One pure function, which the plan asks for every
 * candidate and the claim asks again for its own. Each gate declares its direction: all of them fail closed, so what
 * cannot be read does not start. The reason is decided at the branch that blocks, and carried verbatim from here on.
 */
import { isSpent } from '../budget.ts';
import type { Profile, Project } from '../config.ts';
import type { SkipReason } from '../words.ts';
import type { ActiveWorker, Candidate, DispatchWorld, RunnerSlots } from './snapshot.ts';
import { countWorkers } from './worker-counts.ts';

export interface Skip {
  ticket: string;
  code: SkipReason;
  detail: string;
}

export interface Denial {
  admitted: false;
  code: SkipReason;
  detail: string;
}
export type Admission = { admitted: true; profile: string; runner: string } | Denial;

const no = (code: SkipReason, detail: string): Denial => ({ admitted: false, code, detail });

/** The ticket's profile, else its assignee where that is a profile, else the project's default. */
export function resolveProfile(
  ticket: { profile: string | null; assignee: string | null },
  project: Pick<Project, 'defaultProfile'>,
  profiles: ReadonlyMap<string, unknown>,
): string | null {
  if (ticket.profile !== null) return ticket.profile;
  if (ticket.assignee !== null && profiles.has(ticket.assignee)) return ticket.assignee;
  return project.defaultProfile;
}

export function admit(candidate: Candidate, world: DispatchWorld): Admission {
  const { policy } = world;
  if (policy.paused)
    return no('paused', `Paused by ${policy.paused.by}: ${policy.paused.reason || 'no reason given'}`);
  if (!world.jobs[candidate.lane]) {
    return no(
      'job_disabled',
      `The job ${candidate.lane === 'todo' ? 'ticket-pickup' : 'needs-input-pickup'} is disabled.`,
    );
  }
  if (world.openWindow !== null)
    return no('maintenance_window', `A maintenance window is open: ${world.openWindow}`);
  if (candidate.notBefore !== null && candidate.notBefore > world.now) {
    return no('not_before', `Not before ${new Date(candidate.notBefore).toISOString()}.`);
  }
  const blocker = candidate.unfinishedBlockers[0];
  if (blocker) {
    const more = candidate.unfinishedBlockers.length - 1;
    return no(
      'blocked_by',
      `Waits for ${blocker.key}, which is ${blocker.status.replace('_', ' ')}${more > 0 ? `, and ${more} more` : ''}.`,
    );
  }
  const project = world.projects.get(candidate.project);
  if (!project) return no('project_unavailable', `There is no project ${candidate.project}.`);
  const who = admitProfile(candidate, project, world);
  if ('code' in who) return who;
  if (candidate.stopping)
    return no('previous_attempt_stopping', 'The previous attempt is still being stopped.');
  const broke = overBudget(candidate, project, world);
  if (broke) return broke;
  if (!world.workers.known)
    return no('worker_count_unknown', `Workers cannot be counted: ${world.workers.reason}`);
  if (!world.runners.known)
    return no('worker_count_unknown', `Runners cannot be read: ${world.runners.reason}`);
  return admitSlot(candidate, who.profile, project, world, world.workers.value, world.runners.value);
}

function admitProfile(
  candidate: Candidate,
  project: Project,
  world: DispatchWorld,
): Denial | { profile: Profile } {
  const { assignee } = candidate;
  if (assignee !== null && !world.profiles.has(assignee)) {
    return no(
      'assignee_not_runnable',
      `It is assigned to ${assignee}, who is not a profile; a person works on it.`,
    );
  }
  const id = resolveProfile(candidate, project, world.profiles);
  if (id === null) {
    return no('profile_unavailable', `Neither the ticket nor project ${project.key} names a profile.`);
  }
  const profile = world.profiles.get(id);
  if (!profile) return no('profile_unavailable', `There is no profile ${id}.`);
  if (profile.role !== 'worker')
    return no('profile_unavailable', `Profile ${id} is an orchestrator's, not a worker's.`);
  if (candidate.campaign !== null) {
    const campaign = world.campaigns.get(candidate.campaign);
    if (campaign && world.profiles.has(campaign.owner) && campaign.owner !== id) {
      return no(
        'campaign_owner_mismatch',
        `Campaign ${campaign.key} is owned by ${campaign.owner}, and the ticket would run as ${id}.`,
      );
    }
  }
  return { profile };
}

function overBudget(candidate: Candidate, project: Project, world: DispatchWorld): Denial | null {
  if (isSpent(candidate.budget, candidate.cost)) {
    return no('budget_exhausted', "The ticket's budget is spent; a person can raise it.");
  }
  if (!project.budget && !world.policy.budget) return null;
  if (!world.spentToday.known)
    return no('budget_exhausted', `What was spent cannot be read: ${world.spentToday.reason}`);
  const { byProject, total } = world.spentToday.value;
  const spent = byProject.get(project.key);
  if (spent && isSpent(project.budget, spent))
    return no('budget_exhausted', `The budget of project ${project.key} is spent.`);
  if (isSpent(world.policy.budget, total)) return no('budget_exhausted', "The day's budget is spent.");
  return null;
}

function admitSlot(
  candidate: Candidate,
  profile: Profile,
  project: Project,
  world: DispatchWorld,
  workers: readonly ActiveWorker[],
  runners: readonly RunnerSlots[],
): Admission {
  const counts = countWorkers(workers);
  const over = (limit: number | null, of: ReadonlyMap<string, number>, id: string): boolean =>
    limit !== null && (of.get(id) ?? 0) >= limit;
  if (over(profile.maxWorkers, counts.byProfile, profile.id)) {
    return no('profile_limit', `Profile ${profile.id} runs its ${profile.maxWorkers} workers already.`);
  }
  if (over(project.limits.maxWorkers, counts.byProject, project.key)) {
    return no(
      'project_limit',
      `Project ${project.key} runs its ${project.limits.maxWorkers} workers already.`,
    );
  }
  const campaign = candidate.campaign === null ? undefined : world.campaigns.get(candidate.campaign);
  if (campaign && over(campaign.maxWorkers, counts.byCampaign, campaign.key)) {
    return no('campaign_limit', `Campaign ${campaign.key} runs its ${campaign.maxWorkers} workers already.`);
  }
  const able = runners.filter(
    (runner) =>
      runner.alive &&
      runner.takesAttempts &&
      project.runnerLabels.every((label) => runner.labels.includes(label)),
  );
  const parkedOn = candidate.lane === 'needs_input' ? candidate.parkedOn : null;
  const usable = parkedOn === null ? able : able.filter((runner) => runner.id === parkedOn);
  if (usable.length === 0) {
    const wanted =
      project.runnerLabels.length > 0 ? ` with the labels ${project.runnerLabels.join(', ')}` : '';
    return no(
      'runner_unavailable',
      parkedOn === null
        ? `No runner${wanted} is connected.`
        : 'The runner that keeps the session and the worktree is not connected.',
    );
  }
  if (workers.length >= world.policy.maxWorkers) {
    return no('no_free_slot', `All ${world.policy.maxWorkers} worker slots are taken.`);
  }
  const runner = freest(usable, counts.byRunner);
  if (!runner) return no('no_free_slot', 'Every slot of the runners that could take it is taken.');
  return { admitted: true, profile: profile.id, runner: runner.id };
}

/** The runner with the most free slots, by its id where several have as many; null where all are taken. */
function freest(runners: readonly RunnerSlots[], held: ReadonlyMap<string, number>): RunnerSlots | null {
  let best: RunnerSlots | null = null;
  let most = 0;
  for (const runner of runners) {
    const free = runner.slots - (held.get(runner.id) ?? 0);
    if (free > most || (best !== null && free === most && runner.id < best.id)) [best, most] = [runner, free];
  }
  return best;
}
