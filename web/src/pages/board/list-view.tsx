/** The selection as one dense list in sections, each read page by page and drawn only where one looks. */
import { ChevronRight } from 'lucide-react';
import { memo, useCallback, useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { useIsOffline } from '../../api/hooks.ts';
import { useTicketColumn } from '../../api/queries.ts';
import { agentOf } from '../../changes/set-field.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { keptTickets, matchesFilter } from '../../parts/filter-tickets.ts';
import { openDialog, type PickWhat } from '../../shell/dialogs.ts';
import { foldedColumns, setFolded, useFolded } from '../../shell/preferences.ts';
import { selection, useIsChosen } from '../../shell/selection.ts';
import { Badge } from '../../ui/badge.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { Empty } from '../../ui/page.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { PriorityIcon, StatusIcon } from '../../ui/status-icon.tsx';
import { Age } from '../../ui/time.tsx';
import { ChooseAll } from './column.tsx';
import { type ColumnSpec, useColumns } from './columns.ts';
import { GroupIcon } from './group-icon.tsx';
import { chooseByClick, chooseByKey } from './ticket-card.tsx';
import { type BoardSearch, filterOf, groupingOf, sortOf } from './view.ts';
import { VirtualList } from './virtual-list.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

export default function ListView({ search }: { search: BoardSearch }) {
  const grouping = groupingOf(search);
  const columns = useColumns(grouping, filterOf(search), sortOf(search)).filter(({ count }) => count !== 0);
  const folds = useFolded();
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  return (
    <div ref={setScroller} data-scroll-restoration-id="board" className="min-h-0 flex-1 overflow-y-auto">
      <div data-lists className="pb-24">
        {columns.length === 0 && (
          <div className="p-4">
            <Empty title="No ticket fits">Change the filters above, or write a new ticket with C.</Empty>
          </div>
        )}
        {columns.map((column) => (
          <ListSection
            key={column.id}
            column={column}
            scroller={scroller}
            folded={foldedColumns(folds)[`list:${grouping}:${column.id}`] ?? false}
            onFold={(folded) => setFolded(`list:${grouping}:${column.id}`, folded)}
          />
        ))}
      </div>
    </div>
  );
}

function ListSection({
  column,
  scroller,
  folded,
  onFold,
}: {
  column: ColumnSpec;
  scroller: HTMLElement | null;
  folded: boolean;
  onFold: (folded: boolean) => void;
}) {
  return (
    <section aria-label={`${column.label}, ${column.count ?? '…'}`} data-section={column.id}>
      {folded ? (
        <SectionHead column={column} items={[]} folded onFold={onFold} />
      ) : (
        <SectionRows column={column} scroller={scroller} onFold={onFold} />
      )}
    </section>
  );
}

function SectionHead({
  column,
  items,
  folded,
  onFold,
}: {
  column: ColumnSpec;
  items: Ticket[];
  folded: boolean;
  onFold: (folded: boolean) => void;
}) {
  return (
    <header className="bg-sunken border-line sticky top-0 z-10 flex h-9 items-center gap-2 border-b px-4 max-sm:h-11">
      {!folded && <ChooseAll column={column} items={items} />}
      <button
        type="button"
        aria-expanded={!folded}
        onClick={() => onFold(!folded)}
        className="tap flex min-w-0 flex-1 items-center gap-2 text-left"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={cx('text-faint shrink-0 transition-transform', !folded && 'rotate-90')}
        />
        <GroupIcon grouping={column.grouping} id={column.id} />
        <h2 className="truncate text-sm font-semibold">{column.label}</h2>
        <span className="num text-faint text-sm">{column.count}</span>
      </button>
    </header>
  );
}

function SectionRows({
  column,
  scroller,
  onFold,
}: {
  column: ColumnSpec;
  scroller: HTMLElement | null;
  onFold: (folded: boolean) => void;
}) {
  const query = useTicketColumn(column.filter);
  const offline = useIsOffline();
  const items =
    query.data?.pages.flatMap((page) => page.items) ??
    (offline ? keptTickets().filter((ticket) => matchesFilter(ticket, column.filter)) : []);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = query;
  const canRead = hasNextPage && !isFetchingNextPage && !isFetchNextPageError && !offline;
  const onNearEnd = useCallback(() => {
    if (canRead) void fetchNextPage();
  }, [canRead, fetchNextPage]);
  return (
    <>
      <SectionHead column={column} items={items} folded={false} onFold={onFold} />
      {query.data === undefined && !query.error && !offline && (
        <div className="p-3">
          <Skeleton lines={2} />
        </div>
      )}
      {query.error && query.data === undefined && !offline && <ProblemNote error={query.error} />}
      <VirtualList items={items} scroller={scroller} onNearEnd={onNearEnd} estimate={37} gap={0}>
        {(ticket) => <ListRow key={ticket.key} ticket={ticket} among={items} />}
      </VirtualList>
    </>
  );
}

const ListRow = memo(function ListRow({ ticket, among }: { ticket: Ticket; among: Ticket[] }) {
  const isChosen = useIsChosen(ticket.key);
  const agent = agentOf(ticket);
  const pick = (what: PickWhat) => () => openDialog({ name: 'pick', what, tickets: [ticket.key] });
  return (
    <div
      data-row
      data-ticket={ticket.key}
      className={cx(
        'border-line group hover:bg-hover relative flex min-h-9 items-center gap-2 border-b px-4 max-sm:flex-wrap max-sm:gap-x-1 max-sm:gap-y-0 max-sm:px-2 max-sm:pt-2',
        isChosen && 'bg-accent-soft!',
      )}
    >
      <Link
        to={ticketPath(ticket.key)}
        onClick={(event) => chooseByClick(event, ticket, among)}
        onKeyDown={(event) => void chooseByKey(event, ticket, among)}
        className="order-5 min-w-0 flex-1 truncate text-sm font-medium outline-offset-[-2px] after:absolute after:inset-0 max-sm:order-1 max-sm:basis-full max-sm:px-2 max-sm:whitespace-normal max-sm:line-clamp-2"
      >
        {revealHidden(ticket.title)}
      </Link>
      <label className="relative z-1 order-1 grid size-5 shrink-0 place-items-center max-sm:order-2 max-sm:size-11">
        <input
          type="checkbox"
          className={cx(
            'size-3.5 pointer-coarse:size-5',
            !isChosen &&
              'opacity-45 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100',
          )}
          aria-label={`Choose ${ticket.key}`}
          checked={isChosen}
          onChange={() => selection.toggle(ticket)}
        />
      </label>
      <button
        type="button"
        className="tap hover:bg-hover relative z-1 order-2 grid size-6 shrink-0 place-items-center rounded"
        aria-label={`Change priority ${ticket.priority} of ${ticket.key}`}
        onClick={pick('priority')}
      >
        <PriorityIcon priority={ticket.priority} size={14} />
      </button>
      <span className="num text-faint order-3 w-16 shrink-0 truncate text-xs max-sm:w-auto max-sm:order-2 max-sm:px-1">
        {ticket.key}
      </span>
      <button
        type="button"
        className="tap hover:bg-hover relative z-1 order-4 grid size-6 shrink-0 place-items-center rounded"
        aria-label={`Move ${ticket.key} …`}
        onClick={pick('status')}
      >
        <StatusIcon status={ticket.status} runtime={ticket.runtime} />
      </button>
      <span className="text-muted order-6 hidden min-w-0 shrink items-center gap-1 lg:flex">
        {ticket.labels.slice(0, 3).map((label) => (
          <Badge key={label}>{revealHidden(label)}</Badge>
        ))}
        {ticket.campaign && <Badge tone="violet">{revealHidden(ticket.campaign)}</Badge>}
      </span>
      <button
        type="button"
        className="tap hover:bg-hover text-muted relative z-1 order-7 max-w-36 shrink-0 truncate rounded px-1 text-xs"
        aria-label={`${agent ?? 'default'}: give ${ticket.key} to another`}
        onClick={pick('agent')}
      >
        {agent === null ? <span className="text-faint">default</span> : revealHidden(agent)}
      </button>
      <Age
        since={ticket.statusSince}
        className="text-faint order-8 w-9 shrink-0 text-right text-xs max-sm:ml-auto max-sm:pr-2"
      />
    </div>
  );
});
