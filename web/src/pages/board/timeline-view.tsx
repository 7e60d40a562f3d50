/** The selection over time: a row a ticket, a bar an attempt. Drawn only where one looks, attempts read page by page. */
import { useQueries } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import type { Attempt, Ticket } from '../../../../src/contract/shapes.ts';
import { useIsOffline, useNow } from '../../api/hooks.ts';
import { attemptsOfQuery, useTicketColumn } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { AttemptBar, Legend, place, TimeAxis } from '../../parts/attempt-bars.tsx';
import { keptTickets, matchesFilter } from '../../parts/filter-tickets.ts';
import { type Scale, ticksOf } from '../../parts/time-ticks.ts';
import { useIsChosen } from '../../shell/selection.ts';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { Empty } from '../../ui/page.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';
import { chooseByClick, chooseByKey } from './ticket-card.tsx';
import { type BoardSearch, filterOf, sortOf } from './view.ts';
import { VirtualList } from './virtual-list.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';
import { changeView } from './change-view.ts';

/** As many as have room beside each other; a turned phone is told at the next visit. */
const MOST_TICKS = innerWidth < 640 ? 3 : 8;

const HOUR_MS = 3_600_000;
const SPANS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS } as const;
type Span = keyof typeof SPANS | 'all';
const SPAN_WORDS: Record<Span, string> = {
  hour: 'Hour',
  day: 'Day',
  week: 'Week',
  month: 'Month',
  all: 'All',
};

const ROW = 'grid grid-cols-[7.5rem_minmax(0,1fr)] sm:grid-cols-[18rem_minmax(0,1fr)]';

export default function TimelineView({ search }: { search: BoardSearch }) {
  const offline = useIsOffline();
  const now = useNow(5_000);
  const sort = sortOf(search);
  const filter = { ...filterOf(search), sort: sort === 'dispatch' ? 'updated' : sort };
  const query = useTicketColumn(filter);
  const tickets =
    query.data?.pages.flatMap((page) => page.items) ??
    (offline ? keptTickets().filter((ticket) => matchesFilter(ticket, filter)) : []);
  const pages = query.data?.pages.map((page) => page.items.filter(hasWork).map((ticket) => ticket.key)) ?? [];
  const attempts = useQueries({
    queries: pages.map((keys) => attemptsOfQuery(keys)),
    combine: (results) => results.flatMap((result) => result.data?.items ?? []),
  });
  const byTicket = useMemo(() => {
    const map = new Map<string, Attempt[]>();
    for (const attempt of attempts) map.set(attempt.ticket, [...(map.get(attempt.ticket) ?? []), attempt]);
    return map;
  }, [attempts]);
  const earliest = Math.min(now - 60_000, ...attempts.map((attempt) => Date.parse(attempt.offeredAt)));
  const wanted = search.span in SPAN_WORDS ? (search.span as Span) : 'all';
  const from = wanted === 'all' ? earliest : now - SPANS[wanted];
  const margin = (now - from) * 0.02;
  const scale: Scale = { from: wanted === 'all' ? from - margin : from, to: now + margin };
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = query;
  const canRead = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !offline;
  const onNearEnd = useCallback(() => {
    if (canRead) void fetchNextPage();
  }, [canRead, fetchNextPage]);
  return (
    <div ref={setScroller} data-scroll-restoration-id="board" className="min-h-0 flex-1 overflow-y-auto">
      <div className="bg-bg border-line sticky top-0 z-10 border-b px-4 pt-2">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pb-2">
          <div
            role="group"
            aria-label="How far back"
            className="border-line-strong flex rounded-md border p-0.5"
          >
            {(Object.keys(SPAN_WORDS) as Span[]).map((span) => (
              <button
                key={span}
                type="button"
                aria-pressed={span === wanted}
                onClick={() => changeView({ span })}
                className={cx(
                  'tap h-6 rounded px-2 text-xs font-medium',
                  span === wanted ? 'bg-hover text-text' : 'text-muted hover:text-text',
                )}
              >
                {SPAN_WORDS[span]}
              </button>
            ))}
          </div>
          <Legend />
        </div>
        <div className={ROW}>
          <span />
          <TimeAxis scale={scale} most={MOST_TICKS} />
        </div>
      </div>
      {query.data === undefined && !query.error && !offline && (
        <div className="p-4">
          <Skeleton lines={5} />
        </div>
      )}
      {query.error && query.data === undefined && !offline && <ProblemNote error={query.error} />}
      {query.data !== undefined && tickets.length === 0 && (
        <div className="p-4">
          <Empty title="No ticket fits">Change the filters above, or write a new ticket with C.</Empty>
        </div>
      )}
      <div data-lists className="pb-24">
        <VirtualList items={tickets} scroller={scroller} onNearEnd={onNearEnd} estimate={36} gap={0}>
          {(ticket) => (
            <TimelineRow
              key={ticket.key}
              ticket={ticket}
              among={tickets}
              attempts={byTicket.get(ticket.key) ?? []}
              scale={scale}
              now={now}
            />
          )}
        </VirtualList>
      </div>
    </div>
  );
}

const hasWork = (ticket: Ticket): boolean => ticket.attempt !== null;

function TimelineRow({
  ticket,
  among,
  attempts,
  scale,
  now,
}: {
  ticket: Ticket;
  among: Ticket[];
  attempts: Attempt[];
  scale: Scale;
  now: number;
}) {
  const isChosen = useIsChosen(ticket.key);
  const isClosed = ticket.status === 'done' || ticket.status === 'cancelled';
  const born = place(Date.parse(ticket.createdAt), scale);
  const rests = place(isClosed ? Date.parse(ticket.statusSince) : now, scale);
  return (
    <div
      data-row
      data-ticket={ticket.key}
      className={cx(ROW, 'border-line hover:bg-hover h-9 border-b px-4', isChosen && 'bg-accent-soft!')}
    >
      <Link
        to={ticketPath(ticket.key)}
        onClick={(event) => chooseByClick(event, ticket, among)}
        onKeyDown={(event) => void chooseByKey(event, ticket, among)}
        className="flex min-w-0 items-center gap-2 pr-3 text-sm outline-offset-[-2px]"
      >
        <StatusIcon status={ticket.status} runtime={ticket.runtime} size={14} />
        <span className="num text-faint shrink-0 text-xs">{ticket.key}</span>
        <span className="truncate max-sm:sr-only">{revealHidden(ticket.title)}</span>
      </Link>
      <div className="relative" role="group" aria-label={`Attempts at ${ticket.key}: ${attempts.length}`}>
        {ticksOf(scale, MOST_TICKS).map(({ at }) => (
          <span
            key={at}
            aria-hidden
            className="bg-line absolute inset-y-0 w-px"
            style={{ left: `${place(at, scale)}%` }}
          />
        ))}
        <span
          aria-hidden
          className="bg-line-strong absolute top-1/2 h-0.5 -translate-y-1/2 rounded-full"
          style={{ left: `${born}%`, width: `${Math.max(0, rests - born)}%` }}
        />
        {attempts.map((attempt) => (
          <AttemptBar key={attempt.id} attempt={attempt} evidence={ticket.evidence} scale={scale} now={now} />
        ))}
        <span
          aria-hidden
          className="bg-accent/60 absolute inset-y-0 w-px"
          style={{ left: `${place(now, scale)}%` }}
        />
      </div>
    </div>
  );
}
