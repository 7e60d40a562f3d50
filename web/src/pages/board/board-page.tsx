/** One selection of tickets, as columns, as a list, or as a timeline. What is selected stands in the address. */
import { Bookmark, ChartGantt, Columns3, List, Plus } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { openDialog } from '../../shell/dialogs.ts';
import { useSavedViews } from '../../shell/preferences.ts';
import { selection, useHasChosen } from '../../shell/selection.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { PageHead } from '../../ui/page.tsx';
import { BoardColumns } from './board-columns.tsx';
import { BoardFilters } from './board-filters.tsx';
import { type BoardSearch, queryOf, readBoardSearch, type Shape, SHAPES, shapeOf } from './view.ts';
import { useSearch } from '../../router/place-context.ts';
import { changeView } from './change-view.ts';

const BulkBar = lazy(() => import('./bulk-bar.tsx'));
const ListView = lazy(() => import('./list-view.tsx'));
const TimelineView = lazy(() => import('./timeline-view.tsx'));
const SavedViews = lazy(() => import('./saved-views.tsx'));

const SHAPE_LOOKS: Record<Shape, { label: string; icon: typeof List }> = {
  board: { label: 'Board', icon: Columns3 },
  list: { label: 'List', icon: List },
  timeline: { label: 'Timeline', icon: ChartGantt },
};

export function BoardPage() {
  const words = useSearch();
  const search = useMemo(() => readBoardSearch(words), [words]);
  const shape = shapeOf(search);
  const hasChosen = useHasChosen();
  // What was chosen belongs to what one sees.
  useEffect(() => () => selection.clear(), []);
  return (
    <>
      <PageHead
        title="Board"
        actions={
          <>
            <ViewsButton search={search} />
            <ShapeSwitch shape={shape} />
            <Button
              size="small"
              className="max-md:hidden"
              icon={<Plus size={14} aria-hidden />}
              onClick={() => openDialog({ name: 'new-ticket', project: search.project || undefined })}
            >
              New ticket
            </Button>
          </>
        }
      >
        <BoardFilters search={search} />
      </PageHead>
      <Suspense
        fallback={
          <div className="p-4">
            <Skeleton lines={6} />
          </div>
        }
      >
        {shape === 'board' && <BoardColumns search={search} />}
        {shape === 'list' && <ListView search={search} />}
        {shape === 'timeline' && <TimelineView search={search} />}
      </Suspense>
      <Suspense fallback={null}>{hasChosen && <BulkBar />}</Suspense>
    </>
  );
}

function ViewsButton({ search }: { search: BoardSearch }) {
  const saved = useSavedViews();
  const [open, setOpen] = useState(false);
  const current = saved.find((view) => view.query === queryOf(search));
  return (
    <>
      <Button
        size="small"
        tone="ghost"
        aria-label={`Views${current ? `: ${current.name}` : ''}`}
        aria-haspopup="dialog"
        icon={<Bookmark size={14} aria-hidden className={current ? 'text-accent fill-current' : ''} />}
        onClick={() => setOpen(true)}
      >
        <span className="max-w-32 truncate max-sm:hidden">{current?.name ?? 'Views'}</span>
      </Button>
      <Suspense fallback={null}>
        {open && <SavedViews search={search} onClose={() => setOpen(false)} />}
      </Suspense>
    </>
  );
}

function ShapeSwitch({ shape }: { shape: Shape }) {
  return (
    <div role="group" aria-label="Show as" className="border-line-strong flex rounded-md border p-0.5">
      {SHAPES.map((each) => {
        const { label, icon: Icon } = SHAPE_LOOKS[each];
        return (
          <button
            key={each}
            type="button"
            aria-pressed={each === shape}
            aria-label={label}
            title={label}
            onClick={() => changeView({ view: each === 'board' ? '' : each }, false)}
            className={cx(
              'tap inline-flex h-6 items-center justify-center gap-1.5 rounded px-1.5 text-xs font-medium',
              each === shape ? 'bg-hover text-text' : 'text-muted hover:text-text',
            )}
          >
            <Icon size={14} aria-hidden />
            <span className="max-lg:sr-only">{label}</span>
          </button>
        );
      })}
    </div>
  );
}
