/**
 * Which rows of a very long list are in sight, and where they stand. What one looks at stays where it is while heights
 * above it become known: the place is kept as a row and a distance from it (the *anchor*), not as pixels from the top.
 *
 * Browsers limit the height of an element, and a million rows are higher. Beyond `LARGEST` the scroll bar stands for
 * the whole list in proportion, while wheel, touch and keys move by as many pixels as they say. As long as somebody
 * scrolls the element's position may so be *ahead* of the list's; the two are brought together when scrolling rests.
 */
import { RowHeights } from './row-heights.ts';

/** Below what any browser can draw, in pixels. */
export const LARGEST = 15_000_000;
/** This near to the end counts as there. */
const AT_END = 32;
/** Where a row that was asked for stands, as a part of the view's height. */
const TARGET_AT = 0.3;
/** A move of the scroll bar below so many views is a step and no jump. */
const STEP_VIEWS = 3;

export interface Target {
  row: number;
}

export interface Place {
  first: number;
  last: number;
  /** How far the drawn rows are moved down within the element, in pixels. */
  shift: number;
  /** The element's height. */
  size: number;
}

export class ListWindow {
  readonly #heights: RowHeights;
  readonly #overscan: number;
  #view = { height: 0, width: 0 };
  #anchor = { row: 0, within: 0 };
  #follows = true;
  #reached: Target | null = null;
  /** Of the element, as it was last seen or set. */
  #scrollTop = 0;
  #isAhead = false;

  /** @param estimate the usual height of a row, in pixels */
  constructor(estimate: number, overscan: number) {
    this.#heights = new RowHeights(estimate);
    this.#overscan = overscan;
  }

  get isMeasurable(): boolean {
    return this.#view.height > 0;
  }

  /** @returns whether the view has another size now */
  resize(view: { height: number; width: number }): boolean {
    const before = this.#view;
    if (view.width !== before.width) this.#heights.forget();
    this.#view = view;
    return view.width !== before.width || view.height !== before.height;
  }

  /** What to draw. A target is gone to once, as soon as its row is there. */
  place(count: number, follows: boolean, target: Target | null): Place {
    this.#heights.setCount(count);
    this.#follows = follows;
    if (target !== null && target !== this.#reached && target.row < count) {
      this.#reached = target;
      this.#anchor = { row: target.row, within: -Math.round(this.#view.height * TARGET_AT) };
      this.#isAhead = false;
    }
    const top = this.#top();
    const first = Math.max(0, this.#heights.rowAt(top) - this.#overscan);
    const last = Math.min(count - 1, this.#heights.rowAt(top + this.#view.height) + this.#overscan);
    const shift = this.#heights.offsetOf(first) - top + this.#scrollTop;
    return { first, last, shift, size: Math.min(this.#heights.total, LARGEST) };
  }

  /** @returns whether heights were learned, so that it has to be drawn again */
  measured(first: number, heights: readonly number[]): boolean {
    let isNew = false;
    for (const [i, height] of heights.entries()) if (this.#heights.set(first + i, height)) isNew = true;
    return isNew;
  }

  /** Where the element should be scrolled to; null while it is ahead, which is right so. */
  wanted(): number | null {
    return this.#isAhead ? null : Math.round(this.#top() * this.#ratio());
  }

  /** The element stands there now, by our own doing. @returns whether that is news */
  settledAt(scrollTop: number): boolean {
    const isNew = scrollTop !== this.#scrollTop;
    this.#scrollTop = scrollTop;
    return isNew;
  }

  /** Somebody scrolled. @returns whether it follows the end from now on, and has to be settled at rest; null for no move */
  scrolledTo(scrollTop: number): { follows: boolean; isAhead: boolean } | null {
    const moved = scrollTop - this.#scrollTop;
    if (Math.abs(moved) < 1) return null;
    const top = this.#top();
    const ratio = this.#ratio();
    const room = Math.min(this.#heights.total, LARGEST) - this.#view.height;
    const isAtEdge = scrollTop <= 0 || scrollTop >= room - 1;
    const isStep = !isAtEdge && Math.abs(moved) < STEP_VIEWS * this.#view.height;
    this.#scrollTop = scrollTop;
    // Setting the element's place would end a scroll that goes on by itself (a flick, a smooth jump of a key).
    this.#isAhead = !isAtEdge;
    const now = this.#clamp(isStep ? top + moved : scrollTop / ratio);
    const row = this.#heights.rowAt(now);
    this.#anchor = { row, within: now - this.#heights.offsetOf(row) };
    const isAtEnd = this.#end() - now < AT_END;
    return { follows: isAtEnd && moved > 0, isAhead: this.#isAhead };
  }

  /** Scrolling rests: the element is brought to where the list is. */
  rest(): void {
    this.#isAhead = false;
  }

  #top(): number {
    if (this.#follows) return this.#end();
    return this.#clamp(this.#heights.offsetOf(this.#anchor.row) + this.#anchor.within);
  }

  #end(): number {
    return Math.max(0, this.#heights.total - this.#view.height);
  }

  #clamp(top: number): number {
    return Math.max(0, Math.min(top, this.#end()));
  }

  /** Pixels of the element for one of the list. */
  #ratio(): number {
    const { total } = this.#heights;
    return total > LARGEST ? (LARGEST - this.#view.height) / (total - this.#view.height) : 1;
  }
}
