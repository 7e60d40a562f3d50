/** Changes a part of what the board shows; the rest of the address stays. */
import { currentPlace, navigate } from '../../router/history.ts';
import type { BoardSearch } from './view.ts';

/** @param replace for what is tried out, as filters are: Back then leads to the page before the board */
export function changeView(part: Partial<BoardSearch>, replace = true): void {
  navigate({ to: '/board', search: { ...currentPlace().search, ...part }, replace });
}
