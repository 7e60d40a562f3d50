/** A transcript as it grows: entries that can be folded, looked through and linked to. */
import { ChevronsDownUp, ChevronsUpDown } from 'lucide-react';
import { useCallback, useState, useSyncExternalStore } from 'react';
import type { Block } from '../../../src/client/transcript-reader.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { blockText } from './block-text.ts';
import { LogFrame, type LogLooks, Wide } from './log-frame.tsx';
import type { OutputLog } from './output-log.ts';
import { TranscriptBlock } from './transcript-block.tsx';
import './ansi.css';

/** What one has opened or closed by hand; of others their own state says. Kept here, as rows out of sight are not. */
interface Folds {
  all: boolean | null;
  own: ReadonlyMap<number, boolean>;
}

export function TranscriptView({ log, ...looks }: LogLooks & { log: OutputLog }) {
  const state = useSyncExternalStore(log.subscribe, log.getState);
  const { blocks } = state;
  const [folds, setFolds] = useState<Folds>({ all: null, own: new Map() });
  const textOf = useCallback((row: number) => (blocks[row] ? blockText(blocks[row]) : ''), [blocks]);
  const isOpen = (block: Block): boolean | null => folds.own.get(block.key) ?? folds.all;
  const fold = (key: number, open: boolean): void =>
    setFolds(({ all, own }) => ({ all, own: new Map(own).set(key, open) }));
  return (
    <LogFrame
      {...looks}
      state={state}
      count={blocks.length}
      noun="entry"
      label="Transcript"
      estimate={56}
      overscan={6}
      textOf={textOf}
      actions={
        <Button
          size="small"
          tone="ghost"
          icon={
            folds.all === false ? (
              <ChevronsUpDown size={13} aria-hidden />
            ) : (
              <ChevronsDownUp size={13} aria-hidden />
            )
          }
          onClick={() => setFolds({ all: folds.all === false ? true : false, own: new Map() })}
        >
          <Wide>{folds.all === false ? 'Unfold all' : 'Fold all'}</Wide>
        </Button>
      }
    >
      {(row, { query, isCurrent, link }) => {
        const block = blocks[row];
        if (!block) return null;
        return (
          <div className={cx('group flex gap-2 px-3 py-1', isCurrent && 'bg-accent-soft')}>
            <div className="min-w-0 flex-1">
              <TranscriptBlock
                block={block}
                revision={block.revision}
                query={query}
                // What was found is shown, however it was folded.
                isOpen={isCurrent && query !== '' ? true : isOpen(block)}
                onFold={fold}
              />
            </div>
            {link && (
              // For the mouse; with keys one finds the entry, and the bar has its address.
              <span
                aria-hidden
                title="Copy a link to this entry"
                className="text-faint num hover:text-text shrink-0 cursor-pointer text-xs opacity-0 select-none group-hover:opacity-100 hover:underline"
                onClick={link}
              >
                #{row + 1}
              </span>
            )}
          </div>
        );
      }}
    </LogFrame>
  );
}
