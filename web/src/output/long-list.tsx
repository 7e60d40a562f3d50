/**
 * A list of any number of rows, of which only those in sight are drawn. It follows the end until one scrolls up, and
 * again once one comes back to it.
 */
import { type ReactNode, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';
import { ListWindow, type Target } from './list-window.ts';

const REST_MS = 200;

export function LongList({
  count,
  estimate,
  overscan,
  label,
  role = 'log',
  follows,
  onFollow,
  target,
  className,
  children,
}: {
  count: number;
  /** The usual height of a row, in pixels. */
  estimate: number;
  /** How many rows are drawn beyond what is in sight. */
  overscan: number;
  label: string;
  role?: 'log' | 'group';
  follows: boolean;
  onFollow: (follows: boolean) => void;
  /** Brings a row into view, each time it is another object. */
  target: Target | null;
  className: string;
  children: (row: number) => ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<HTMLDivElement>(null);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [list] = useState(() => new ListWindow(estimate, overscan));
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const { first, last, shift, size } = list.place(count, follows, target);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const { paddingTop, paddingBottom } = getComputedStyle(element);
    // Padding is scrolled with the rows: what is above and below them is no place for one.
    const padding = Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
    const observer = new ResizeObserver(() => {
      if (list.resize({ height: element.clientHeight - padding, width: element.clientWidth })) draw();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [list]);

  // After each drawing: it ends, as heights that are known are not news.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !list.isMeasurable) return;
    const rows = [...(drawn.current?.children ?? [])];
    if (
      list.measured(
        first,
        rows.map((row) => row.getBoundingClientRect().height),
      )
    ) {
      draw();
      return;
    }
    const wanted = list.wanted();
    if (wanted === null) return;
    if (Math.abs(element.scrollTop - wanted) >= 1) element.scrollTop = wanted;
    if (list.settledAt(element.scrollTop)) draw();
  });
  useEffect(() => () => clearTimeout(rest.current), []);

  const onScroll = (): void => {
    const moved = list.scrolledTo(box.current?.scrollTop ?? 0);
    if (moved === null) return;
    clearTimeout(rest.current);
    if (moved.isAhead) {
      rest.current = setTimeout(() => {
        list.rest();
        draw();
      }, REST_MS);
    }
    onFollow(moved.follows);
    draw();
  };

  return (
    <div
      ref={box}
      tabIndex={0}
      role={role}
      aria-live={role === 'log' ? 'off' : undefined}
      aria-label={label}
      className={`min-h-0 flex-1 overflow-auto outline-offset-[-2px] [overflow-anchor:none] ${className}`}
      onScroll={onScroll}
    >
      <div className="relative min-w-full overflow-hidden" style={{ height: size }}>
        <div ref={drawn} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${shift}px)` }}>
          {list.isMeasurable &&
            Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (
              <div key={first + i} data-index={first + i}>
                {children(first + i)}
              </div>
            ))}
        </div>
      </div>
    </div>
  );
}
