/** Figures of the last days, from the tickets that changed in them. */
import type { Statistics } from '../contract/figures.ts';
import { NO_COST, addCost } from '../domain/budget.ts';
import type { Cost } from '../domain/ticket/state.ts';
import { WorkSummary } from '../domain/ticket/summarize-work.ts';
import { type Deps, readPolicy } from './deps.ts';
import { iso } from './present.ts';

const DAY_MS = 86_400_000;
/** A page at a time, so that a look at the figures holds up no claim; and no more than this in all. */
const PAGE = 200;
const MOST_TICKETS = 5_000;

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export async function readStatistics(
  deps: Deps,
  { days, timezone }: { days: number; timezone: string },
): Promise<Statistics> {
  const { store } = deps;
  // The Canadian way of writing a date is the ISO one.
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short' });
  const dayOf = (at: number): string => format.format(at);
  const now = await store.now();
  const from = now - days * DAY_MS;
  const shown = new Set(Array.from({ length: days }, (_, back) => dayOf(now - (days - 1 - back) * DAY_MS)));
  const summary = new WorkSummary([...shown], dayOf);
  let tickets = 0;
  let cursor: string | undefined;
  let isOver = false;
  while (!isOver && tickets < MOST_TICKETS) {
    const page = await store.tickets({ sort: 'updated', limit: PAGE, cursor });
    for (const ticket of page.items) {
      isOver ||= ticket.updatedAt < from;
      if (isOver) break;
      summary.add(ticket);
      tickets += 1;
    }
    isOver ||= page.nextCursor === null;
    cursor = page.nextCursor ?? undefined;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const [policy, today] = await Promise.all([
    readPolicy(deps),
    store.spentSince(new Date(now).setUTCHours(0, 0, 0, 0)),
  ]);
  const spent = today.reduce<Cost>((sum, entry) => addCost(sum, entry), NO_COST);
  return {
    from: iso(from),
    to: iso(now),
    ...summary.figures,
    today: {
      spent: { usd: spent.usd, tokens: spent.inputTokens + spent.outputTokens },
      budget: policy.budget,
    },
    tickets,
    truncated: !isOver,
  };
}
