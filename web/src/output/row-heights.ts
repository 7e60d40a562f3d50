/**
 * Where the rows of a very long list stand, in pixels. A row has an estimated height until it has been drawn and
 * measured. Rows are summed in blocks, so that a million of them cost little memory, and a place is found, or a height
 * changed, in some thousand steps at most.
 */
const BLOCK = 1024;

export class RowHeights {
  readonly #estimate: number;
  #count = 0;
  /** What measured rows differ from the estimate by, by row. */
  readonly #differences = new Map<number, number>();
  /** The same, summed over each block. */
  #blocks: number[] = [];

  /** @param estimate pixels */
  constructor(estimate: number) {
    this.#estimate = estimate;
  }

  get count(): number {
    return this.#count;
  }

  /** Rows come in at the end; fewer rows than before forget the heights of those that are gone. */
  setCount(count: number): void {
    if (count < this.#count) {
      for (const row of this.#differences.keys()) if (row >= count) this.set(row, this.#estimate);
    }
    this.#count = count;
    while (this.#blocks.length * BLOCK < count) this.#blocks.push(0);
  }

  /** @returns whether that changed anything */
  set(row: number, height: number): boolean {
    const difference = height - this.#estimate;
    const before = this.#differences.get(row) ?? 0;
    if (difference === before) return false;
    if (difference === 0) this.#differences.delete(row);
    else this.#differences.set(row, difference);
    const block = Math.floor(row / BLOCK);
    this.#blocks[block] = (this.#blocks[block] ?? 0) + difference - before;
    return true;
  }

  /** For a list of another width: all rows have to be measured again. */
  forget(): void {
    this.#differences.clear();
    this.#blocks = this.#blocks.map(() => 0);
  }

  get total(): number {
    return this.offsetOf(this.#count);
  }

  /** The upper edge of a row; of the row behind the last it is the height of all. */
  offsetOf(row: number): number {
    const block = Math.floor(row / BLOCK);
    let offset = row * this.#estimate;
    for (let i = 0; i < block; i += 1) offset += this.#blocks[i] ?? 0;
    for (let i = block * BLOCK; i < row; i += 1) offset += this.#differences.get(i) ?? 0;
    return offset;
  }

  /** The row that covers this place; the first or last where it lies outside. */
  rowAt(offset: number): number {
    let top = 0;
    let block = 0;
    for (; block < this.#blocks.length - 1; block += 1) {
      const height = BLOCK * this.#estimate + (this.#blocks[block] ?? 0);
      if (top + height > offset) break;
      top += height;
    }
    const end = Math.min(this.#count, (block + 1) * BLOCK);
    for (let row = block * BLOCK; row < end; row += 1) {
      top += this.#estimate + (this.#differences.get(row) ?? 0);
      if (top > offset) return row;
    }
    return Math.max(0, this.#count - 1);
  }
}
