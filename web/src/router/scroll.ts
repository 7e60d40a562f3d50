/**
 * Scrolled places. What scrolls and is marked with `data-scroll-restoration-id` is where it was when one goes back; a
 * new page begins at its top, or at the part that its address names. Pages fill after they have appeared, so a place
 * that is not there yet is waited for, until the person scrolls.
 */
import type { Place } from './history.ts';

const PATIENCE_MS = 2_000;
const STEADY_FRAMES = 5;
const MOST_KEPT = 100;

/** By key of the history's entry: how far each list of the page was scrolled. */
const kept = new Map<string, Map<string, number>>();
let currentKey = '';
let settling: (() => void) | null = null;

history.scrollRestoration = 'manual';

document.addEventListener(
  'scroll',
  ({ target }) => {
    if (!(target instanceof HTMLElement) || settling) return;
    const id = target.dataset['scrollRestorationId'];
    if (id === undefined) return;
    const places = kept.get(currentKey) ?? new Map<string, number>();
    kept.delete(currentKey);
    kept.set(currentKey, places.set(id, target.scrollTop));
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  },
  { capture: true, passive: true },
);

const scrollers = (): HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>('[data-scroll-restoration-id]'),
];

/** Called when a page has been drawn. */
export function settleScroll({ key, hash, how }: Place): void {
  currentKey = key;
  if (how === 'here') return;
  settling?.();
  const wanted = how === 'went' ? undefined : kept.get(key);
  if (how !== 'arrived')
    for (const each of scrollers())
      each.scrollTop = wanted?.get(each.dataset['scrollRestorationId'] ?? '') ?? 0;
  if (wanted !== undefined) settle(() => isRestored(wanted));
  else if (hash !== '') settle(() => showPart(hash));
}

function isRestored(wanted: ReadonlyMap<string, number>): boolean {
  const lists = scrollers();
  return [...wanted].every(([id, top]) => {
    const list = lists.find((each) => each.dataset['scrollRestorationId'] === id);
    if (!list) return false;
    if (list.scrollTop !== top) list.scrollTop = top;
    return Math.abs(list.scrollTop - top) < 2;
  });
}

function showPart(hash: string): boolean {
  const part = document.getElementById(hash);
  part?.scrollIntoView({ block: 'start' });
  return part !== null;
}

/**
 * @param step returns true when it has arrived; a list that is still being laid out may lead away again, so it has to be
 *   there for some frames
 */
function settle(step: () => boolean): void {
  let steady = step() ? 1 : 0;
  const end = performance.now() + PATIENCE_MS;
  const HANDS = ['wheel', 'touchmove', 'keydown', 'pointerdown'] as const;
  let frame = 0;
  const stop = (): void => {
    cancelAnimationFrame(frame);
    for (const hand of HANDS) removeEventListener(hand, stop, { capture: true });
    settling = null;
  };
  const look = (): void => {
    steady = step() ? steady + 1 : 0;
    if (steady >= STEADY_FRAMES || performance.now() > end) stop();
    else frame = requestAnimationFrame(look);
  };
  settling = stop;
  for (const hand of HANDS) addEventListener(hand, stop, { capture: true, passive: true });
  frame = requestAnimationFrame(look);
}
