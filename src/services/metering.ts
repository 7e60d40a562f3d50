/**
 * What attempts use: taken from their runners' heartbeats and last reports, kept beside the log while they run, put on
 * record by the event that parks or ends them, and held against the budgets at every report.
 */
import { type Budgets, type Spending, NO_COST, addCost, findSpent, limitOf } from '../domain/budget.ts';
import type { Profile, Project } from '../domain/config.ts';
import { decideOverBudget } from '../domain/ticket/decide-attempt.ts';
import { type Attempt, type Budget, type Cost, type Ticket, ticketCost } from '../domain/ticket/state.ts';
import { changeTicket } from './change-ticket.ts';
import { type Deps, readPolicy, system } from './deps.ts';

export interface Usage {
  usd?: number | undefined;
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  /** By the runner's gateway; else it is what the agent says. */
  metered?: boolean | undefined;
}

/**
 * Keeps what a run reports about itself; figures are since its start, and only grow.
 * @param project the ticket's; '' for an orchestrator's session, which counts for the day alone
 */
export async function recordUsage(
  deps: Deps,
  project: string,
  who: { attempt: string; fence: number },
  usage: Usage,
): Promise<void> {
  const { usd = 0, inputTokens = 0, outputTokens = 0, metered = false } = usage;
  const cost = {
    usd,
    inputTokens: Math.round(inputTokens),
    outputTokens: Math.round(outputTokens),
    metered,
  };
  await deps.store.recordUsage({ ...who, project, cost }, await deps.store.now());
}

/** What all projects and sessions together have used since midnight (UTC). */
export async function spentToday(deps: Deps): Promise<Cost> {
  return sumOf(await todayByProject(deps));
}

function sumOf(costs: readonly Cost[]): Cost {
  return costs.reduce((sum, cost) => addCost(sum, cost), NO_COST);
}

async function todayByProject(deps: Deps) {
  return deps.store.spentSince(new Date(await deps.store.now()).setUTCHours(0, 0, 0, 0));
}

/**
 * Whether a run of an orchestrator's session may go on: its profile's budget is for each run, the day's for all.
 * @returns what this run may use in all, or whose budget is spent
 */
export async function budgetOfSession(
  deps: Deps,
  profile: Profile | null,
  work: { id: string; fence: number },
): Promise<{ budget: Budget } | { spent: string }> {
  const budgets: Budgets = {
    attempt: profile?.budget ?? null,
    ticket: null,
    project: null,
    day: (await readPolicy(deps)).budget,
  };
  if (budgets.attempt === null && budgets.day === null) return { budget: {} };
  const runs = await deps.store.usageOf(work.id);
  const spending: Spending = {
    attempt: sumOf(runs.map((run) => run.cost)),
    ticket: NO_COST,
    project: NO_COST,
    day: await spentToday(deps),
  };
  const spent = findSpent(budgets, spending);
  if (spent) return { spent: spent.detail };
  const own = runs.find((run) => run.fence === work.fence)?.cost ?? NO_COST;
  return { budget: limitOf(budgets, spending, own) };
}

/** What all runs of an attempt have used. */
export async function costOf(deps: Deps, attempt: string): Promise<Cost> {
  return sumOf((await deps.store.usageOf(attempt)).map((run) => run.cost));
}

/** Stops the attempt when a budget is met. @returns what this run may use in all, or null when it was stopped */
export async function holdToBudgets(deps: Deps, ticket: Ticket, attempt: Attempt): Promise<Budget | null> {
  const [policy, project, profile] = await Promise.all([
    readPolicy(deps),
    deps.store.document<Project>('project', ticket.project),
    attempt.profile === null ? null : deps.store.document<Profile>('profile', attempt.profile),
  ]);
  const budgets: Budgets = {
    attempt: profile?.budget ?? null,
    ticket: ticket.budget,
    project: project?.budget ?? null,
    day: policy.budget,
  };
  if (Object.values(budgets).every((budget) => budget === null)) return {};
  const spending = await spendingOf(deps, ticket, attempt);
  const spent = findSpent(budgets, spending);
  if (spent === null) {
    const runs = await deps.store.usageOf(attempt.id);
    const own = runs.find((run) => run.fence === attempt.fence)?.cost ?? NO_COST;
    return limitOf(budgets, spending, own);
  }
  await changeTicket(deps, system('budget'), ticket.key, (state, context) =>
    decideOverBudget(state, { attempt: attempt.id, fence: attempt.fence, ...spent }, context),
  );
  return null;
}

async function spendingOf(deps: Deps, ticket: Ticket, attempt: Attempt): Promise<Spending> {
  const [used, today] = await Promise.all([costOf(deps, attempt.id), todayByProject(deps)]);
  const others = ticketCost({ ...ticket, attempts: ticket.attempts.filter((a) => a.id !== attempt.id) });
  return {
    attempt: used,
    ticket: addCost(others, used),
    project: today.find((entry) => entry.project === ticket.project) ?? NO_COST,
    day: sumOf(today),
  };
}
