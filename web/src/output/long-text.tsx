/** Text as it was printed, in a box of its own: of a long one only the lines in sight are drawn. */
import { useState } from 'react';
import { cx } from '../ui/cx.ts';
import { AnsiText } from './ansi-text.tsx';
import { LongList } from './long-list.tsx';
import { LINE_HEIGHT } from './output-view.tsx';
import { LineSplitter, type OutputLine } from './split-lines.ts';

/** Shorter ones are drawn whole; characters. A line that is longer than all of this is rare, and costs what it costs. */
const WHOLE = 8_000;

const BOX = 'border-line mt-1 rounded border px-2 py-1 font-mono text-xs leading-[18px]';

export function Verbatim({
  text,
  query = '',
  stream,
  isGrowing = false,
  className = 'bg-surface',
}: {
  text: string;
  query?: string;
  stream?: string | undefined;
  /** More of it may come at its end. */
  isGrowing?: boolean;
  /** Of its background. */
  className?: string;
}) {
  if (text.length > WHOLE)
    return <LongText text={text} query={query} isGrowing={isGrowing} className={className} />;
  return (
    <pre
      title={stream}
      className={cx(BOX, 'max-h-96 overflow-auto break-all whitespace-pre-wrap', className)}
    >
      <AnsiText text={text} query={query} />
    </pre>
  );
}

function LongText({
  text,
  query,
  isGrowing,
  className,
}: {
  text: string;
  query: string;
  isGrowing: boolean;
  className: string;
}) {
  const [growing] = useState(() => new GrowingLines());
  const lines = growing.of(text);
  const [follows, setFollows] = useState(isGrowing);
  return (
    <div className={cx(BOX, 'flex h-96 flex-col', className)}>
      <LongList
        count={lines.length}
        estimate={LINE_HEIGHT}
        overscan={10}
        label={`${lines.length.toLocaleString()} lines`}
        role="group"
        follows={follows}
        onFollow={setFollows}
        target={null}
        className=""
      >
        {(row) => (
          <div className="break-all whitespace-pre-wrap">
            <AnsiText text={lines[row]?.text ?? ''} query={query} />
            {lines[row]?.text === '' && '\u00a0'}
          </div>
        )}
      </LongList>
    </div>
  );
}

/** The lines of a text that mostly grows at its end: what was split once is not split again. */
class GrowingLines {
  #splitter = new LineSplitter();
  #length = 0;
  #tail = '';

  of(text: string): readonly OutputLine[] {
    const grew =
      text.length >= this.#length &&
      text.slice(this.#length - this.#tail.length, this.#length) === this.#tail;
    if (!grew) {
      this.#splitter = new LineSplitter();
      this.#length = 0;
    }
    if (text.length > this.#length) {
      this.#splitter.push({ stream: '', at: '', text: text.slice(this.#length) });
      this.#length = text.length;
      this.#tail = text.slice(-64);
    }
    return this.#splitter.lines;
  }
}
