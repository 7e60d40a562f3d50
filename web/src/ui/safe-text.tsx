/** Text of agents and strangers: shown as text, with its hidden characters made visible. */
import { lazy, Suspense } from 'react';
import { revealHidden } from '../format/reveal-hidden.ts';
import { Spare } from './spare.tsx';

const Markdown = lazy(() => import('./markdown.tsx'));

export function SafeMarkdown({ text }: { text: string }) {
  const shown = revealHidden(text);
  // What cannot be drawn, or drawn yet, is still read.
  const plain = <p className="text-base leading-6 whitespace-pre-wrap">{shown}</p>;
  return (
    <Spare fallback={() => plain}>
      <Suspense fallback={plain}>
        <Markdown text={shown} />
      </Suspense>
    </Spare>
  );
}

/** Plain text, with `code` in its own type. */
export function SafeText({ text, className }: { text: string; className?: string }) {
  const parts = revealHidden(text).split(/`([^`\n]+)`/);
  return (
    <p className={`leading-6 whitespace-pre-wrap ${className ?? ''}`}>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <code key={i} className="bg-hover rounded px-1 py-0.5 font-mono text-[0.85em]">
            {part}
          </code>
        ) : (
          part
        ),
      )}
    </p>
  );
}
