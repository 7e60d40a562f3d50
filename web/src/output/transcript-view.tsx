/**
 * A transcript as it grows: only the entries in sight are drawn. It follows the end until one scrolls up, and goes on
 * following when one comes back to the end.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDownToLine } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { ProblemNote } from '../ui/problem.tsx';
import type { OutputLog } from './output-log.ts';
import { TranscriptBlock } from './transcript-block.tsx';

export function TranscriptView({
  log,
  className,
  switcher,
}: {
  log: OutputLog;
  className?: string;
  switcher: ReactNode;
}) {
  const { blocks, ended, error, revision } = useSyncExternalStore(log.subscribe, log.getState);
  const scroller = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  // oxlint-disable-next-line react/incompatible-library -- no React Compiler here
  const virtual = useVirtualizer({
    count: blocks.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 56,
    overscan: 8,
  });
  useEffect(() => {
    if (follows && blocks.length > 0) virtual.scrollToIndex(blocks.length - 1, { align: 'end' });
  }, [follows, blocks.length, revision, virtual]);
  const onScroll = (): void => {
    const box = scroller.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 32) setFollows(true);
  };
  const stopFollowing = (): void => {
    const box = scroller.current;
    if (box && box.scrollHeight > box.clientHeight) setFollows(false);
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
        <span>{ended ? 'ended' : follows ? 'following' : 'paused here'}</span>
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
      </div>
      {error ? <ProblemNote error={error} className="m-2" /> : null}
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Transcript"
        className="min-h-0 flex-1 overflow-auto py-1.5 outline-offset-[-2px]"
        onScroll={onScroll}
        onWheel={(e) => e.deltaY < 0 && stopFollowing()}
        onTouchMove={stopFollowing}
        onKeyDown={(e) => ['ArrowUp', 'PageUp', 'Home'].includes(e.key) && stopFollowing()}
      >
        <div className="relative min-w-full" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((row) => {
            const block = blocks[row.index];
            if (!block) return null;
            return (
              <div
                key={row.key}
                ref={virtual.measureElement}
                data-index={row.index}
                className="absolute inset-x-0 top-0 px-3 py-1"
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <TranscriptBlock block={block} revision={block.revision} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
