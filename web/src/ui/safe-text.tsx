/** Text of agents and strangers: shown as text, with its hidden characters made visible. */
import { lazy, Suspense } from 'react';
import { revealHidden } from '../format/reveal-hidden.ts';

const Markdown = lazy(() => import('./markdown.tsx'));

export function SafeMarkdown({ text }: { text: string }) {
  const shown = revealHidden(text);
  return (
    <Suspense fallback={<p className="text-base leading-6 whitespace-pre-wrap">{shown}</p>}>
      <Markdown text={shown} />
    </Suspense>
  );
}

export function SafeText({ text, className }: { text: string; className?: string }) {
  return <p className={`leading-6 whitespace-pre-wrap ${className ?? ''}`}>{revealHidden(text)}</p>;
}
