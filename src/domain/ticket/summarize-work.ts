/**
 * Work in figures: what was done by day, how long it took, what it cost, and how each profile fares. Pure: whose days
 * they are is a function that is given.
 */
import type { Attempt, Ticket } from './state.ts';

export interface DayFigures {
  day: string;
  done: number;
  cancelled: number;
  attempts: number;
  usd: number;
  tokens: number;
}

export interface ProfileFigures {
  profile: string;
  attempts: number;
  accepted: number;
  undecided: number;
  failed: number;
  withdrawn: number;
  medianSeconds: number | null;
  usd: number;
  tokens: number;
}

export interface WorkFigures {
  days: DayFigures[];
  cycle: { count: number; medianSeconds: number | null; slowestTenthSeconds: number | null };
  profiles: ProfileFigures[];
}

/** @param days every day that is to be shown, oldest first; what ended on another is left out */
export class WorkSummary {
  readonly #days: Map<string, DayFigures>;
  readonly #dayOf: (at: number) => string;
  readonly #profiles = new Map<string, ProfileFigures & { seconds: number[] }>();
  readonly #cycles: number[] = [];

  constructor(days: readonly string[], dayOf: (at: number) => string) {
    this.#dayOf = dayOf;
    this.#days = new Map(
      days.map((day) => [day, { day, done: 0, cancelled: 0, attempts: 0, usd: 0, tokens: 0 }]),
    );
  }

  add(ticket: Ticket): void {
    if (ticket.status === 'done' || ticket.status === 'cancelled') {
      const day = this.#days.get(this.#dayOf(ticket.statusSince));
      if (day) {
        day[ticket.status] += 1;
        const first = ticket.attempts.find((attempt) => attempt.number > ticket.earlierRounds);
        if (ticket.status === 'done' && first)
          this.#cycles.push((ticket.statusSince - first.offeredAt) / 1000);
      }
    }
    for (const attempt of ticket.attempts) this.#addAttempt(ticket, attempt);
  }

  #addAttempt(ticket: Ticket, attempt: Attempt): void {
    if (attempt.endedAt === null) return;
    const day = this.#days.get(this.#dayOf(attempt.endedAt));
    if (!day) return;
    const tokens = attempt.cost.inputTokens + attempt.cost.outputTokens;
    day.attempts += 1;
    day.usd += attempt.cost.usd;
    day.tokens += tokens;
    if (attempt.profile === null) return;
    let figures = this.#profiles.get(attempt.profile);
    if (!figures) {
      const none = { attempts: 0, accepted: 0, undecided: 0, failed: 0, withdrawn: 0, usd: 0, tokens: 0 };
      figures = { profile: attempt.profile, ...none, medianSeconds: null, seconds: [] };
      this.#profiles.set(attempt.profile, figures);
    }
    figures.attempts += 1;
    figures.usd += attempt.cost.usd;
    figures.tokens += tokens;
    figures[verdictOn(ticket, attempt)] += 1;
    if (attempt.startedAt !== null) figures.seconds.push((attempt.endedAt - attempt.startedAt) / 1000);
  }

  get figures(): WorkFigures {
    return {
      days: [...this.#days.values()],
      cycle: {
        count: this.#cycles.length,
        medianSeconds: quantile(this.#cycles, 0.5),
        slowestTenthSeconds: quantile(this.#cycles, 0.9),
      },
      profiles: [...this.#profiles.values()]
        .map(({ seconds, ...figures }) => ({ ...figures, medianSeconds: quantile(seconds, 0.5) }))
        .sort((a, b) => a.profile.localeCompare(b.profile)),
    };
  }
}

function verdictOn(ticket: Ticket, attempt: Attempt): 'accepted' | 'undecided' | 'failed' | 'withdrawn' {
  switch (attempt.outcome) {
    case 'submitted': {
      if (ticket.decision?.attempt === attempt.id) return 'accepted';
      const isNewest = ticket.attempts.at(-1)?.id === attempt.id;
      return isNewest && ticket.status === 'in_review' ? 'undecided' : 'failed';
    }
    case 'failed':
    case 'lost':
    case 'timed_out':
      return 'failed';
    default:
      return 'withdrawn';
  }
}

function quantile(values: readonly number[], at: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? null;
}
