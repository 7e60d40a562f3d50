/** One column: read page by page as one scrolls, and drawn only where one looks. Folded, it is a narrow strip. */
import { Minimize2 } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { useIsOffline } from '../../api/hooks.ts';
import { readAllTickets, useTicketColumn } from '../../api/queries.ts';
import { keptTickets, matchesFilter } from '../../parts/filter-tickets.ts';
import { selection, useHasChosen } from '../../shell/selection.ts';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { ProblemNote, showProblem } from '../../ui/problem.tsx';
import type { ColumnSpec } from './columns.ts';
import { useDragKit } from './drag-kit.ts';
import { GroupIcon } from './group-icon.tsx';
import { TicketCard } from './ticket-card.tsx';

export interface Reception {
  may: boolean;
  why: string;
}

export interface ColumnProps {
  column: ColumnSpec;
  blocked: string | null;
  /** While a ticket is lifted: whether it may come here, or why not. */
  reception: Reception | null;
  /** On a phone it is the only one, under its tab. */
  bare?: boolean;
  folded?: boolean;
  onFold?: (folded: boolean) => void;
  /** Called once there is a card to look at. */
  onCards: () => void;
}

/** Choosing more than this at once would be a mistake more often than a wish. */
const MOST_CHOSEN = 1_000;

const NONE: Ticket[] = [];

export function Column({ column, blocked, reception, bare, folded, onFold, onCards }: ColumnProps) {
  const { useSpot } = useDragKit();
  const { setNodeRef, isOver } = useSpot(`column:${column.id}`, column.id, column.label, bare === true);
  const drop = cx(
    reception?.may && 'bg-accent-soft',
    reception?.may && isOver && 'outline-accent outline-2 -outline-offset-2',
    reception && !reception.may && 'opacity-50 grayscale',
  );
  if (folded)
    return (
      <section
        ref={setNodeRef}
        data-column={column.id}
        aria-label={`${column.label}, ${column.count ?? 0}`}
        className={cx('bg-sunken/60 flex min-h-0 w-9 shrink-0 rounded-lg', drop)}
      >
        <button
          type="button"
          aria-expanded={false}
          title={reception && !reception.may ? reception.why : `Unfold ${column.label}`}
          onClick={() => onFold?.(false)}
          className="hover:bg-hover flex w-full flex-col items-center gap-2 rounded-lg py-2"
        >
          <GroupIcon grouping={column.grouping} id={column.id} />
          <span className="text-muted order-2 max-h-48 truncate text-xs font-medium [writing-mode:vertical-rl]">
            <span className="sr-only">Unfold </span>
            {column.label}
          </span>
          <span className="num text-faint order-1 text-xs">{column.count ?? ''}</span>
        </button>
      </section>
    );
  return (
    <section
      ref={setNodeRef}
      aria-label={`${column.label}, ${column.count ?? '…'}`}
      data-column={column.id}
      className={cx(
        'group/column flex min-h-0 min-w-0 flex-1 flex-col rounded-lg transition-[background-color,opacity]',
        // Seven states fit side by side on a desk; of anything else there may be any number.
        !bare && (column.grouping === 'status' ? 'min-w-40 basis-40' : 'min-w-56 basis-56'),
        drop,
      )}
    >
      <Cards
        column={column}
        blocked={blocked}
        reception={reception}
        bare={bare}
        onFold={onFold}
        onCards={onCards}
      />
    </section>
  );
}

function Cards({ column, blocked, reception, bare, onFold, onCards }: Omit<ColumnProps, 'folded'>) {
  const { filter } = column;
  const query = useTicketColumn(filter);
  const offline = useIsOffline();
  const { CardList, name } = useDragKit();
  const isPlain = name === 'plain';
  // A state and no ref: the list inside is mounted before this element is known, and has to hear of it.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const { data } = query;
  // The same list for as long as it holds the same: each card knows the one that it stands in.
  const read = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const items = read ?? (offline ? keptTickets().filter((ticket) => matchesFilter(ticket, filter)) : NONE);
  const hasCards = items.length > 0;
  useEffect(() => {
    if (hasCards) onCards();
  }, [hasCards, onCards]);
  const isLoading = query.data === undefined && !query.error && !offline;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = query;
  const canRead = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !offline;
  const onNearEnd = useCallback(() => {
    if (canRead) void fetchNextPage();
  }, [canRead, fetchNextPage]);
  const total = column.count ?? (hasNextPage ? `${items.length}+` : items.length);
  return (
    <>
      {!bare && (
        <header className="flex h-9 shrink-0 items-center gap-2 pr-1 pl-2">
          <GroupIcon grouping={column.grouping} id={column.id} />
          <h2 className="truncate text-sm font-semibold" title={column.label}>
            {column.label}
          </h2>
          <span className="num text-faint text-sm">{total}</span>
          <span className="ml-auto flex items-center opacity-0 transition-opacity group-focus-within/column:opacity-100 group-hover/column:opacity-100">
            <ChooseAll column={column} items={items} />
            <IconButton label={`Fold ${column.label}`} className="size-7!" onClick={() => onFold?.(true)}>
              <Minimize2 size={13} aria-hidden />
            </IconButton>
          </span>
        </header>
      )}
      {!bare && column.grouping !== 'status' && column.done > 0 && column.count !== undefined && (
        <p className="text-faint num px-2 pb-1 text-xs">
          {column.done} of {column.count} done
        </p>
      )}
      {bare && items.length > 0 && (
        <div className="flex h-11 shrink-0 items-center justify-end px-1">
          <ChooseAll column={column} items={items} labelled />
        </div>
      )}
      {reception && !reception.may && <p className="text-muted px-2 pb-1 text-xs">{reception.why}</p>}
      <div
        ref={setScroller}
        data-scroll-restoration-id={`column:${column.id}`}
        className="min-h-0 flex-1 overflow-y-auto px-1 pb-3"
      >
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
              <TicketCard ticket={ticket} among={items} grouping={column.grouping} blocked={blocked} />
            </div>
          )}
        </CardList>
      </div>
    </>
  );
}

/** All of a column, read to its end; the second press takes them back. */
export function ChooseAll({
  column,
  items,
  labelled,
}: {
  column: Pick<ColumnSpec, 'label' | 'filter' | 'count'>;
  items: Ticket[];
  labelled?: boolean;
}) {
  const hasChosen = useHasChosen();
  const [busy, setBusy] = useState(false);
  const chosenHere = hasChosen && items.length > 0 && items.every(isChosen);
  const choose = async (): Promise<void> => {
    if (chosenHere) {
      // Whatever was looked for: its words may stand in a comment, which no ticket has with it.
      const filter = { ...column.filter, q: '' };
      const here = selection.tickets.filter((ticket) => matchesFilter(ticket, filter));
      selection.remove(here.map((ticket) => ticket.key));
      return;
    }
    setBusy(true);
    try {
      selection.add(
        items.length < (column.count ?? Infinity) ? await readAllTickets(column.filter, MOST_CHOSEN) : items,
      );
    } catch (error) {
      showProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <label className="tap text-muted flex min-w-6 items-center justify-center gap-2 text-sm">
      <input
        type="checkbox"
        className="size-3.5"
        aria-label={`Choose all of ${column.label}`}
        checked={chosenHere}
        disabled={busy}
        onChange={() => void choose()}
      />
      {labelled && <span aria-hidden>Choose all</span>}
    </label>
  );
}

const isChosen = (ticket: Ticket): boolean => selection.has(ticket.key);

/** On a phone one column is shown; the others are tabs, and a lifted ticket can be dropped on them. */
export function ColumnTab({
  column,
  chosen,
  reception,
  onChoose,
}: {
  column: ColumnSpec;
  chosen: boolean;
  reception: Reception | null;
  onChoose: () => void;
}) {
  const { useSpot } = useDragKit();
  const { setNodeRef, isOver } = useSpot(`tab:${column.id}`, column.id, column.label, false);
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
      <GroupIcon grouping={column.grouping} id={column.id} />
      {column.label}
      {column.count !== undefined && <span className="num text-faint">{column.count}</span>}
    </button>
  );
}
