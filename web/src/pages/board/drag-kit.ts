/**
 * The machinery of the board, as a set of parts: dragging, and drawing of long columns. The first paint uses the plain
 * set, which shows the top of each column; the real one is loaded right after it, and the board is mounted anew with
 * that. So the board is there before its machinery.
 */
import { createContext, use, type ComponentType, type ReactNode } from 'react';
import type { DraggableAttributes, DraggableSyntheticListeners } from '@dnd-kit/core';
import type { Ticket } from '../../../../src/contract/shapes.ts';

export interface DragFrameProps {
  onLift: (ticket: Ticket | null) => void;
  onDrop: (ticket: Ticket, column: string) => void;
  /** What dropping it there would do, or why it cannot be; spoken to who cannot see it. */
  describe: (ticket: Ticket, column: string) => string;
  /** What follows the pointer. */
  lifted: ReactNode;
  children: ReactNode;
}

export interface CardListProps {
  items: Ticket[];
  scroller: HTMLElement | null;
  /** Called when the end of what has been read is nearly in sight. */
  onNearEnd: () => void;
  /** The height of most of them, px. */
  estimate?: number;
  gap?: number;
  children: (ticket: Ticket) => ReactNode;
}

export interface DragKit {
  name: 'plain' | 'dragging';
  Frame: ComponentType<DragFrameProps>;
  CardList: ComponentType<CardListProps>;
  useLift: (
    ticket: Ticket,
    disabled: boolean,
  ) => {
    setNodeRef: ((element: HTMLElement | null) => void) | undefined;
    listeners: DraggableSyntheticListeners;
    attributes: Pick<DraggableAttributes, 'aria-describedby'> | undefined;
    isDragging: boolean;
  };
  useSpot: (
    id: string,
    column: string,
    label: string,
    disabled: boolean,
  ) => { setNodeRef: ((element: HTMLElement | null) => void) | undefined; isOver: boolean };
}

/** As many as a tall window shows. */
const FIRST_CARDS = 14;

export const plainKit: DragKit = {
  name: 'plain',
  Frame: ({ children }) => children,
  CardList: ({ items, children }) => items.slice(0, FIRST_CARDS).map(children),
  useLift: () => ({ setNodeRef: undefined, listeners: undefined, attributes: undefined, isDragging: false }),
  useSpot: () => ({ setNodeRef: undefined, isOver: false }),
};

export const DragKitContext = createContext<DragKit>(plainKit);
export const useDragKit = (): DragKit => use(DragKitContext);
