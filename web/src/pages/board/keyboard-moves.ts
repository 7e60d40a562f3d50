/** Arrow keys carry a lifted ticket from column to column, in the order in which they stand on the screen. */
import type { KeyboardCoordinateGetter } from '@dnd-kit/core';

export const betweenColumns: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const step = event.code === 'ArrowRight' ? 1 : event.code === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const columns = [...context.droppableRects.entries()].sort(([, a], [, b]) => a.left - b.left);
  const x = (context.collisionRect?.left ?? currentCoordinates.x) + (context.collisionRect?.width ?? 0) / 2;
  let at = columns.findIndex(([id]) => id === context.over?.id);
  if (at === -1) at = columns.findIndex(([, rect]) => x >= rect.left && x <= rect.right);
  const target = columns[Math.max(0, Math.min(columns.length - 1, at + step))];
  if (!target) return;
  const width = context.collisionRect?.width ?? 0;
  const [, rect] = target;
  return { x: rect.left + (rect.width - width) / 2, y: currentCoordinates.y };
};
