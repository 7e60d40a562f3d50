/**
 * How long work that nobody waits for (an audit of everything) shares a server with those who do: after each small step
 * it rests for as long as the step took, and when the server stops it is left where it is.
 */

/** Work was left unfinished, as its server stops; its next run begins anew. */
export class Abandoned extends Error {
  constructor() {
    super('the server stops; this begins anew after its next start');
  }
}

/** A step that was held up (the machine slept, a disk hung) says nothing about the next one. */
const MOST_REST_MS = 50;

export class Rests {
  #since = 0;
  #stopped = false;

  /** To be called between steps. Rejects with `Abandoned` once stopped. */
  readonly pause = async (): Promise<void> => {
    if (this.#stopped) throw new Abandoned();
    const restMs = Math.min(performance.now() - this.#since, MOST_REST_MS);
    await new Promise((resolve) => setTimeout(resolve, restMs));
    this.#since = performance.now();
  };

  stop(): void {
    this.#stopped = true;
  }
}
