/** A line of terminal output as spans: colours become classes, everything else stays text. No markup is ever made from it. */
import Anser from 'anser';
import { memo } from 'react';
import { cx } from '../ui/cx.ts';
import { MarkedText } from './marked-text.tsx';

const DECORATIONS: Record<string, string> = {
  bold: 'font-semibold',
  dim: 'opacity-75',
  italic: 'italic',
  underline: 'underline',
  strikethrough: 'line-through',
};

/** @param query words to mark */
export const AnsiText = memo(function AnsiText({
  text: whole,
  query = '',
}: {
  text: string;
  query?: string;
}) {
  const text = whole.length > LONGEST_SHOWN ? whole.slice(0, LONGEST_SHOWN) : whole;
  const rest = whole.length - text.length;
  return (
    <>
      <Spans text={text} query={query} />
      {rest > 0 && (
        <span className="text-faint"> … {rest.toLocaleString()} more characters are in the download</span>
      )}
    </>
  );
});

/** What is drawn at once; characters. */
const LONGEST_SHOWN = 20_000;

function Spans({ text, query }: { text: string; query: string }) {
  // eslint-disable-next-line no-control-regex
  if (!text.includes('\u001b')) return <MarkedText text={text.replace(/\r$/, '')} query={query} />;
  const tokens = Anser.ansiToJson(text.replace(/\r$/, ''), {
    json: true,
    remove_empty: true,
    use_classes: true,
  });
  return (
    <>
      {tokens.map((token, i) => (
        <span
          key={i}
          className={cx(
            token.fg &&
              !token.fg.startsWith('ansi-palette') &&
              token.fg !== 'ansi-truecolor' &&
              `fg-${token.fg}`,
            token.bg &&
              !token.bg.startsWith('ansi-palette') &&
              token.bg !== 'ansi-truecolor' &&
              `bg-${token.bg}`,
            ...token.decorations.map((d) => DECORATIONS[d]),
          )}
        >
          <MarkedText text={token.content} query={query} />
        </span>
      ))}
    </>
  );
}
