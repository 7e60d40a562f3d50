/** One entry of a transcript. All of it is the agent's own text: it is shown as text, and nothing in it is followed. */
import { ChevronRight } from 'lucide-react';
import { memo, type ReactNode } from 'react';
import type { Block, ToolBlock } from '../../../src/client/transcript-reader.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { clockTime } from '../format/time.ts';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { SafeInline } from '../ui/safe-inline.tsx';
import { SafeText } from '../ui/safe-text.tsx';
import { cx } from '../ui/cx.ts';
import { Verbatim } from './long-text.tsx';
import { MarkedText } from './marked-text.tsx';

interface Looks {
  /** Words to mark. */
  query: string;
  /** Whether what folds is open; null leaves that to the entry's own state. */
  isOpen: boolean | null;
  onFold: (key: number, open: boolean) => void;
}

/** Blocks change in place: the revision says when to draw one again. */
export const TranscriptBlock = memo(
  function TranscriptBlock({ block, ...looks }: Looks & { block: Block; revision: number }) {
    return <div title={clockTime(block.at)}>{bodyOf(block, looks)}</div>;
  },
  (a, b) => a.block === b.block && a.revision === b.revision && a.query === b.query && a.isOpen === b.isOpen,
);

function bodyOf(block: Block, looks: Looks) {
  const { query } = looks;
  switch (block.kind) {
    case 'message':
      return <Said text={block.text} query={query} />;
    case 'thought':
      return <Said text={block.text} query={query} className="text-muted italic" />;
    case 'prompt':
      return (
        <Fold
          block={block}
          looks={looks}
          isOpen={false}
          className="border-accent border-l-2 pl-2"
          summary={
            <span className="text-muted text-xs">
              The agent was told: <SafeInline text={firstLine(block.text)} />
            </span>
          }
        >
          {() => <Verbatim text={block.text} query={query} />}
        </Fold>
      );
    case 'plan':
      return (
        <ul className="text-sm">
          {block.entries.map((entry, i) => (
            <li key={i} className={entry.state === 'completed' ? 'text-muted' : ''}>
              <span aria-hidden>
                {entry.state === 'completed' ? '☑' : entry.state === 'in_progress' ? '◐' : '☐'}{' '}
              </span>
              <SafeInline text={entry.text} />
              <span className="sr-only"> ({entry.state.replace('_', ' ')})</span>
            </li>
          ))}
        </ul>
      );
    case 'tool':
      return <Tool block={block} looks={looks} />;
    case 'permission':
      return (
        <Note tone={block.outcome === 'allowed' ? 'green' : 'amber'} word={`permission ${block.outcome}`}>
          <SafeInline text={block.title} />
          {block.by && <span className="text-faint"> by {block.by.replaceAll('_', ' ')}</span>}
        </Note>
      );
    case 'usage':
      return <p className="text-faint num text-xs">{usageText(block)}</p>;
    case 'notice':
      return (
        <Note tone="accent" word="Mission Control">
          <SafeInline text={block.text} />
        </Note>
      );
    case 'error':
      return (
        <Note tone="red" word="error">
          <SafeInline text={block.text} />
        </Note>
      );
    case 'turn_end':
      return (
        <p className="text-faint text-xs">
          Turn ended: <SafeInline text={block.reason} />
        </p>
      );
    case 'output':
      return <Verbatim text={block.text} query={query} stream={block.stream} isGrowing />;
  }
}

const STATES: Record<NonNullable<ToolBlock['state']>, BadgeTone> = {
  pending: 'neutral',
  running: 'accent',
  completed: 'green',
  failed: 'red',
};

function Tool({ block, looks }: { block: ToolBlock; looks: Looks }) {
  const { query } = looks;
  const state = block.state ?? 'pending';
  const isLong = block.output.length > 2000;
  const input = block.input !== undefined && block.input !== block.title ? block.input : null;
  return (
    <Fold
      block={block}
      looks={looks}
      isOpen={state === 'running' || state === 'failed' || (!isLong && block.output !== '')}
      summary={
        <span className="inline-flex max-w-full flex-wrap items-center gap-2 align-middle text-xs">
          <Badge tone={STATES[state]}>
            {state}
            {block.exitCode != null && block.exitCode !== 0 ? ` (exit code ${block.exitCode})` : ''}
          </Badge>
          {block.tool && (
            <span className="text-faint">
              <SafeInline text={block.tool} />
            </span>
          )}
          <span className="min-w-0 font-mono break-all">
            <MarkedText text={(block.title ?? block.id).slice(0, LONGEST_TITLE)} query={query} />
          </span>
        </span>
      }
    >
      {() => (
        <>
          {input !== null && <Verbatim text={input} query={query} />}
          {block.locations && (
            <p className="text-muted mt-1 font-mono text-xs break-all">
              <SafeInline
                text={block.locations.map(({ path, line }) => (line ? `${path}:${line}` : path)).join(', ')}
              />
            </p>
          )}
          {block.diffs?.map((diff, i) => (
            <div key={i} className="mt-1">
              <p className="text-muted font-mono text-xs break-all">
                <SafeInline text={diff.path} />
              </p>
              {diff.before !== null && (
                <Verbatim text={diff.before} query={query} className="bg-red-soft/40" />
              )}
              <Verbatim text={diff.after} query={query} className="bg-green-soft/40" />
            </div>
          ))}
          {block.output !== '' && (
            <Verbatim text={block.output} query={query} isGrowing={state === 'running'} />
          )}
        </>
      )}
    </Fold>
  );
}

const LONGEST_TITLE = 2000;

/** What folds: its body is made only while it is open. */
function Fold({
  block,
  looks,
  isOpen,
  summary,
  className,
  children,
}: {
  block: Block;
  looks: Looks;
  /** Unless somebody has said otherwise. */
  isOpen: boolean;
  summary: ReactNode;
  className?: string;
  children: () => ReactNode;
}) {
  const open = looks.isOpen ?? isOpen;
  return (
    <div className={className}>
      <button
        type="button"
        aria-expanded={open}
        className="hover:bg-hover flex w-full items-start gap-1.5 rounded text-left"
        onClick={() => looks.onFold(block.key, !open)}
      >
        <ChevronRight
          size={13}
          aria-hidden
          className={cx('text-faint mt-1 shrink-0 transition-transform', open && 'rotate-90')}
        />
        <span className="min-w-0 flex-1">{summary}</span>
      </button>
      {open && children()}
    </div>
  );
}

/** Beyond this what was said is shown as it was printed, in a box of its own; characters. */
const LONGEST_SAID = 8_000;

function Said({ text, query, className = '' }: { text: string; query: string; className?: string }) {
  if (text.length > LONGEST_SAID) return <Verbatim text={text} query={query} isGrowing />;
  if (query === '') return <SafeText text={text} className={cx('text-sm break-words', className)} />;
  return (
    <p className={cx('text-sm leading-6 break-words whitespace-pre-wrap', className)}>
      <MarkedText text={text} query={query} />
    </p>
  );
}

function Note({ tone, word, children }: { tone: BadgeTone; word: string; children: ReactNode }) {
  return (
    <p className="flex flex-wrap items-baseline gap-2 text-xs">
      <Badge tone={tone}>{word}</Badge>
      <span className="min-w-0 flex-1 break-words whitespace-pre-wrap">{children}</span>
    </p>
  );
}

function usageText({
  inputTokens,
  outputTokens,
  usd,
  contextUsed,
  contextSize,
}: Extract<Block, { kind: 'usage' }>): string {
  return [
    ...(inputTokens === undefined ? [] : [`${inputTokens.toLocaleString()} tokens in`]),
    ...(outputTokens === undefined ? [] : [`${outputTokens.toLocaleString()} out`]),
    ...(usd === undefined ? [] : [`$${usd.toFixed(4)}`]),
    ...(contextUsed === undefined || contextSize === undefined
      ? []
      : [`context ${contextUsed.toLocaleString()} of ${contextSize.toLocaleString()}`]),
  ].join(' · ');
}

function firstLine(text: string): string {
  return revealHidden(text.split('\n')[0]?.slice(0, 200) ?? '');
}
