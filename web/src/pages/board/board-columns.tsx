/**
 * The selection as columns. A lifted ticket may be dropped where the transition table has a way for a person, or where a
 * field takes the column's value; elsewhere the column turns grey and says why. Moves that need words ask for them.
 */
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { PERSON_TRANSITIONS } from '../../api/transitions.ts';
import type { Change } from '../../changes/change.ts';
import { openDialog } from '../../shell/dialogs.ts';
import { foldedColumns, setFolded, useFolded } from '../../shell/preferences.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { toast } from '../../ui/toast.ts';
import { holdIdle } from '../../ui/when-idle.ts';
import { Column, ColumnTab, type Reception } from './column.tsx';
import { type ColumnSpec, dropOn, useColumns, valueOf } from './columns.ts';
import { DragKitContext, plainKit, type DragKit } from './drag-kit.ts';
import { CARD, CardFace } from './ticket-card.tsx';
import { type BoardSearch, filterOf, groupingOf, sortOf } from './view.ts';
import { changeView } from './change-view.ts';

/**
 * The board is mounted anew with its machinery, and whoever was on a ticket stays on it. Both happen within one task: a
 * key that is pressed meanwhile comes after it, and never finds the board without its focus.
 */
function mountAnew(mount: () => void): void {
  const active = document.activeElement;
  const ticket = active?.closest<HTMLElement>('[data-column] [data-ticket]');
  const selector =
    ticket && `[data-ticket="${CSS.escape(ticket.dataset['ticket'] ?? '')}"] ${active?.localName}`;
  flushSync(mount);
  if (selector) document.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
}

function change(ticket: Ticket, what: Change): void {
  void import('../../changes/change.ts').then(({ applyChange }) => applyChange([ticket], what));
}

/** Loaded once for all visits of the board. */
let loaded: DragKit | null = null;

// What a drop does comes with what makes it possible: a dropped ticket does not wait for it.
async function load(): Promise<DragKit> {
  const [{ draggingKit }] = await Promise.all([import('./dragging.tsx'), import('../../changes/change.ts')]);
  loaded = draggingKit;
  return loaded;
}

/** Where no card comes to be seen (each column with one is folded), it comes after so long all the same. */
const KIT_PATIENCE_MS = 3_000;

/** @param isDue the cards are there: the machinery comes after the next paint, before all that waits for an idle moment */
function useDragMachinery(isDue: boolean): DragKit {
  const [kit, setKit] = useState(loaded ?? plainKit);
  const isMissing = kit === plainKit;
  useEffect(() => (isMissing ? holdIdle() : undefined), [isMissing]);
  useEffect(() => {
    if (!isMissing) return undefined;
    let isOver = false;
    const take = (machinery: DragKit): void => {
      if (!isOver) mountAnew(() => setKit(machinery));
    };
    // Where it cannot be had, the board is looked at without it.
    const begin = (): void => void load().then(take, () => undefined);
    const timer = setTimeout(begin, isDue ? 0 : KIT_PATIENCE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isMissing, isDue]);
  return kit;
}

const narrow = typeof matchMedia === 'function' ? matchMedia('(max-width: 767px)') : null;
const useIsNarrow = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      narrow?.addEventListener('change', listener);
      return () => narrow?.removeEventListener('change', listener);
    },
    () => narrow?.matches ?? false,
  );

export function BoardColumns({ search }: { search: BoardSearch }) {
  const isNarrow = useIsNarrow();
  const blocked = useBlocked();
  const grouping = groupingOf(search);
  const columns = useColumns(grouping, filterOf(search), sortOf(search));
  const folds = useFolded();
  const [lifted, setLifted] = useState<Ticket | null>(null);
  const [hasCards, setHasCards] = useState(false);
  const onCards = useCallback(() => setHasCards(true), []);
  const isEmpty = columns.every(({ count }) => count === 0);
  const kit = useDragMachinery(hasCards || isEmpty);
  const onDrop = (ticket: Ticket, id: string): void => {
    // Back where it came from is no move, and nothing to explain.
    if (valueOf(ticket, grouping) === id) return;
    const drop = dropOn(ticket, grouping, id);
    if ('change' in drop) change(ticket, drop.change);
    else if ('transition' in drop) {
      const { transition } = drop;
      if (PERSON_TRANSITIONS[transition].asks === null && transition !== 'accept')
        change(ticket, { kind: 'move', input: { transition } });
      else openDialog({ name: 'transition', ticket: ticket.key, transition });
    } else {
      const label = columns.find((column) => column.id === id)?.label ?? id;
      toast(`${ticket.key} cannot go to ${label}`, { description: drop.why });
    }
  };
  const reception = (column: ColumnSpec): Reception | null => {
    if (!lifted || valueOf(lifted, grouping) === column.id) return null;
    const drop = dropOn(lifted, grouping, column.id);
    return 'why' in drop ? { may: false, why: drop.why } : { may: true, why: '' };
  };
  // An empty column takes no room, unless somebody unfolded it; a lifted ticket can be dropped on its strip.
  const isFolded = (column: ColumnSpec): boolean =>
    foldedColumns(folds)[`${grouping}:${column.id}`] ?? column.count === 0;
  const shown =
    columns.find((column) => column.id === search.column) ??
    columns.find((column) => column.id === 'todo') ??
    columns[0];
  return (
    <DragKitContext value={kit}>
      <kit.Frame
        key={kit.name}
        onLift={setLifted}
        onDrop={onDrop}
        describe={(ticket, id) => describeDrop(ticket, dropOn(ticket, grouping, id))}
        lifted={
          lifted && (
            <div className={`${CARD} shadow-high rotate-1 cursor-grabbing`}>
              <CardFace ticket={lifted} grouping={grouping} />
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
              {columns.map((column) => (
                <ColumnTab
                  key={column.id}
                  column={column}
                  chosen={column === shown}
                  reception={reception(column)}
                  onChoose={() => changeView({ column: column.id })}
                />
              ))}
            </div>
            {shown && (
              <div
                id="board-column"
                role="tabpanel"
                aria-label={shown.label}
                className="flex min-h-0 flex-1 px-3 pt-2"
              >
                <Column
                  key={shown.id}
                  column={shown}
                  blocked={blocked}
                  reception={null}
                  onCards={onCards}
                  bare
                />
              </div>
            )}
          </div>
        ) : (
          <div className="flex min-h-0 flex-1 gap-1.5 overflow-x-auto px-4 pt-1">
            {columns.map((column) => (
              <Column
                key={column.id}
                column={column}
                blocked={blocked}
                reception={reception(column)}
                folded={isFolded(column)}
                onCards={onCards}
                onFold={(folded) => setFolded(`${grouping}:${column.id}`, folded)}
              />
            ))}
          </div>
        )}
      </kit.Frame>
    </DragKitContext>
  );
}

function describeDrop(ticket: Ticket, drop: ReturnType<typeof dropOn>): string {
  if ('why' in drop) return drop.why;
  if ('transition' in drop) return PERSON_TRANSITIONS[drop.transition].label;
  return drop.change.kind === 'edit' ? `${ticket.key}: ${drop.change.label}` : '';
}
