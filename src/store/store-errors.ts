/** How a store says that it cannot write now, or no more. All are answered with 503. */

/** What the database's file holds is no database any more, or not all of it. */
export class StoreDamaged extends Error {
  constructor(cause: unknown) {
    super(
      `the database is damaged (${cause instanceof Error ? cause.message : String(cause)}): stop the server, keep the file, and restore the last backup with mctl restore`,
      { cause },
    );
    this.name = 'StoreDamaged';
  }
}

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
