/** A column's cards, drawn only where one looks. */
import { measureElement, useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useState } from 'react';
import type { CardListProps } from './drag-kit.ts';

/**
 * How high each ticket's card was drawn last. A list that is mounted again begins with that, so that it can be scrolled to
 * where it had been, and nothing moves under one's eyes.
 */
const heights = new Map<string, number>();
const MOST_HEIGHTS = 5_000;

export function VirtualList({ items, scroller, onNearEnd, estimate = 92, gap = 6, children }: CardListProps) {
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const [margin, setMargin] = useState(0);
  // Where several lists share a scroller, each has to know how far down it begins; what is above may grow.
  useLayoutEffect(() => {
    if (!box || !scroller) return undefined;
    const measure = (): void =>
      setMargin(
        Math.round(
          box.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop,
        ),
      );
    measure();
    const parent = box.closest('[data-lists]');
    if (!parent) return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(parent);
    return () => observer.disconnect();
  }, [box, scroller]);
  // oxlint-disable-next-line react/incompatible-library -- no React Compiler here
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: (i) => heights.get(`${estimate}:${items[i]?.key}`) ?? estimate,
    measureElement: (element, entry, instance) => {
      const height = measureElement(element, entry, instance);
      const key = items[instance.indexFromElement(element)]?.key;
      if (heights.size > MOST_HEIGHTS) heights.clear();
      if (key !== undefined) heights.set(`${estimate}:${key}`, height);
      return height;
    },
    scrollMargin: margin,
    getItemKey: (i) => items[i]?.key ?? i,
    gap,
    overscan: 6,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= items.length - 8) onNearEnd();
  }, [last, items.length, onNearEnd]);
  return (
    <div ref={setBox} className="relative w-full" style={{ height: virtual.getTotalSize() }}>
      {rows.map((row) => {
        const ticket = items[row.index];
        if (!ticket) return null;
        return (
          <div
            key={row.key}
            ref={virtual.measureElement}
            data-index={row.index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start - margin}px)` }}
          >
            {children(ticket)}
          </div>
        );
      })}
    </div>
  );
}
