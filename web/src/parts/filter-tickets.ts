/** Looks through the tickets that this device keeps, for searching without a network. */
import type { Comment, Ticket } from '../../../src/contract/shapes.ts';
import { keys, type TicketFilter } from '../api/keys.ts';
import { queryClient } from '../api/query-client.ts';

export function keptTickets(): Ticket[] {
  return queryClient
    .getQueriesData<Ticket>({ queryKey: ['ticket'] })
    .flatMap(([key, ticket]) => (ticket && key.length === 2 ? [ticket] : []));
}

export function matchesFilter(ticket: Ticket, filter: TicketFilter): boolean {
  const words = (filter.q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const text = [
    ticket.key,
    ticket.title,
    ticket.description,
    ...(words.length > 0 ? keptComments(ticket.key) : []),
  ]
    .join(' ')
    .toLowerCase();
  return (
    (!filter.status || filter.status.split(',').includes(ticket.status)) &&
    (!filter.project || ticket.project === filter.project) &&
    (!filter.priority || filter.priority.split(',').includes(String(ticket.priority))) &&
    (!filter.assignee || ticket.assignee === filter.assignee) &&
    (filter.agent === undefined || (ticket.assignee ?? ticket.profile ?? '') === filter.agent) &&
    (filter.campaign === undefined || (ticket.campaign ?? '') === filter.campaign) &&
    (!filter.label || ticket.labels.includes(filter.label)) &&
    words.every((word) => text.includes(word))
  );
}

const keptComments = (key: string): string[] =>
  queryClient
    .getQueryData<{ items: Comment[] }>([...keys.comments(key), 'newest'])
    ?.items.flatMap(({ kind, text }) => (kind === 'comment' ? text : [])) ?? [];

export function searchKept(words: string, limit: number): Ticket[] {
  return keptTickets()
    .filter((ticket) => matchesFilter(ticket, { q: words }))
    .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt))
    .slice(0, limit);
}
