/** One entry of a transcript. All of it is the agent's own text: it is shown as text, and nothing in it is followed. */
import { memo } from 'react';
import type { Block, ToolBlock } from '../../../src/client/transcript-reader.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { clockTime } from '../format/time.ts';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { SafeInline } from '../ui/safe-inline.tsx';
import { SafeText } from '../ui/safe-text.tsx';
import { AnsiText } from './ansi-text.tsx';

/** Blocks change in place: the revision says when to draw one again. */
export const TranscriptBlock = memo(function TranscriptBlock({ block }: { block: Block; revision: number }) {
  return <div title={clockTime(block.at)}>{bodyOf(block)}</div>;
});

function bodyOf(block: Block) {
  switch (block.kind) {
    case 'message':
      return <SafeText text={block.text} className="text-sm break-words" />;
    case 'thought':
      return <SafeText text={block.text} className="text-muted text-sm break-words italic" />;
    case 'prompt':
      return (
        <details className="border-accent border-l-2 pl-2">
          <summary className="text-muted cursor-pointer text-xs">
            The agent was told: <SafeInline text={firstLine(block.text)} />
          </summary>
          <Verbatim text={block.text} />
        </details>
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
      return <Tool block={block} />;
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
      return <Verbatim text={block.text} stream={block.stream} />;
  }
}

const STATES: Record<NonNullable<ToolBlock['state']>, BadgeTone> = {
  pending: 'neutral',
  running: 'accent',
  completed: 'green',
  failed: 'red',
};

function Tool({ block }: { block: ToolBlock }) {
  const state = block.state ?? 'pending';
  const isLong = block.output.length > 2000;
  const input = block.input !== undefined && block.input !== block.title ? block.input : null;
  return (
    <details open={state === 'running' || state === 'failed' || (!isLong && block.output !== '')}>
      <summary className="flex cursor-pointer flex-wrap items-center gap-2 text-xs">
        <Badge tone={STATES[state]}>
          {state}
          {block.exitCode != null && block.exitCode !== 0 ? ` (exit code ${block.exitCode})` : ''}
        </Badge>
        {block.tool && (
          <span className="text-faint">
            <SafeInline text={block.tool} />
          </span>
        )}
        <span className="min-w-0 flex-1 truncate font-mono">
          <SafeInline text={block.title ?? block.id} />
        </span>
      </summary>
      {input !== null && <Verbatim text={input} />}
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
          {diff.before !== null && <Verbatim text={diff.before} className="bg-red-soft/40" />}
          <Verbatim text={diff.after} className="bg-green-soft/40" />
        </div>
      ))}
      {block.output !== '' && <Verbatim text={block.output} />}
    </details>
  );
}

function Verbatim({ text, stream, className = '' }: { text: string; stream?: string; className?: string }) {
  return (
    <pre
      title={stream}
      className={`bg-surface border-line mt-1 max-h-96 overflow-auto rounded border px-2 py-1 font-mono text-xs leading-[18px] break-all whitespace-pre-wrap ${className}`}
    >
      <AnsiText text={text} />
    </pre>
  );
}

function Note({ tone, word, children }: { tone: BadgeTone; word: string; children: React.ReactNode }) {
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
