/**
 * Budgets: per attempt (its profile's), ticket, project and day. Whichever is met first ends the attempt; what it means
 * for the ticket depends on whose budget it was.
 */
import type { Budget, Cost } from './ticket/state.ts';

/** From the narrowest: the first that is spent is the one that is named. */
export const BUDGET_SCOPES = ['attempt', 'ticket', 'project', 'day'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

export type Budgets = Record<BudgetScope, Budget | null>;
export type Spending = Record<BudgetScope, Cost>;

export const NO_COST: Cost = { usd: 0, inputTokens: 0, outputTokens: 0 };

export function addCost(a: Cost, b: Cost): Cost {
  const metered =
    a.metered === undefined && b.metered === undefined
      ? undefined
      : a.metered !== false && b.metered !== false;
  return {
    usd: a.usd + b.usd,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(metered === undefined ? {} : { metered }),
  };
}

export function isSpent(budget: Budget | null, cost: Cost): boolean {
  if (!budget) return false;
  if (budget.usd !== undefined && cost.usd >= budget.usd) return true;
  return budget.tokens !== undefined && cost.inputTokens + cost.outputTokens >= budget.tokens;
}

const WHOSE: Record<BudgetScope, string> = {
  attempt: "the profile's budget",
  ticket: "the ticket's budget",
  project: "the project's budget for the day",
  day: "the day's budget",
};

export function findSpent(
  budgets: Budgets,
  spending: Spending,
): { scope: BudgetScope; detail: string } | null {
  for (const scope of BUDGET_SCOPES) {
    const budget = budgets[scope];
    if (!budget || !isSpent(budget, spending[scope])) continue;
    const { usd, inputTokens, outputTokens } = spending[scope];
    const limit =
      budget.usd !== undefined && usd >= budget.usd
        ? `${usd.toFixed(2)} of ${budget.usd.toFixed(2)} USD`
        : `${inputTokens + outputTokens} of ${budget.tokens ?? 0} tokens`;
    return { scope, detail: `${WHOSE[scope]} is spent: ${limit}` };
  }
  return null;
}

/**
 * What a run may use in all before the first of the budgets is met; a member is left out where nothing limits it. Said
 * as a total and not as a rest, so that answers which come late or out of order say the same.
 * @param own what the run itself has used; it is part of every scope's spending
 */
export function limitOf(budgets: Budgets, spending: Spending, own: Cost): Budget {
  const limit: Budget = {};
  for (const scope of BUDGET_SCOPES) {
    const budget = budgets[scope];
    const { usd, inputTokens, outputTokens } = spending[scope];
    if (budget?.usd !== undefined)
      limit.usd = Math.max(0, Math.min(limit.usd ?? Infinity, own.usd + budget.usd - usd));
    if (budget?.tokens !== undefined) {
      const used = own.inputTokens + own.outputTokens;
      const left = budget.tokens - inputTokens - outputTokens;
      limit.tokens = Math.max(0, Math.min(limit.tokens ?? Infinity, used + left));
    }
  }
  return limit;
}
