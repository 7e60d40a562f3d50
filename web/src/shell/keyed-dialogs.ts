/** The dialogs in which one types as soon as their key is pressed; fetched ahead, when there is time. */
import { lazyPart } from '../ui/lazy-part.ts';

const palette = lazyPart(() => import('./palette.tsx'));
const picker = lazyPart(() => import('./ticket-picker.tsx'));

export const Palette = palette.Part;
export const TicketPicker = picker.Part;

export function preloadKeyedDialogs(): void {
  for (const { preload } of [picker, palette]) preload().catch(() => undefined);
}
