/** Dragging by mouse, by a held finger and by keyboard, spoken to who cannot see it. */
import {
  DndContext,
  DragOverlay,
  KeyboardSensor,
  MouseSensor,
  pointerWithin,
  rectIntersection,
  TouchSensor,
  useDraggable,
  useDroppable,
  useSensor,
  useSensors,
  type CollisionDetection,
  type DragEndEvent,
  type DroppableContainer,
  type Over,
} from '@dnd-kit/core';
import { useEffect, useRef } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { DragFrameProps, DragKit } from './drag-kit.ts';
import { betweenColumns } from './keyboard-moves.ts';
import { VirtualList } from './virtual-list.tsx';

interface Spot {
  column: string;
  label: string;
}
const columnOf = (data: unknown): Spot | undefined => data as Spot | undefined;
const ticketOf = (data: unknown): Ticket | undefined => (data as { ticket?: Ticket } | undefined)?.ticket;

/**
 * The column under the pointer; for the keyboard, which has none, under the card's middle: a card is wider than the strip of
 * a folded column, and covers more of that one's neighbours. Between two columns, the one that it covers most. What the library
 * says at the end is what it last drew: on a busy page that is where the pointer was, and not where it was let go.
 */
function useColumnUnder(): {
  whereItIs: CollisionDetection;
  letGoOn: (drawn: Over | null) => Spot | undefined;
} {
  const seen = useRef<Parameters<CollisionDetection>[0] | null>(null);
  const letGoAt = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const forget = (): void => {
      letGoAt.current = null;
    };
    const remember = (event: MouseEvent | TouchEvent): void => {
      const at = 'changedTouches' in event ? event.changedTouches[0] : event;
      letGoAt.current = at ? { x: at.clientX, y: at.clientY } : null;
    };
    const begins = ['mousedown', 'touchstart', 'keydown'] as const;
    const ends = ['mouseup', 'touchend'] as const;
    for (const name of begins) addEventListener(name, forget, true);
    for (const name of ends) addEventListener(name, remember, true);
    return () => {
      for (const name of begins) removeEventListener(name, forget, true);
      for (const name of ends) removeEventListener(name, remember, true);
    };
  }, []);
  const whereItIs: CollisionDetection = (args) => {
    seen.current = args;
    const { left, top, width, height } = args.collisionRect;
    const pointerCoordinates = args.pointerCoordinates ?? { x: left + width / 2, y: top + height / 2 };
    const under = pointerWithin({ ...args, pointerCoordinates });
    return under.length > 0 ? under : rectIntersection(args);
  };
  const letGoOn = (drawn: Over | null): Spot | undefined => {
    const pointerCoordinates = letGoAt.current;
    const [under] =
      seen.current && pointerCoordinates ? pointerWithin({ ...seen.current, pointerCoordinates }) : [];
    const spot = (under?.data as { droppableContainer?: DroppableContainer } | undefined)?.droppableContainer;
    return columnOf((spot ?? drawn)?.data.current);
  };
  return { whereItIs, letGoOn };
}

function Frame({ onLift, onDrop, describe, lifted, children }: DragFrameProps) {
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, {
      keyboardCodes: { start: ['Space'], cancel: ['Escape'], end: ['Space', 'Enter'] },
      coordinateGetter: betweenColumns,
    }),
  );
  const { whereItIs, letGoOn } = useColumnUnder();
  const onDragEnd = ({ active, over }: DragEndEvent): void => {
    const ticket = ticketOf(active.data.current);
    const to = letGoOn(over);
    onLift(null);
    if (ticket && to) onDrop(ticket, to.column);
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={whereItIs}
      onDragStart={({ active }) => onLift(ticketOf(active.data.current) ?? null)}
      onDragCancel={() => onLift(null)}
      onDragEnd={onDragEnd}
      accessibility={{
        screenReaderInstructions: {
          draggable:
            'Press Enter to open the ticket. Press Space to lift it, the left and right arrow keys to choose a column, Space to drop it, Escape to leave it where it was. Or press S for a menu of the possible moves.',
        },
        announcements: {
          onDragStart: ({ active }) => `Lifted ${active.id}.`,
          onDragOver: ({ active, over }) => {
            const to = columnOf(over?.data.current);
            const ticket = ticketOf(active.data.current);
            if (!to || !ticket) return `${active.id} is over no column.`;
            return `${to.label}: ${describe(ticket, to.column)}`;
          },
          onDragEnd: ({ active, over }) => {
            const to = letGoOn(over);
            return to ? `Dropped ${active.id} on ${to.label}.` : `${active.id} stays where it was.`;
          },
          onDragCancel: ({ active }) => `${active.id} stays where it was.`,
        },
      }}
    >
      {children}
      <DragOverlay dropAnimation={null}>{lifted}</DragOverlay>
    </DndContext>
  );
}

export const draggingKit: DragKit = {
  name: 'dragging',
  Frame,
  CardList: VirtualList,
  useLift: (ticket, disabled) => useDraggable({ id: ticket.key, data: { ticket }, disabled }),
  useSpot: (id, column, label, disabled) => useDroppable({ id, data: { column, label }, disabled }),
};
