/**
 * Looks through rows for words, some thousand at a time, so that a million of them never hold up a key or a scroll.
 * Rows that come in later are looked at as they come.
 */

/** Enough to step through by hand. */
const MOST_FOUND = 10_000;
/** How long one go may last, in milliseconds. */
const GO_MS = 10;
/** Rows between two looks at the clock. */
const STRIDE = 20;

export interface Found {
  /** Rows, from the first. */
  rows: readonly number[];
  isLooking: boolean;
  /** There are more than are kept. */
  isCut: boolean;
}

const NOTHING: Found = { rows: [], isLooking: false, isCut: false };

export class RowFinder {
  #words = '';
  #upTo = 0;
  #rows: number[] = [];
  #found: Found = NOTHING;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  getFound = (): Found => this.#found;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * Looks for these words in these rows, from where it was when they are the same words; '' is nothing.
   * @param textOf the text of a row, without what only a terminal obeys
   */
  look(query: string, count: number, textOf: (row: number) => string): void {
    clearTimeout(this.#timer);
    const words = query.toLowerCase();
    if (words !== this.#words) {
      this.#words = words;
      this.#upTo = 0;
      this.#rows = [];
      this.#tell(words === '' ? NOTHING : { ...NOTHING, isLooking: true });
    }
    if (words !== '' && this.#upTo < count) this.#timer = setTimeout(() => this.#go(count, textOf), 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #go(count: number, textOf: (row: number) => string): void {
    const ends = performance.now() + GO_MS;
    do {
      const to = Math.min(count, this.#upTo + STRIDE);
      for (let row = this.#upTo; row < to; row += 1)
        if (textOf(row).toLowerCase().includes(this.#words)) this.#rows.push(row);
      this.#upTo = to;
    } while (this.#upTo < count && this.#rows.length < MOST_FOUND && performance.now() < ends);
    const isCut = this.#rows.length >= MOST_FOUND;
    const isLooking = this.#upTo < count && !isCut;
    const isNews = this.#rows.length !== this.#found.rows.length || isLooking !== this.#found.isLooking;
    if (isNews) this.#tell({ rows: [...this.#rows], isLooking, isCut });
    if (isLooking) this.#timer = setTimeout(() => this.#go(count, textOf), 0);
  }

  #tell(found: Found): void {
    this.#found = found;
    for (const listener of this.#listeners) listener();
  }
}
