/**
 * Output as it comes: only the lines in sight are drawn. It follows the end until one scrolls up, and goes on following
 * when one comes back to the end.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine, Download } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { clockTime } from '../format/time.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { ProblemNote } from '../ui/problem.tsx';
import { AnsiText } from './ansi-text.tsx';
import { OutputLog } from './output-log.ts';
import './ansi.css';

// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[0-9;:]*m/g;

interface Looks {
  /** Of the file that a download makes. */
  name: string;
  className?: string;
  quiet?: string;
  /** What stands in the bar beside the figures. */
  switcher?: ReactNode;
}

export default function OutputView({ path, ...looks }: Looks & { path: string }) {
  const log = useMemo(() => new OutputLog(path), [path]);
  return <OutputLines log={log} {...looks} />;
}

export function OutputLines({
  log,
  name,
  className,
  quiet = 'No output yet',
  switcher,
}: Looks & { log: OutputLog }) {
  const { lines, ended, hasRead, error, revision } = useSyncExternalStore(log.subscribe, log.getState);
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  // oxlint-disable-next-line react/incompatible-library -- no React Compiler here
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 18,
    overscan: 20,
  });
  useEffect(() => {
    if (follows && lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [follows, lines.length, revision, virtual]);

  const onScroll = (): void => {
    const box = scroller.current;
    if (!box) return;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 32;
    if (isAtEnd) setFollows(true);
  };
  const stopFollowing = (): void => {
    const box = scroller.current;
    if (box && box.scrollHeight > box.clientHeight) setFollows(false);
  };
  const download = (): void => {
    const text = lines.map((line) => line.text.replace(COLOURS, '')).join('\n');
    const url = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };

  return (
    <div
      className={cx(
        'border-line bg-sunken flex min-h-0 flex-col overflow-hidden rounded-lg border',
        className,
      )}
    >
      <div className="border-line text-muted flex h-9 shrink-0 items-center gap-2 border-b px-2 text-xs">
        {switcher}
        <span className="num pl-1">
          {lines.length.toLocaleString()} line{lines.length === 1 ? '' : 's'}
        </span>
        <span>{ended ? 'ended' : hasRead ? (follows ? 'following' : 'paused here') : 'reading'}</span>
        <span className="ml-auto" />
        {!follows && (
          <Button
            size="small"
            tone="ghost"
            icon={<ArrowDownToLine size={13} aria-hidden />}
            onClick={() => setFollows(true)}
          >
            To the end
          </Button>
        )}
        <Button
          size="small"
          tone="ghost"
          icon={<Download size={13} aria-hidden />}
          blocked={lines.length === 0 && 'There is nothing to download yet.'}
          onClick={download}
        >
          Download
        </Button>
      </div>
      {error ? <ProblemNote error={error} className="m-2" /> : null}
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Output"
        className="min-h-0 flex-1 overflow-auto py-1.5 font-mono text-xs outline-offset-[-2px]"
        onScroll={onScroll}
        onWheel={(e) => e.deltaY < 0 && stopFollowing()}
        onTouchMove={stopFollowing}
        onKeyDown={(e) => ['ArrowUp', 'PageUp', 'Home'].includes(e.key) && stopFollowing()}
      >
        {lines.length === 0 ? (
          <p className="text-muted px-3 py-2 font-sans text-sm">
            {hasRead ? (ended ? 'No output' : quiet) : 'Reading …'}
          </p>
        ) : (
          <div className="relative min-w-full" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((row) => {
              const line = lines[row.index];
              if (!line) return null;
              return (
                <div
                  key={row.key}
                  ref={virtual.measureElement}
                  data-index={row.index}
                  className={cx(
                    'absolute inset-x-0 top-0 flex px-3 leading-[18px]',
                    line.stream === 'stderr' && 'bg-amber-soft/40',
                  )}
                  style={{ transform: `translateY(${row.start}px)` }}
                  title={`${clockTime(line.at)} · ${line.stream}`}
                >
                  <span className="min-w-0 flex-1 break-all whitespace-pre-wrap">
                    {line.stream !== 'stdout' && line.stream !== 'stderr' && (
                      <span className="text-faint">{line.stream} </span>
                    )}
                    <AnsiText text={line.text} />
                  </span>
                </div>
              );
            })}
          </div>
        )}
      </div>
    </div>
  );
}
