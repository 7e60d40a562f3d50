/**
 * From a frame of the stream to the cache. A worker's progress is written straight into the tickets that are cached:
 * it comes often and raises no version. All else marks what it touches as stale, gathered for a moment, so that a burst
 * of a hundred events costs one reading of each list on the screen.
 */
import type { QueryKey } from '@tanstack/react-query';
import type { StreamFrame } from '../../../src/client/event-stream.ts';
import type { Page, Ticket } from '../../../src/contract/shapes.ts';
import { keys } from './keys.ts';
import type { TicketPages } from './queries.ts';
import { queryClient } from './query-client.ts';

/** The first of a burst is shown at once; what follows it within this is gathered. */
const GATHER_MS = 250;

interface FrameData {
  type?: string;
  ticket?: string | null;
  at?: string;
  data?: Record<string, unknown>;
}

const stale = new Map<string, QueryKey>();
let timer: ReturnType<typeof setTimeout> | undefined;
let readAt = -GATHER_MS;

function markStale(...queryKeys: QueryKey[]): void {
  for (const key of queryKeys) stale.set(JSON.stringify(key), key);
  // Not in this very moment: the frames of one commit come together.
  timer ??= setTimeout(readStale, Math.max(10, readAt + GATHER_MS - performance.now()));
}

function readStale(): void {
  timer = undefined;
  readAt = performance.now();
  const all = [...stale.values()];
  stale.clear();
  for (const queryKey of all) readAgain(queryKey);
}

function readAgain(queryKey: QueryKey): void {
  // What is being read for the first time may have been asked for before this, and would count as new.
  const first = queryClient.getQueryCache().findAll({
    queryKey,
    predicate: ({ state }) => state.data === undefined && state.fetchStatus !== 'idle',
  });
  for (const { promise, queryKey: own } of first)
    promise?.then(() => queryClient.invalidateQueries({ queryKey: own, exact: true })).catch(() => undefined);
  void queryClient.invalidateQueries({ queryKey });
}

/** Everything on the screen is read again: after a reset, or when the stream could not resume. */
export function markAllStale(): void {
  void queryClient.invalidateQueries({
    predicate: (query) => query.queryKey[0] !== 'verify' && query.queryKey[0] !== 'agents',
  });
}

/** What was read before that moment, or could not be read, is read again. @param at ms since the epoch */
export function markStaleBefore(at: number): void {
  void queryClient.invalidateQueries({
    predicate: ({ queryKey, state }) =>
      queryKey[0] !== 'verify' &&
      queryKey[0] !== 'agents' &&
      state.fetchStatus === 'idle' &&
      state.dataUpdatedAt < at,
  });
}

export function applyFrame(frame: StreamFrame): void {
  if (frame.event === 'reset') {
    markAllStale();
    return;
  }
  const body = parse(frame.data);
  if (body === null) return;
  const family: string = frame.event.replace(/\..*$/s, '');
  const ticket = typeof body.ticket === 'string' ? body.ticket : null;
  switch (family) {
    case 'attempt':
      if (frame.event === 'attempt.progressed' && ticket !== null && patchProgress(ticket, body)) {
        markStale(keys.comments(ticket), keys.activity(ticket));
        return;
      }
      markStale(['attempt'], keys.overview, keys.runners, keys.allTickets);
      break;
    case 'ticket':
    case 'landing':
      if (frame.event === 'ticket.transitioned') markStale(keys.notifications);
      markStale(keys.overview, keys.allTickets, keys.allInbox, ['statistics']);
      break;
    case 'question':
    case 'evidence':
    case 'inbox':
      markStale(keys.overview, keys.allTickets, keys.allInbox, keys.orchestrators, keys.notifications);
      break;
    case 'alert':
      markStale(keys.overview, keys.alerts, keys.allInbox, keys.notifications);
      break;
    case 'job':
    case 'schedule':
      markStale(keys.jobs, keys.overview);
      break;
    case 'session':
      markStale(keys.orchestrators);
      break;
    case 'profile':
      markStale(keys.agents, keys.orchestrators, keys.profiles, keys.overview);
      break;
    case 'project':
    case 'campaign':
    case 'runner':
    case 'token':
      markStale([`${family}s`], keys.overview);
      break;
    default:
      markStale(keys.policy, keys.overview, keys.projects, keys.profiles, keys.runners, keys.notifications, [
        'notify',
      ]);
  }
  if (ticket !== null) markStale(keys.ticket(ticket));
}

/** @returns false when the frame does not carry the text, and the ticket has to be read again */
function patchProgress(key: string, body: FrameData): boolean {
  const text = body.data?.['text'];
  if (typeof text !== 'string' || typeof body.at !== 'string') return false;
  const percent = typeof body.data?.['percent'] === 'number' ? body.data['percent'] : null;
  const lastProgress = { text, percent, at: body.at };
  const patch = (ticket: Ticket): Ticket =>
    ticket.key === key && ticket.attempt
      ? { ...ticket, attempt: { ...ticket.attempt, lastProgress } }
      : ticket;
  queryClient.setQueryData<Ticket>(keys.ticket(key), (old) => (old ? patch(old) : old));
  for (const [queryKey, data] of queryClient.getQueriesData<Page<Ticket> | TicketPages>({
    queryKey: keys.allTickets,
  })) {
    if (!data) continue;
    const next =
      'pages' in data
        ? { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.map(patch) })) }
        : { ...data, items: data.items.map(patch) };
    const before = queryClient.getQueryState(queryKey)?.dataUpdatedAt;
    queryClient.setQueryData(queryKey, next, { updatedAt: before });
  }
  return true;
}

function parse(text: string): FrameData | null {
  try {
    return JSON.parse(text) as FrameData;
  } catch {
    return null;
  }
}
