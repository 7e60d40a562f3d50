/** Output of a program as lines, with their numbers where the page is about it. */
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { clockTime } from '../format/time.ts';
import { cx } from '../ui/cx.ts';
import { AnsiText } from './ansi-text.tsx';
import { LogFrame, type LogLooks, type RowMarks } from './log-frame.tsx';
import { OutputLog } from './output-log.ts';
import { type OutputLine, plainText } from './split-lines.ts';
import './ansi.css';

export default function OutputView({ path, ...looks }: LogLooks & { path: string }) {
  const log = useMemo(() => new OutputLog(path), [path]);
  return <OutputLines log={log} {...looks} />;
}

export function OutputLines({ log, ...looks }: LogLooks & { log: OutputLog }) {
  const state = useSyncExternalStore(log.subscribe, log.getState);
  const { lines } = state;
  const textOf = useCallback((row: number) => plainText(lines[row]?.text ?? ''), [lines]);
  return (
    <LogFrame
      {...looks}
      state={state}
      count={lines.length}
      noun="line"
      label="Output"
      estimate={LINE_HEIGHT}
      overscan={20}
      textOf={textOf}
    >
      {(row, marks) => {
        const line = lines[row];
        return line && <Line line={line} number={row + 1} marks={marks} />;
      }}
    </LogFrame>
  );
}

/** Of `leading-[18px]`, in pixels. */
export const LINE_HEIGHT = 18;

function Line({ line, number, marks }: { line: OutputLine; number: number; marks: RowMarks }) {
  const { link, isCurrent, query } = marks;
  return (
    <div
      className={cx(
        'flex px-3 font-mono text-xs leading-[18px]',
        line.stream === 'stderr' && 'bg-amber-soft/40',
        isCurrent && 'bg-accent-soft',
      )}
      title={`${clockTime(line.at)} · ${line.stream}`}
    >
      {link && (
        // For the mouse; with keys one finds the line, and the bar has its address.
        <span
          aria-hidden
          title="Copy a link to this line"
          className="text-faint num hover:text-text min-w-[5.5ch] shrink-0 cursor-pointer pr-[1.5ch] text-right select-none hover:underline"
          onClick={link}
        >
          {number}
        </span>
      )}
      <span className="min-w-0 flex-1 break-all whitespace-pre-wrap">
        {line.stream !== 'stdout' && line.stream !== 'stderr' && (
          <span className="text-faint">{line.stream} </span>
        )}
        <AnsiText text={line.text} query={query} />
      </span>
    </div>
  );
}
