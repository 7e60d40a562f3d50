/**
 * What the board needs for dragging, as a set of parts. The first paint uses the plain set, which cannot drag; the real
 * one is loaded right after it, and the board is mounted anew with that. So the board is there before its machinery.
 */
import { createContext, use, type ComponentType, type ReactNode } from 'react';
import type { DraggableAttributes, DraggableSyntheticListeners } from '@dnd-kit/core';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { TicketStatus } from '../../../../src/domain/words.ts';

export interface DragFrameProps {
  onLift: (ticket: Ticket | null) => void;
  onDrop: (ticket: Ticket, to: TicketStatus) => void;
  /** What follows the pointer. */
  lifted: ReactNode;
  children: ReactNode;
}

export interface DragKit {
  name: 'plain' | 'dragging';
  Frame: ComponentType<DragFrameProps>;
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
    status: TicketStatus,
    disabled: boolean,
  ) => { setNodeRef: ((element: HTMLElement | null) => void) | undefined; isOver: boolean };
}

export const plainKit: DragKit = {
  name: 'plain',
  Frame: ({ children }) => children,
  useLift: () => ({ setNodeRef: undefined, listeners: undefined, attributes: undefined, isDragging: false }),
  useSpot: () => ({ setNodeRef: undefined, isOver: false }),
};

export const DragKitContext = createContext<DragKit>(plainKit);
export const useDragKit = (): DragKit => use(DragKitContext);
