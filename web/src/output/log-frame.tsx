/**
 * What the output of a program and the transcript of an agent have in common on a page: how much there is, whether one
 * follows its end, words to look for, links to a row, and a file of it.
 */
import { ArrowDownToLine, ChevronDown, ChevronUp, Download, Link2, Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { ProblemNote } from '../ui/problem.tsx';
import { toast } from '../ui/toast.ts';
import type { Target } from './list-window.ts';
import { LongList } from './long-list.tsx';
import type { OutputState } from './output-log.ts';
import { RowFinder } from './row-finder.ts';

export interface LogLooks {
  /** Of the file that a download makes. */
  name: string;
  className?: string;
  /** What stands where nothing came yet. */
  quiet?: string;
  /** What stands in the bar before the figures. */
  switcher?: ReactNode;
  /** The page is about this log: its rows have numbers, and addresses (`#L12`). */
  isLinkable?: boolean;
}

/** What a row is drawn with. */
export interface RowMarks {
  /** Words that are looked for; '' when nothing is. */
  query: string;
  /** It is the one of all that were found that one looks at, or the one that the address names. */
  isCurrent: boolean;
  /** Makes the address name this row; null where rows have none. */
  link: (() => void) | null;
}

const rowOfAddress = (): Target | null => {
  const match = /^#L(\d{1,9})$/.exec(location.hash);
  return match ? { row: Math.max(0, Number(match[1]) - 1) } : null;
};

export function LogFrame({
  state,
  count,
  noun,
  label,
  estimate,
  overscan,
  textOf,
  name,
  className,
  quiet = 'No output yet',
  switcher,
  isLinkable = false,
  actions,
  children,
}: LogLooks & {
  state: OutputState;
  count: number;
  /** One row: `line`, `entry`. */
  noun: string;
  label: string;
  /** The usual height of a row, in pixels. */
  estimate: number;
  overscan: number;
  /** A row as plain text, to look through and for the file. */
  textOf: (row: number) => string;
  actions?: ReactNode;
  children: (row: number, marks: RowMarks) => ReactNode;
}) {
  const { ended, hasRead, error } = state;
  const [named, setNamed] = useState<Target | null>(() => (isLinkable ? rowOfAddress() : null));
  const [wantsEnd, setWantsEnd] = useState(named === null);
  const [isFinding, setFinding] = useState(false);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const [finder] = useState(() => new RowFinder());
  const found = useSyncExternalStore(finder.subscribe, finder.getFound);
  const words = isFinding ? query : '';
  useEffect(() => {
    finder.look(words, count, textOf);
    return () => finder.stop();
  }, [finder, words, count, textOf]);
  const input = useRef<HTMLInputElement>(null);

  const hasFound = words !== '' && found.rows.length > 0;
  const current = hasFound ? found.rows[chosen] : undefined;
  // Stepping to the row that one is at already goes there again, hence `chosen`.
  const target = useMemo(
    () => (current === undefined ? named : { row: current, chosen }),
    [current, chosen, named],
  );
  const [left, setLeft] = useState<Target | null>(null);
  // What was found is followed until one scrolls on by hand.
  const follows = wantsEnd && (current === undefined || left === target);
  const step = (by: number): void => {
    if (!hasFound) return;
    setLeft(null);
    setWantsEnd(false);
    setChosen((chosen + by + found.rows.length) % found.rows.length);
  };
  const openFinding = (): void => {
    setFinding(true);
    requestAnimationFrame(() => input.current?.focus());
  };
  const closeFinding = (): void => {
    // One stays where one is.
    if (current !== undefined && left !== target) {
      setNamed(target);
      setWantsEnd(false);
    }
    setFinding(false);
  };
  const toEnd = (): void => {
    setLeft(target);
    setWantsEnd(true);
  };
  const link = (row: number): void => {
    history.replaceState(history.state, '', `#L${row + 1}`);
    setWantsEnd(false);
    setNamed({ row });
    void navigator.clipboard?.writeText(location.href).then(
      () => toast(`The link to ${noun} ${(row + 1).toLocaleString()} is copied`),
      () => undefined,
    );
  };
  const plural = count === 1 ? noun : noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;

  return (
    <div
      className={cx(
        'border-line bg-sunken flex min-h-0 flex-col overflow-hidden rounded-lg border',
        className,
      )}
    >
      <div className="border-line text-muted flex min-h-9 shrink-0 flex-wrap items-center gap-x-2 border-b px-2 text-xs">
        {switcher}
        <span className="num pl-1">
          {count.toLocaleString()} {plural}
        </span>
        <span>
          {ended ? 'ended' : !hasRead || state.isBehind ? 'reading' : follows ? 'following' : 'paused here'}
        </span>
        <span className="ml-auto" />
        {!follows && (
          <Button size="small" tone="ghost" icon={<ArrowDownToLine size={13} aria-hidden />} onClick={toEnd}>
            <Wide>To the end</Wide>
          </Button>
        )}
        {actions}
        {isLinkable && current !== undefined && (
          <Button
            size="small"
            tone="ghost"
            icon={<Link2 size={13} aria-hidden />}
            onClick={() => link(current)}
          >
            <Wide>Copy link</Wide>
          </Button>
        )}
        <Button
          size="small"
          tone="ghost"
          icon={<Search size={13} aria-hidden />}
          aria-pressed={isFinding}
          onClick={() => (isFinding ? closeFinding() : openFinding())}
        >
          <Wide>Find</Wide>
        </Button>
        <Button
          size="small"
          tone="ghost"
          icon={<Download size={13} aria-hidden />}
          blocked={count === 0 && 'There is nothing to download yet.'}
          onClick={() => void download(name, count, textOf)}
        >
          <Wide>Download</Wide>
        </Button>
      </div>
      {isFinding && (
        <form
          role="search"
          className="border-line flex shrink-0 items-center gap-1.5 border-b px-2 py-1 text-xs"
          onSubmit={(event) => {
            event.preventDefault();
            step(1);
          }}
        >
          <input
            ref={input}
            type="search"
            aria-label={`Find in the ${label.toLowerCase()}`}
            placeholder="Find"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setChosen(0);
              setLeft(null);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Escape') closeFinding();
              else if (event.key === 'Enter' && event.shiftKey) {
                event.preventDefault();
                step(-1);
              }
            }}
            className="border-line bg-surface h-7 min-w-0 flex-1 rounded border px-2 text-sm"
          />
          <span role="status" className="num text-muted whitespace-nowrap">
            {query === ''
              ? ''
              : hasFound
                ? `${(chosen + 1).toLocaleString()} of ${found.rows.length.toLocaleString()}${found.isCut ? ' and more' : ''}${found.isLooking ? ' …' : ''}`
                : found.isLooking
                  ? 'looking …'
                  : 'not found'}
          </span>
          <IconButton label="Previous" disabled={!hasFound} onClick={() => step(-1)}>
            <ChevronUp size={14} aria-hidden />
          </IconButton>
          <IconButton label="Next" disabled={!hasFound} onClick={() => step(1)}>
            <ChevronDown size={14} aria-hidden />
          </IconButton>
          <IconButton label="Close the search" onClick={closeFinding}>
            <X size={14} aria-hidden />
          </IconButton>
        </form>
      )}
      {error ? <ProblemNote error={error} className="m-2" /> : null}
      {count === 0 ? (
        <div role="log" aria-label={label} className="min-h-0 flex-1 py-1.5">
          <p className="text-muted px-3 py-2 text-sm">
            {hasRead ? (ended ? 'No output' : quiet) : 'Reading …'}
          </p>
        </div>
      ) : (
        <LongList
          count={count}
          estimate={estimate}
          overscan={overscan}
          label={label}
          follows={follows}
          onFollow={(isAtEnd) => {
            setLeft(target);
            setWantsEnd(isAtEnd);
          }}
          target={target}
          className="py-1.5"
        >
          {(row) =>
            children(row, {
              query: words,
              isCurrent: row === current || (current === undefined && row === named?.row),
              link: isLinkable ? () => link(row) : null,
            })
          }
        </LongList>
      )}
    </div>
  );
}

/** The word beside a sign; on a phone the sign is enough to see. */
export function Wide({ children }: { children: ReactNode }) {
  return <span className="max-md:sr-only">{children}</span>;
}

/** Rows that are put together before others get their turn. */
const ROWS_A_GO = 20_000;

/** A file of all that came so far, made in pieces. */
async function download(name: string, count: number, textOf: (row: number) => string): Promise<void> {
  const parts: string[] = [];
  for (let from = 0; from < count; from += ROWS_A_GO) {
    const rows = Math.min(ROWS_A_GO, count - from);
    parts.push(Array.from({ length: rows }, (_, i) => `${textOf(from + i)}\n`).join(''));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
