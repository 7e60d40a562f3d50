/** A store as the conformance suites get it, and the smallest plans to commit to it. */
import type { Actor } from '../../domain/words.ts';
import type { LoadTarget } from '../load-target.ts';
import type { CommitPlan, NewEvent, Store } from '../port.ts';

export interface StoreUnderTest {
  store: Store;
  /** Opens the same database again, as after a restart. */
  reopen: () => Promise<Store>;
  /** Another database of the same kind, with nothing in it. */
  another: () => Promise<{ target: LoadTarget; open: (unfinished?: boolean) => Promise<Store> }>;
  /** Runs one statement beside the store, while it is closed. */
  execute: (sql: string) => Promise<void>;
  /** The database's clock, moved by the test. */
  advance: (ms: number) => void;
  dispose: () => Promise<void>;
}

const actor: Actor = { kind: 'human', id: 'ada' };
export const event = (type: string, data: unknown = {}): NewEvent => ({ type, actor, at: 1000, data });
export const append = (stream: string, expected: number, ...events: NewEvent[]): CommitPlan => ({
  appends: [{ stream, expected, events }],
  rows: [],
});
