/** How a store says that it cannot write now, or no more. Both are answered with 503. */

export class StoreBroken extends Error {
  constructor(cause: unknown) {
    super(
      `the store has stopped accepting writes after: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.name = 'StoreBroken';
  }
}

/** The database cannot take the change now; it may be tried again. */
export class StoreBusy extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreBusy';
  }
}
