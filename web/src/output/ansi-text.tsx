/** A line of terminal output as spans: colours become classes, everything else stays text. No markup is ever made from it. */
import Anser from 'anser';
import { memo } from 'react';
import { revealHidden } from '../format/reveal-hidden.ts';
import { cx } from '../ui/cx.ts';

const DECORATIONS: Record<string, string> = {
  bold: 'font-semibold',
  dim: 'opacity-75',
  italic: 'italic',
  underline: 'underline',
  strikethrough: 'line-through',
};

export const AnsiText = memo(function AnsiText({ text }: { text: string }) {
  // eslint-disable-next-line no-control-regex
  if (!text.includes('\u001b')) return <>{revealHidden(text.replace(/\r$/, ''))}</>;
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
          {revealHidden(token.content)}
        </span>
      ))}
    </>
  );
});
