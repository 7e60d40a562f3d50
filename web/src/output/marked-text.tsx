/** Text in which the words that are looked for are marked. Hidden characters are made visible, as everywhere. */
import { Fragment } from 'react';
import { revealHidden } from '../format/reveal-hidden.ts';

export function MarkedText({ text, query }: { text: string; query: string }) {
  if (query === '') return <>{revealHidden(text)}</>;
  const words = query.toLowerCase();
  const lower = text.toLowerCase();
  // A character whose lower case is longer would move what comes after it.
  if (lower.length !== text.length || !lower.includes(words)) return <>{revealHidden(text)}</>;
  const parts: { text: string; isFound: boolean }[] = [];
  let from = 0;
  for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
    parts.push({ text: text.slice(from, at), isFound: false });
    from = at + words.length;
    parts.push({ text: text.slice(at, from), isFound: true });
  }
  parts.push({ text: text.slice(from), isFound: false });
  return (
    <>
      {parts.map((part, i) =>
        part.isFound ? (
          <mark key={i} className="bg-amber-soft text-text rounded-xs">
            {revealHidden(part.text)}
          </mark>
        ) : (
          <Fragment key={i}>{revealHidden(part.text)}</Fragment>
        ),
      )}
    </>
  );
}
