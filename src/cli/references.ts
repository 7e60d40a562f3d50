/**
 * How people name things: `mc-12` for a ticket, `MC-12/2` for its second attempt, the last characters of an id for
 * anything that has a long one.
 */
import type { Attempt, Ticket } from '../contract/shapes.ts';
import type { Api } from './api.ts';
import { UsageError } from './failures.ts';

const KEY = /^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]{0,9}$/;

export function isTicketKey(given: string): boolean {
  return KEY.test(given.toUpperCase());
}

export function ticketKey(given: string | undefined): string {
  const key = (given ?? '').toUpperCase();
  if (!KEY.test(key))
    throw new UsageError(
      `"${given ?? ''}" is no ticket key.`,
      'write it like MC-12; `mctl list` shows them.',
    );
  return key;
}

/** `MC-12` (the newest), `MC-12/2`, or an attempt's id. */
export async function findAttempt(api: Api, given: string): Promise<Attempt> {
  const match = /^(.+?)(?:\/(\d+))?$/.exec(given);
  const [, name = '', wanted] = match ?? [];
  if (!isTicketKey(name)) return api.get<Attempt>(`/attempts/${encodeURIComponent(given)}`);
  const key = ticketKey(name);
  const { items } = await api.list<Attempt>(`/tickets/${key}/attempts`, {}, 1000);
  const found =
    wanted === undefined
      ? items.reduce<Attempt | undefined>(
          (a, b) => (a === undefined || b.number > a.number ? b : a),
          undefined,
        )
      : items.find((attempt) => attempt.number === Number(wanted));
  if (found !== undefined) return found;
  if (items.length > 0) {
    throw new UsageError(
      `${key} has no attempt ${wanted ?? ''}; it has ${items.map((a) => a.number).join(', ')}.`,
    );
  }
  const ticket = await api.get<Ticket>(`/tickets/${key}`);
  throw new UsageError(
    `Nobody has tried ${key} yet: ${ticket.nextAction.text}.`,
    `mctl why ${key} says what it waits for.`,
  );
}

/** The item whose id is this, or the only one whose id ends like this. */
export function findByEnding<T extends { id: string }>(items: T[], given: string, what: string): T {
  const exact = items.find((item) => item.id === given);
  if (exact) return exact;
  const matches = given.length < 4 ? [] : items.filter((item) => item.id.endsWith(given));
  if (matches.length === 1 && matches[0]) return matches[0];
  throw new UsageError(
    matches.length > 1
      ? `"${given}" fits ${matches.length} of the ${what}.`
      : `None of the ${what} has an id that ends with "${given}".`,
    'give more of the id; --json shows it whole.',
  );
}

/** The end of an id: enough to name it again. */
export function shortId(id: string): string {
  return id.slice(-8);
}
