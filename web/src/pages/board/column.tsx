/** One column: read page by page as one scrolls, and drawn only where one looks. */
import { useCallback, useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { TicketStatus } from '../../../../src/domain/words.ts';
import { useIsOffline } from '../../api/hooks.ts';
import type { TicketFilter } from '../../api/keys.ts';
import { useTicketColumn } from '../../api/queries.ts';
import type { PersonTransition } from '../../api/transitions.ts';
import { STATUS_WORDS } from '../../format/words.ts';
import { keptTickets, matchesFilter } from '../../parts/filter-tickets.ts';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';
import { useDragKit } from './drag-kit.ts';
import { TicketCard } from './ticket-card.tsx';

export interface ColumnProps {
  status: TicketStatus;
  filter: TicketFilter;
  /** How many there are in all, when that is known. */
  count: number | undefined;
  blocked: string | null;
  /** While a ticket is lifted: whether it may come here, or why not. */
  reception: { may: boolean; why: string } | null;
  bare?: boolean;
  onMove: (ticket: Ticket, transition: PersonTransition) => void;
}

export function Column({ status, filter, count, blocked, reception, bare, onMove }: ColumnProps) {
  const query = useTicketColumn(filter);
  const offline = useIsOffline();
  const { useSpot, CardList, name } = useDragKit();
  const isPlain = name === 'plain';
  const { setNodeRef, isOver } = useSpot(`column:${status}`, status, bare === true);
  // A state and no ref: the list inside is mounted before this element is known, and has to hear of it.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const items =
    query.data?.pages.flatMap((page) => page.items) ??
    (offline ? keptTickets().filter((ticket) => matchesFilter(ticket, filter)) : []);
  const isLoading = query.data === undefined && !query.error && !offline;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = query;
  const canRead = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !offline;
  const onNearEnd = useCallback(() => {
    if (canRead) void fetchNextPage();
  }, [canRead, fetchNextPage]);

  const total = count ?? (hasNextPage ? `${items.length}+` : items.length);
  return (
    <section
      ref={setNodeRef}
      aria-label={`${STATUS_WORDS[status]}, ${total}`}
      data-column={status}
      className={cx(
        'flex min-h-0 min-w-0 flex-1 flex-col rounded-lg transition-[background-color,opacity]',
        !bare && 'w-72 min-w-60 shrink-0 basis-60',
        reception?.may && 'bg-accent-soft',
        reception?.may && isOver && 'outline-accent outline-2 -outline-offset-2',
        reception && !reception.may && 'opacity-50 grayscale',
      )}
    >
      {!bare && (
        <header className="flex h-9 shrink-0 items-center gap-2 px-2">
          <StatusIcon status={status} labelled={false} />
          <h2 className="text-sm font-semibold">{STATUS_WORDS[status]}</h2>
          <span className="num text-faint text-sm">{total}</span>
        </header>
      )}
      {reception && !reception.may && <p className="text-muted px-2 pb-1 text-xs">{reception.why}</p>}
      <div ref={setScroller} className="min-h-0 flex-1 overflow-y-auto px-1 pb-3">
        {isLoading && <Skeleton lines={4} />}
        {query.error && query.data === undefined && !offline && <ProblemNote error={query.error} />}
        {!isLoading && items.length === 0 && !query.error && (
          <p className="text-faint px-2 py-3 text-center text-xs">
            {offline ? 'Nothing kept on this device' : 'None'}
          </p>
        )}
        <CardList items={items} scroller={scroller} onNearEnd={onNearEnd}>
          {(ticket) => (
            <div key={ticket.key} className={isPlain ? 'mb-1.5' : undefined}>
              <TicketCard ticket={ticket} blocked={blocked} onMove={onMove} />
            </div>
          )}
        </CardList>
      </div>
    </section>
  );
}

/** On a phone one column is shown; the others are tabs, and a lifted ticket can be dropped on them. */
export function ColumnTab({
  status,
  count,
  chosen,
  reception,
  onChoose,
}: {
  status: TicketStatus;
  count: number | undefined;
  chosen: boolean;
  reception: { may: boolean; why: string } | null;
  onChoose: () => void;
}) {
  const { useSpot } = useDragKit();
  const { setNodeRef, isOver } = useSpot(`tab:${status}`, status, false);
  return (
    <button
      ref={setNodeRef}
      type="button"
      role="tab"
      aria-selected={chosen}
      aria-controls="board-column"
      onClick={onChoose}
      className={cx(
        'flex h-11 shrink-0 items-center gap-1.5 border-b-2 px-3 text-sm',
        chosen ? 'border-accent text-text font-medium' : 'text-muted border-transparent',
        reception?.may && 'bg-accent-soft text-text',
        reception?.may && isOver && 'outline-accent outline-2 -outline-offset-2',
        reception && !reception.may && 'opacity-45 grayscale',
      )}
    >
      <StatusIcon status={status} labelled={false} />
      {STATUS_WORDS[status]}
      {count !== undefined && <span className="num text-faint">{count}</span>}
    </button>
  );
}
