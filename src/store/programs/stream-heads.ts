/**
 * What the streams that were written last end with. Only for the one writer of a database, while nobody else can write:
 * it is what the compare-and-swap goes by. Whoever takes anything back forgets all of it.
 */
export interface StreamHead {
  version: number;
  hash: string;
}

/** A megabyte or two. */
const MOST = 5000;

export class StreamHeads {
  readonly #heads = new Map<string, StreamHead | null>();

  /** @returns null where the stream has no event, undefined where nothing is known of it */
  get(stream: string): StreamHead | null | undefined {
    return this.#heads.get(stream);
  }

  set(stream: string, head: StreamHead | null): void {
    this.#heads.set(stream, head);
  }

  /** Before anything is asked: what a plan stands on must not go while the rest of it is read. */
  makeRoom(): void {
    if (this.#heads.size >= MOST) this.#heads.clear();
  }

  forget(): void {
    this.#heads.clear();
  }
}
