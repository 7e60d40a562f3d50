/** What the pages read, each as one function. Tickets that come in lists are kept singly too, for reading offline. */
import {
  infiniteQueryOptions,
  queryOptions,
  useInfiniteQuery,
  type InfiniteData,
} from '@tanstack/react-query';
import type { Statistics, TicketGroup } from '../../../src/contract/figures.ts';
import type {
  Job,
  KnownAgentView,
  Orchestrator,
  Schedule,
  SchedulePreview,
} from '../../../src/contract/job-shapes.ts';
import type {
  Alert,
  Attempt,
  Campaign,
  Comment,
  Diff,
  Event,
  InboxItem,
  Page,
  Policy,
  Profile,
  Project,
  Runner,
  Ticket,
  Token,
  Verification,
  Why,
} from '../../../src/contract/shapes.ts';
import { api } from './client.ts';
import { keys, type TicketFilter } from './keys.ts';
import { queryClient } from './query-client.ts';
import type { Overview, Session } from './types.ts';

function keepEach(page: Page<Ticket>): Page<Ticket> {
  for (const ticket of page.items) {
    const known = queryClient.getQueryData<Ticket>(keys.ticket(ticket.key));
    if (known === undefined || known.version <= ticket.version)
      queryClient.setQueryData(keys.ticket(ticket.key), ticket);
  }
  return page;
}

const list = <T>(path: string, queryKey: readonly unknown[], query?: Record<string, string | number>) =>
  queryOptions({
    queryKey,
    queryFn: ({ signal }) => api.get<Page<T>>(path, { query: { limit: 200, ...query }, signal }),
  });

export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: ({ signal }) => api.get<Session>('/session', { signal }),
  staleTime: Infinity,
});

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => api.get<Overview>('/overview', { signal }),
  refetchInterval: 30_000,
});

export const ticketQuery = (key: string) =>
  queryOptions({
    queryKey: keys.ticket(key),
    queryFn: ({ signal }) => api.get<Ticket>(`/tickets/${encodeURIComponent(key)}`, { signal }),
  });

/** One page of tickets, for the short lists. */
export const ticketsQuery = (filter: TicketFilter, limit: number) =>
  queryOptions({
    queryKey: [...keys.tickets(filter), { limit }],
    queryFn: async ({ signal }) =>
      keepEach(await api.get<Page<Ticket>>('/tickets', { query: { ...filter, limit }, signal })),
  });

export type TicketPages = InfiniteData<Page<Ticket>, string | null>;

/** A column of the board: pages of 50, read as one scrolls. */
export const ticketColumnQuery = (filter: TicketFilter) =>
  infiniteQueryOptions({
    queryKey: [...keys.tickets(filter), 'pages'],
    queryFn: async ({ signal, pageParam }) =>
      keepEach(
        await api.get<Page<Ticket>>('/tickets', {
          query: { ...filter, limit: 50, cursor: pageParam ?? undefined },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });

/** How many tickets there are by value. */
export const ticketGroupsQuery = (filter: TicketFilter, by: string) =>
  queryOptions({
    queryKey: keys.ticketGroups(filter, by),
    queryFn: ({ signal }) =>
      api.get<{ items: TicketGroup[] }>('/tickets/groups', { query: { ...filter, by }, signal }),
  });

/** Every ticket that fits, up to `most`: for choosing a whole column. */
export async function readAllTickets(filter: TicketFilter, most: number): Promise<Ticket[]> {
  const all: Ticket[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<Page<Ticket>>('/tickets', { query: { ...filter, limit: 200, cursor } });
    all.push(...keepEach(page).items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && all.length < most);
  return all.slice(0, most);
}

export const attemptsOfQuery = (tickets: readonly string[]) =>
  queryOptions({
    queryKey: keys.attemptsOf(tickets),
    queryFn: ({ signal }) =>
      api.get<Page<Attempt>>('/attempts', { query: { ticket: tickets.join(','), limit: 1000 }, signal }),
    enabled: tickets.length > 0,
  });

export const statisticsQuery = (days: number) =>
  queryOptions({
    queryKey: keys.statistics(days),
    queryFn: ({ signal }) =>
      api.get<Statistics>('/statistics', {
        query: { days, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone },
        signal,
      }),
  });

export const activityQuery = (key: string) =>
  infiniteQueryOptions({
    queryKey: [...keys.activity(key), 'newest'],
    queryFn: ({ signal, pageParam }) =>
      api.get<Page<Event>>(`/tickets/${encodeURIComponent(key)}/activity`, {
        query: { limit: 200, order: 'newest', cursor: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });

/** The last that was said, in its order; `nextCursor` says whether there is more before it. */
export const commentsQuery = (key: string) =>
  queryOptions({
    queryKey: [...keys.comments(key), 'newest'],
    queryFn: async ({ signal }) => {
      const page = await api.get<Page<Comment>>(`/tickets/${encodeURIComponent(key)}/comments`, {
        query: { limit: 200, order: 'newest' },
        signal,
      });
      return { ...page, items: page.items.toReversed() };
    },
  });
export const attemptsQuery = (key: string) =>
  list<Attempt>(`/tickets/${encodeURIComponent(key)}/attempts`, keys.attempts(key));
export const whyQuery = (key: string) =>
  queryOptions({
    queryKey: keys.why(key),
    queryFn: ({ signal }) => api.get<Why>(`/tickets/${encodeURIComponent(key)}/why`, { signal }),
  });

export const attemptQuery = (id: string) =>
  queryOptions({
    queryKey: keys.attempt(id),
    queryFn: ({ signal }) => api.get<Attempt>(`/attempts/${encodeURIComponent(id)}`, { signal }),
  });
export const diffQuery = (id: string) =>
  queryOptions({
    queryKey: keys.diff(id),
    queryFn: ({ signal }) => api.get<Diff>(`/attempts/${encodeURIComponent(id)}/diff`, { signal }),
    gcTime: 300_000,
  });

export const inboxQuery = (state: string) => list<InboxItem>('/inbox', keys.inbox(state), { state });
/** What was decided, beginning with what was asked last. */
export const decidedQuery = list<InboxItem>('/inbox', keys.inbox('acted'), {
  state: 'acted',
  order: 'newest',
  limit: 20,
});
const MOST_ALERTS = 2000;
/** All that is not over, so that no number of younger ones can push off an older one that is worse. */
export const standingAlertsQuery = queryOptions({
  queryKey: [...keys.alerts, 'standing'],
  queryFn: async ({ signal }) => {
    const all: Alert[] = [];
    let cursor: string | undefined;
    do {
      const query = { state: 'open,acknowledged', limit: 200, cursor };
      const page = await api.get<Page<Alert>>('/alerts', { query, signal });
      all.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && all.length < MOST_ALERTS);
    return { items: all };
  },
});
export const resolvedAlertsQuery = list<Alert>('/alerts', [...keys.alerts, 'resolved'], {
  state: 'resolved',
  limit: 50,
});
export const jobsQuery = list<Job>('/jobs', keys.jobs);
export const scheduleQuery = (id: string) =>
  queryOptions({
    queryKey: keys.schedule(id),
    queryFn: ({ signal }) => api.get<Schedule>(`/schedules/${encodeURIComponent(id)}`, { signal }),
  });
/** The next slots of a line that is being written; a refusal says what is wrong with it, and is no reason to ask again. */
export const schedulePreviewQuery = (line: { cron: string; timezone: string }) =>
  queryOptions({
    queryKey: keys.schedulePreview(line),
    queryFn: ({ signal }) => api.get<SchedulePreview>('/schedules/preview', { query: line, signal }),
    retry: false,
    gcTime: 60_000,
  });
export const policyQuery = queryOptions({
  queryKey: keys.policy,
  queryFn: ({ signal }) => api.get<Policy>('/policy', { signal }),
});
export const projectsQuery = list<Project>('/projects', keys.projects);
export const profilesQuery = list<Profile>('/profiles', keys.profiles);
export const campaignsQuery = list<Campaign>('/campaigns', keys.campaigns);
export const runnersQuery = list<Runner>('/runners', keys.runners);
/** Asking every program for its version takes seconds; it changes when somebody installs one. */
export const agentsQuery = queryOptions({
  ...list<KnownAgentView>('/agents', keys.agents),
  staleTime: 600_000,
});
export const orchestratorsQuery = list<Orchestrator>('/orchestrators', keys.orchestrators);
export const tokensQuery = list<Token>('/tokens', keys.tokens);
export const verificationQuery = queryOptions({
  queryKey: keys.verification,
  queryFn: ({ signal }) => api.get<Verification>('/verify', { signal, timeoutMs: 300_000 }),
});

export const useTicketColumn = (filter: TicketFilter) => useInfiniteQuery(ticketColumnQuery(filter));
