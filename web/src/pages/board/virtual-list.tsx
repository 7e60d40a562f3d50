/** A column's cards, drawn only where one looks. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect } from 'react';
import type { CardListProps } from './drag-kit.ts';

export function VirtualList({ items, scroller, onNearEnd, children }: CardListProps) {
  // oxlint-disable-next-line react/incompatible-library -- no React Compiler here
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: () => 92,
    getItemKey: (i) => items[i]?.key ?? i,
    gap: 6,
    overscan: 6,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= items.length - 8) onNearEnd();
  }, [last, items.length, onNearEnd]);
  return (
    <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
      {rows.map((row) => {
        const ticket = items[row.index];
        if (!ticket) return null;
        return (
          <div
            key={row.key}
            ref={virtual.measureElement}
            data-index={row.index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start}px)` }}
          >
            {children(ticket)}
          </div>
        );
      })}
    </div>
  );
}
