/** The operator's picture, read from the store. What cannot be read is unknown, and a rule says so. */
import type { Job, Profile, Project, Runner } from '../domain/config.ts';
import type { OperatorSnapshot } from '../domain/operator/rules.ts';
import { newestAttempt, openQuestions, type Ticket } from '../domain/ticket/state.ts';
import type { SkipReason, TicketStatus } from '../domain/words.ts';
import { DISPATCH_LEASE, aliveWithinMs, reading } from './dispatching.ts';
import { type Deps, readPolicy } from './deps.ts';

const HOUR_MS = 3_600_000;
/**
 * Tickets looked at in each status, the oldest of them, so that whoever is seen once stays in sight; more than that and one
 * alert more or less changes nothing.
 */
const LOOKED_AT = 200;
const MOST_WORK = 500;
const OPEN: readonly TicketStatus[] = ['todo', 'needs_input', 'in_progress', 'in_review'];

export async function openTickets({ store }: Pick<Deps, 'store'>, most = LOOKED_AT): Promise<Ticket[]> {
  const items: Ticket[] = [];
  for (const status of OPEN) {
    const page = await store.tickets({ statuses: [status], sort: 'age', limit: most });
    items.push(...page.items);
  }
  return items;
}

export async function operatorSnapshot(
  deps: Deps,
  outside: { disk: () => Promise<{ freeBytes: number; totalBytes: number }>; clockJumpMs: number },
): Promise<OperatorSnapshot> {
  const { store } = deps;
  const [now, open, recent, inbox, counts] = await Promise.all([
    store.now(),
    openTickets(deps),
    store.tickets({ sort: 'updated', limit: 200 }),
    store.inbox({ states: ['pending', 'delivered'], limit: 200 }),
    store.countByStatus(),
  ]);
  const waiting = open.filter(
    (t) => t.status === 'todo' || (t.status === 'needs_input' && openQuestions(t).length === 0),
  );
  const skips = await store.skipsOf(waiting.map((t) => t.key));
  const profiles = new Map(
    (await store.documents<Profile>('profile')).map((profile) => [profile.id, profile]),
  );
  // A pause holds landings back on purpose.
  const isPaused = (await readPolicy(deps)).paused !== null;
  return {
    now,
    waiting: waiting.map((ticket) => {
      const skip = skips.get(ticket.key);
      return {
        key: ticket.key,
        lane: ticket.status === 'todo' ? ('todo' as const) : ('needs_input' as const),
        since: ticket.statusSince,
        priority: ticket.priority,
        skip: skip ? { code: skip.code as SkipReason, detail: skip.detail, at: skip.at } : null,
      };
    }),
    working: open.flatMap((ticket) => {
      const attempt = newestAttempt(ticket);
      if (ticket.status !== 'in_progress' || attempt?.state !== 'running') return [];
      const startedAt = attempt.startedAt ?? attempt.offeredAt;
      const stallSeconds = profiles.get(attempt.profile ?? '')?.stallSeconds ?? 900;
      // The runner judges stalls by output, which is not looked at here: twice its limit is beyond what it would allow.
      return [
        {
          key: ticket.key,
          profile: attempt.profile,
          startedAt,
          heardAt: Math.max(startedAt, attempt.lastProgress?.at ?? 0),
          stallMs: 2000 * stallSeconds + HOUR_MS,
        },
      ];
    }),
    asking: open.flatMap((ticket) =>
      openQuestions(ticket).map((q) => ({ key: ticket.key, kind: q.kind, askedAt: q.askedAt })),
    ),
    endings: recent.items.flatMap((ticket) =>
      ticket.status === 'done' || ticket.status === 'cancelled'
        ? []
        : ticket.attempts.flatMap((a) =>
            a.endedAt !== null && now - a.endedAt < HOUR_MS && a.outcome !== 'submitted'
              ? [
                  {
                    key: ticket.key,
                    profile: a.profile,
                    outcome: a.outcome ?? '',
                    reason: a.reason,
                    at: a.endedAt,
                  },
                ]
              : [],
          ),
    ),
    runners: await runnersOf(deps),
    runnerAliveMs: aliveWithinMs(deps),
    jobs: (await store.documents<Job>('job')).map((job) => ({
      name: job.name,
      enabled: job.enabled,
      backlog:
        job.name === 'ticket-pickup'
          ? (counts['todo'] ?? 0)
          : job.name === 'needs-input-pickup'
            ? waiting.filter((t) => t.status === 'needs_input').length
            : 0,
    })),
    inbox: inbox.items.map(({ id, ticket, kind, createdAt }) => ({
      id,
      ticket,
      kind,
      waitsSince: createdAt,
    })),
    unverifiable: open.flatMap((ticket) =>
      ticket.evidence
        .filter((e) => e.givenUp)
        .map((e) => ({ key: ticket.key, kind: e.kind, reason: e.reason })),
    ),
    waitingWork: (await store.offerableWork('', isPaused ? ['verify'] : ['verify', 'land'], MOST_WORK))
      .filter(({ state }) => state === 'pending')
      .map(({ ticket, kind, createdAt }) => ({ key: ticket, kind, waitsSince: createdAt })),
    disk: await reading(outside.disk),
    dispatchLease: await reading(() => store.readLease(DISPATCH_LEASE)),
    budgets: await budgetsOf(deps, now),
    webhooks: (await store.destinations()).flatMap(({ id, kind, name, failingSince, detail }) =>
      kind === 'webhook' && failingSince !== null ? [{ id, name, failingSince, detail: detail ?? '' }] : [],
    ),
    clockJumpMs: outside.clockJumpMs,
  };
}

async function runnersOf(deps: Deps): Promise<OperatorSnapshot['runners']> {
  const [runners, presences, attempts] = await Promise.all([
    deps.store.documents<Runner>('runner'),
    deps.store.presences(),
    deps.store.openAttempts(),
  ]);
  return runners.map((runner) => ({
    name: runner.name,
    seenAt: presences.find((presence) => presence.runner === runner.id)?.seenAt ?? null,
    holdsAttempts: attempts.filter((attempt) => attempt.runner === runner.id).length,
  }));
}

async function budgetsOf(deps: Deps, now: number): Promise<OperatorSnapshot['budgets']> {
  const [policy, projects] = await Promise.all([readPolicy(deps), deps.store.documents<Project>('project')]);
  const limited = projects.filter((project) => project.budget?.usd !== undefined);
  if (policy.budget?.usd === undefined && limited.length === 0) return [];
  const midnight = new Date(now).setUTCHours(0, 0, 0, 0);
  const spent = await deps.store.spentSince(midnight);
  const of = (key: string): number => spent.find((entry) => entry.project === key)?.usd ?? 0;
  return [
    ...limited.map((project) => ({
      subject: `project ${project.key}`,
      spentUsd: of(project.key),
      limitUsd: project.budget?.usd ?? 0,
    })),
    ...(policy.budget?.usd === undefined
      ? []
      : [
          {
            subject: 'the day',
            spentUsd: spent.reduce((sum, entry) => sum + entry.usd, 0),
            limitUsd: policy.budget.usd,
          },
        ]),
  ];
}

export async function unresolvedAlerts(deps: Deps, rules: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await deps.store.alerts({
      states: ['open', 'acknowledged'],
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items.filter((alert) => rules.includes(alert.rule)).map((alert) => alert.fingerprint));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}
