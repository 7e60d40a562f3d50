/**
 * One file of a diff. A line's number takes a comment; with Shift, all lines from the last number to this one. With the
 * keyboard the arrows walk along the numbers. Long files are drawn a stretch at a time, as one comes to their end.
 */
import { ChevronRight, ShieldAlert } from 'lucide-react';
import { Fragment, memo, useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Diff, ReviewComment } from '../../../../../src/contract/shapes.ts';
import type { ReviewSide } from '../../../../../src/domain/words.ts';
import { newKey } from '../../../api/client.ts';
import { revealHidden } from '../../../format/reveal-hidden.ts';
import { Badge } from '../../../ui/badge.tsx';
import { cx } from '../../../ui/cx.ts';
import { CommentEditor, CommentNote } from './comment-box.tsx';
import { fileId } from './file-tree.tsx';
import type { DiffRow } from './parse-diff.ts';
import { findLine, type PastComment } from './past-comments.ts';
import { PastNote } from './past-note.tsx';
import { changeDraft, type DraftComment, type ReviewDraft } from './review-draft.ts';

/** Rows that are drawn at once. */
const STRETCH = 300;

interface Place {
  side: ReviewSide;
  line: number;
  endLine: number;
}

export function FileDiff({
  attemptId,
  file,
  rows,
  draft,
  past,
  openAtFirst,
}: {
  attemptId: string;
  file: Diff['files'][number];
  rows: DiffRow[];
  draft: ReviewDraft;
  /** Of reviews that were sent, about this file. */
  past: PastComment[];
  openAtFirst: boolean;
}) {
  const isViewed = draft.viewed.includes(file.path);
  const comments = draft.comments.filter((comment) => comment.path === file.path);
  const [open, setOpen] = useState(comments.length > 0 || (openAtFirst && !isViewed));
  return (
    <div className="card scroll-mt-16 overflow-clip" id={fileId(file.path)} data-file={file.path}>
      <div className="bg-surface sticky top-12 z-2 flex items-center">
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="tap hover:bg-hover flex min-h-9 min-w-0 flex-1 items-center gap-2 px-2.5 text-left"
        >
          <ChevronRight
            size={14}
            aria-hidden
            className={cx('text-faint transition-transform', open && 'rotate-90')}
          />
          <span className="min-w-0 flex-1 truncate font-mono text-xs">{revealHidden(file.path)}</span>
          {file.protected && (
            <Badge tone="amber" icon={<ShieldAlert size={12} aria-hidden />}>
              protected
            </Badge>
          )}
          <span className="num text-green text-xs">+{file.additions}</span>
          <span className="num text-red text-xs">−{file.deletions}</span>
        </button>
        <label className="tap text-muted flex min-h-9 items-center gap-1.5 px-2.5 text-xs">
          <input
            type="checkbox"
            className="size-3.5"
            aria-label={`Viewed ${file.path}`}
            checked={isViewed}
            onChange={(event) => {
              const { checked } = event.target;
              setOpen(!checked);
              changeDraft(attemptId, (old) => ({
                ...old,
                viewed: checked
                  ? [...old.viewed, file.path]
                  : old.viewed.filter((path) => path !== file.path),
              }));
            }}
          />
          Viewed
        </label>
      </div>
      {open && <Lines attemptId={attemptId} path={file.path} rows={rows} comments={comments} past={past} />}
    </div>
  );
}

function Lines({
  attemptId,
  path,
  rows,
  comments,
  past,
}: {
  attemptId: string;
  path: string;
  rows: DiffRow[];
  comments: DraftComment[];
  past: PastComment[];
}) {
  const placed = past.map((comment) => ({ comment, endLine: findLine(comment, attemptId, rows) }));
  const outdated = placed.filter(({ endLine }) => endLine === null);
  const [shown, setShown] = useState(STRETCH);
  const [writing, setWriting] = useState<Place | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const anchor = useRef<{ side: ReviewSide; line: number } | null>(null);
  const region = useRef<HTMLDivElement | null>(null);

  const begin = (side: ReviewSide, line: number, isRange: boolean): void => {
    const from = anchor.current;
    if (isRange && from?.side === side)
      setWriting({ side, line: Math.min(from.line, line), endLine: Math.max(from.line, line) });
    else {
      anchor.current = { side, line };
      setWriting({ side, line, endLine: line });
    }
  };
  const focusLine = (place: Place): void =>
    region.current
      ?.querySelector<HTMLElement>(`[data-line="${place.side}:${place.endLine}"]`)
      ?.focus({ preventScroll: true });
  const add = (place: Place, text: string): void => {
    const comment: DraftComment = { ...place, id: newKey(), path, quote: quoteOf(rows, place), text };
    changeDraft(attemptId, (old) => ({ ...old, comments: [...old.comments, comment] }));
    setWriting(null);
    focusLine(place);
  };
  return (
    <>
      {outdated.length > 0 && (
        <div className="border-line bg-sunken space-y-3 border-t p-2.5">
          {outdated.map(({ comment }) => (
            <PastNote key={comment.id} comment={comment} fate="outdated" />
          ))}
        </div>
      )}
      <div
        ref={region}
        className="border-line @container overflow-x-auto border-t"
        tabIndex={0}
        role="region"
        aria-label={`Changes of ${path}`}
        onKeyDown={walkLines}
      >
        <table className="w-full border-collapse font-mono text-xs leading-6">
          <tbody>
            {rows.slice(0, shown).map((row, i) => {
              const place = placeOf(row);
              const isMarked = writing !== null && place !== null && isWithin(place, writing);
              const here = place === null ? [] : comments.filter((comment) => endsAt(comment, place));
              const before = placed.filter(
                ({ comment, endLine }) =>
                  endLine !== null && place !== null && endsAt({ side: comment.side, endLine }, place),
              );
              const isEnd = writing !== null && place !== null && endsAt(writing, place);
              return (
                <Fragment key={i}>
                  <Line row={row} isMarked={isMarked} isFirst={i <= 1} onChoose={begin} />
                  {(here.length > 0 || before.length > 0 || isEnd) && (
                    <tr className="bg-sunken">
                      <td colSpan={3} className="p-0">
                        <div className="border-line sticky left-0 w-[100cqi] max-w-[44rem] space-y-2 border-y p-2.5 font-sans whitespace-normal">
                          {before.map(({ comment }) => (
                            <PastNote key={comment.id} comment={comment} fate="here" />
                          ))}
                          {here.map((comment) =>
                            editing === comment.id ? (
                              <CommentEditor
                                key={comment.id}
                                label={placeWords(comment)}
                                initial={comment.text}
                                onSave={(text) => {
                                  changeDraft(attemptId, (old) => ({
                                    ...old,
                                    comments: old.comments.map((each) =>
                                      each.id === comment.id ? { ...each, text } : each,
                                    ),
                                  }));
                                  setEditing(null);
                                }}
                                onCancel={() => setEditing(null)}
                              />
                            ) : (
                              <CommentNote
                                key={comment.id}
                                comment={comment}
                                onEdit={() => setEditing(comment.id)}
                                onDelete={() =>
                                  changeDraft(attemptId, (old) => ({
                                    ...old,
                                    comments: old.comments.filter((each) => each.id !== comment.id),
                                  }))
                                }
                              />
                            ),
                          )}
                          {isEnd && (
                            <CommentEditor
                              label={placeWords(writing)}
                              onSave={(text) => add(writing, text)}
                              onCancel={() => {
                                setWriting(null);
                                focusLine(writing);
                              }}
                            />
                          )}
                        </div>
                      </td>
                    </tr>
                  )}
                </Fragment>
              );
            })}
            {rows.length === 0 && (
              <tr>
                <td className="text-muted px-3 py-2 font-sans">No text to show.</td>
              </tr>
            )}
          </tbody>
        </table>
        {shown < rows.length && <More left={rows.length - shown} onSeen={() => setShown(shown + STRETCH)} />}
      </div>
    </>
  );
}

const Line = memo(
  function Line({
    row,
    isMarked,
    isFirst,
    onChoose,
  }: {
    row: DiffRow;
    isMarked: boolean;
    isFirst: boolean;
    onChoose: (side: ReviewSide, line: number, isRange: boolean) => void;
  }) {
    const place = placeOf(row);
    return (
      <tr className={cx(TONES[row.kind], isMarked && 'bg-accent-soft!')}>
        <td className="w-20 p-0 align-top select-none">
          {place && (
            <button
              type="button"
              data-line={`${place.side}:${place.line}`}
              // One stop per file; the arrows walk on from there.
              tabIndex={isFirst ? 0 : -1}
              aria-label={`Comment on line ${place.line}${place.side === 'before' ? ' as it was before' : ''}`}
              onClick={(event) => onChoose(place.side, place.line, event.shiftKey)}
              className="num text-faint hover:bg-accent-soft hover:text-accent flex h-6 w-20"
            >
              <span className="w-10 px-2 text-right">{row.before}</span>
              <span className="w-10 px-2 text-right">{row.after}</span>
            </button>
          )}
        </td>
        <td className="w-3 align-top select-none">
          <span aria-hidden>{SIGNS[row.kind]}</span>
          <span className="sr-only">{SPOKEN[row.kind]}</span>
        </td>
        <td className="pr-3 whitespace-pre">{revealHidden(row.text)}</td>
      </tr>
    );
  },
  (a, b) => a.row === b.row && a.isMarked === b.isMarked,
);

/** The rest comes when one gets there; who does not scroll has the button. */
function More({ left, onSeen }: { left: number; onSeen: () => void }) {
  const [mark, setMark] = useState<HTMLButtonElement | null>(null);
  useEffect(() => {
    if (!mark) return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) onSeen();
      },
      { rootMargin: '400px' },
    );
    observer.observe(mark);
    return () => observer.disconnect();
  }, [mark, onSeen]);
  return (
    <button ref={setMark} type="button" className="tap text-muted w-full py-2 text-xs" onClick={onSeen}>
      {left} more lines
    </button>
  );
}

function walkLines(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const from = event.target as HTMLElement;
  if (from.dataset['line'] === undefined) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-line]')];
  const next = all[all.indexOf(from) + (event.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function placeOf(row: DiffRow): { side: ReviewSide; line: number } | null {
  if (row.kind === 'remove' && row.before !== null) return { side: 'before', line: row.before };
  return row.after === null ? null : { side: 'after', line: row.after };
}

const isWithin = (place: { side: ReviewSide; line: number }, range: Place): boolean =>
  place.side === range.side && place.line >= range.line && place.line <= range.endLine;
const endsAt = (
  range: Pick<ReviewComment, 'side' | 'endLine'>,
  place: { side: ReviewSide; line: number },
): boolean => range.side === place.side && range.endLine === place.line;

const QUOTED_LINES = 20;

function quoteOf(rows: readonly DiffRow[], range: Place): string {
  return rows
    .filter((row) => {
      const line = range.side === 'before' ? row.before : row.after;
      return line !== null && line >= range.line && line <= range.endLine;
    })
    .slice(0, QUOTED_LINES)
    .map((row) => row.text.slice(0, 400))
    .join('\n');
}

export function placeWords({ side, line, endLine }: Place): string {
  const lines = line === endLine ? `line ${line}` : `lines ${line} to ${endLine}`;
  return `Comment on ${lines}${side === 'before' ? ' as before' : ''}`;
}

const TONES: Record<DiffRow['kind'], string> = {
  add: 'bg-green-soft',
  remove: 'bg-red-soft',
  same: '',
  hunk: 'bg-sunken text-muted',
  note: 'text-muted italic',
};
const SIGNS: Record<DiffRow['kind'], string> = { add: '+', remove: '−', same: '', hunk: '', note: '' };
const SPOKEN: Record<DiffRow['kind'], string> = {
  add: 'added',
  remove: 'removed',
  same: '',
  hunk: '',
  note: '',
};
