/** A database that is filled from a dump: all of it or nothing, and no server opens it before it is finished. */
import type { TablePage } from './port.ts';

export interface LoadTarget {
  /** `half` is what a load that was broken off has left. */
  state(): Promise<'empty' | 'half' | 'full'>;
  /** The id of the move that has left a half; null where it is no half, or a restore has left it. */
  halfOf(): Promise<string | null>;
  /** Whether somebody has it open as a store: where several servers may, no lock of a directory says so. */
  isServed(): Promise<boolean>;
  /**
   * Fills it in one transaction, brings it to this version's schema, and fences what is older; nobody dispatches on it
   * for `holdMs`. Takes the place of a half.
   * @param from.move the id of the move that it is a part of; null for a restore
   */
  load(from: {
    schema: number;
    at: number;
    pages: AsyncIterable<TablePage>;
    holdMs: number;
    move: string | null;
  }): Promise<void>;
  /** All is verified: servers may open it. */
  finish(): Promise<void>;
  close(): Promise<void>;
}
