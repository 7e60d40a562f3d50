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
} from '@dnd-kit/core';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { DragFrameProps, DragKit } from './drag-kit.ts';
import { betweenColumns } from './keyboard-moves.ts';
import { VirtualList } from './virtual-list.tsx';

/** The column under the pointer; for the keyboard, which has none, the column that the card covers most. */
const whereItIs: CollisionDetection = (args) => {
  const under = pointerWithin(args);
  return under.length > 0 ? under : rectIntersection(args);
};

const columnOf = (data: unknown): { column: string; label: string } | undefined =>
  data as { column: string; label: string } | undefined;
const ticketOf = (data: unknown): Ticket | undefined => (data as { ticket?: Ticket } | undefined)?.ticket;

function Frame({ onLift, onDrop, describe, lifted, children }: DragFrameProps) {
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 6 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, {
      keyboardCodes: { start: ['Space'], cancel: ['Escape'], end: ['Space', 'Enter'] },
      coordinateGetter: betweenColumns,
    }),
  );
  const onDragEnd = ({ active, over }: DragEndEvent): void => {
    const ticket = ticketOf(active.data.current);
    const to = columnOf(over?.data.current);
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
            const to = columnOf(over?.data.current);
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
