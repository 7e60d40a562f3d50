/**
 * The board: a column per status. A lifted ticket may be dropped where the transition table has a way for a person;
 * elsewhere the column turns grey and says why. Moves that need words ask for them.
 */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { TICKET_STATUSES, type TicketStatus } from '../../../../src/domain/words.ts';
import type { TicketFilter } from '../../api/keys.ts';
import { overviewQuery } from '../../api/queries.ts';
import { PERSON_TRANSITIONS, transitionTo, type PersonTransition } from '../../api/transitions.ts';
import { STATUS_WORDS } from '../../format/words.ts';
import type { BoardSearch } from '../../router.tsx';
import { openDialog } from '../../shell/dialogs.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { PageHead } from '../../ui/page.tsx';
import { showProblem } from '../../ui/problem.tsx';
import { BoardFilters } from './board-filters.tsx';
import { Column, ColumnTab } from './column.tsx';
import { DragKitContext, plainKit, type DragKit } from './drag-kit.ts';
import { moveOnBoard } from './move-on-board.ts';
import { CARD, CardFace } from './ticket-card.tsx';

const TransitionDialog = lazy(() => import('../../parts/transition-dialog.tsx'));

/** After the paint, when there is time; not every browser says when that is. @returns takes it back */
function whenIdle(action: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(action, 100);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(action, { timeout: 1_000 });
  return () => cancelIdleCallback(handle);
}

/** Loaded once for all visits of the board. */
let loaded: DragKit | null = null;

const narrow = typeof matchMedia === 'function' ? matchMedia('(max-width: 767px)') : null;
const useIsNarrow = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      narrow?.addEventListener('change', listener);
      return () => narrow?.removeEventListener('change', listener);
    },
    () => narrow?.matches ?? false,
  );

export function BoardPage() {
  const search = useSearch({ from: '/inside/board' });
  const navigate = useNavigate();
  const isNarrow = useIsNarrow();
  const blocked = useBlocked();
  const overview = useQuery(overviewQuery).data;
  const [lifted, setLifted] = useState<Ticket | null>(null);
  const [asking, setAsking] = useState<{ ticket: Ticket; transition: PersonTransition } | null>(null);
  const [kit, setKit] = useState(loaded ?? plainKit);
  useEffect(() => {
    if (loaded) return undefined;
    return whenIdle(() => {
      void import('./dragging.tsx').then(({ draggingKit }) => {
        loaded = draggingKit;
        setKit(draggingKit);
      });
    });
  }, []);
  const move = useMutation({
    mutationFn: ({ ticket, transition }: { ticket: Ticket; transition: PersonTransition }) =>
      moveOnBoard(ticket, transition, PERSON_TRANSITIONS[transition].to),
    onError: showProblem,
  });
  const onMove = (ticket: Ticket, transition: PersonTransition): void => {
    if (PERSON_TRANSITIONS[transition].asks === null && transition !== 'accept')
      move.mutate({ ticket, transition });
    else setAsking({ ticket, transition });
  };
  const onDrop = (ticket: Ticket, to: TicketStatus): void => {
    const way = transitionTo(ticket, to);
    if ('transition' in way) onMove(ticket, way.transition);
    else toast(`${ticket.key} cannot go to ${STATUS_WORDS[to]}`, { description: way.why });
  };

  const filters = useMemo(() => {
    const common: TicketFilter = {};
    if (search.project) common.project = search.project;
    if (search.label) common.label = search.label;
    if (search.assignee) common.assignee = search.assignee;
    if (search.q) common.q = search.q;
    const isFiltered = Object.keys(common).length > 0;
    const of = (status: TicketStatus): TicketFilter => ({
      ...common,
      status,
      ...(status === 'done' || status === 'cancelled' ? { sort: 'updated' } : {}),
    });
    return { of, isFiltered };
  }, [search.project, search.label, search.assignee, search.q]);

  const count = (status: TicketStatus): number | undefined =>
    filters.isFiltered || !overview ? undefined : (overview.counts[status] ?? 0);
  const reception = (status: TicketStatus): { may: boolean; why: string } | null => {
    if (!lifted) return null;
    const way = transitionTo(lifted, status);
    if ('transition' in way) return { may: true, why: '' };
    return lifted.status === status ? null : { may: false, why: way.why };
  };
  const column = (status: TicketStatus, bare: boolean) => (
    <Column
      key={status}
      status={status}
      filter={filters.of(status)}
      count={count(status)}
      blocked={blocked}
      reception={bare ? null : reception(status)}
      bare={bare}
      onMove={onMove}
    />
  );
  const shown = TICKET_STATUSES.find((s) => s === search.column) ?? 'todo';

  return (
    <>
      <PageHead
        title="Board"
        actions={
          <Button
            size="small"
            className="max-md:hidden"
            icon={<Plus size={14} aria-hidden />}
            onClick={() => openDialog({ name: 'new-ticket', project: search.project || undefined })}
          >
            New ticket
          </Button>
        }
      >
        <BoardFilters />
      </PageHead>
      <DragKitContext value={kit}>
        <kit.Frame
          key={kit.name}
          onLift={setLifted}
          onDrop={onDrop}
          lifted={
            lifted && (
              <div className={`${CARD} shadow-high rotate-1 cursor-grabbing`}>
                <CardFace ticket={lifted} />
              </div>
            )
          }
        >
          {isNarrow ? (
            <div className="flex min-h-0 flex-1 flex-col">
              <div
                role="tablist"
                aria-label="Columns"
                className="border-line flex shrink-0 overflow-x-auto border-b"
              >
                {TICKET_STATUSES.map((status) => (
                  <ColumnTab
                    key={status}
                    status={status}
                    count={count(status)}
                    chosen={status === shown}
                    reception={reception(status)}
                    onChoose={() =>
                      void navigate({
                        to: '/board',
                        search: (old) => ({ ...old, column: status }) as BoardSearch,
                        replace: true,
                      })
                    }
                  />
                ))}
              </div>
              <div
                id="board-column"
                role="tabpanel"
                aria-label={STATUS_WORDS[shown]}
                className="flex min-h-0 flex-1 px-3 pt-2"
              >
                {column(shown, true)}
              </div>
            </div>
          ) : (
            <div className="flex min-h-0 flex-1 gap-1.5 overflow-x-auto px-4 pt-1">
              {TICKET_STATUSES.map((status) => column(status, false))}
            </div>
          )}
        </kit.Frame>
      </DragKitContext>
      <Suspense fallback={null}>
        {asking && (
          <TransitionDialog
            ticket={asking.ticket}
            transition={asking.transition}
            onClose={() => setAsking(null)}
          />
        )}
      </Suspense>
    </>
  );
}
