/**
 * States are read many times for each time that they change, and parsing is most of such a read. The row is read in any
 * case: what is kept is what its very text meant last. It is shared, and nobody may change it.
 */
import type { AlertState } from '../../domain/alert/alert.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import { Recent } from './recent.ts';

/** Texts that are kept with what they mean, of each kind, in either of two generations; a few megabytes at most. */
const GENERATION = 500;

class Parsed<T> {
  readonly #known = new Recent<{ text: unknown; state: T }>(GENERATION);

  parse(key: string, text: unknown): T {
    const known = this.#known.get(key);
    const state = known !== undefined && known.text === text ? known.state : (JSON.parse(String(text)) as T);
    this.keep(key, text, state);
    return state;
  }

  keep(key: string, text: unknown, state: T): void {
    this.#known.set(key, { text, state });
  }
}

export const parsedTickets = new Parsed<Ticket>();
export const parsedItems = new Parsed<InboxItem>();
export const parsedAlerts = new Parsed<AlertState>();
