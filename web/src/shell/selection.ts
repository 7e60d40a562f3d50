/**
 * The tickets that are chosen for one action on all of them. Outside of React's state, so that choosing one of ten
 * thousand draws that one alone anew.
 */
import { useSyncExternalStore } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';

let chosen: ReadonlyMap<string, Ticket> = new Map();
/** Why the last change of it was refused, by key. */
let refusals: ReadonlyMap<string, string> = new Map();
let anchor: string | null = null;
const listeners = new Set<() => void>();
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function set(next: ReadonlyMap<string, Ticket>): void {
  chosen = next;
  if (chosen.size === 0) anchor = null;
  refusals = new Map([...refusals].filter(([key]) => next.has(key)));
  for (const listener of listeners) listener();
}

export const selection = {
  get tickets(): Ticket[] {
    return [...chosen.values()];
  },
  toggle(ticket: Ticket): void {
    const next = new Map(chosen);
    if (!next.delete(ticket.key)) next.set(ticket.key, ticket);
    anchor = ticket.key;
    set(next);
  },
  has: (key: string): boolean => chosen.has(key),
  /** From where the last one was chosen to here, in the order of the list that both stand in. */
  extend(list: readonly Ticket[], to: Ticket): void {
    const from = list.findIndex((ticket) => ticket.key === anchor);
    const end = list.findIndex((ticket) => ticket.key === to.key);
    if (from === -1 || end === -1) {
      selection.toggle(to);
      return;
    }
    const range = list.slice(Math.min(from, end), Math.max(from, end) + 1);
    set(new Map([...chosen, ...range.map((ticket) => [ticket.key, ticket] as const)]));
  },
  add(tickets: readonly Ticket[]): void {
    set(new Map([...chosen, ...tickets.map((ticket) => [ticket.key, ticket] as const)]));
  },
  remove(keys: readonly string[]): void {
    const gone = new Set(keys);
    set(new Map([...chosen].filter(([key]) => !gone.has(key))));
  },
  clear(): void {
    if (chosen.size > 0) set(new Map());
  },
  /** Only what was refused stays chosen, each with its reason. */
  keepRefused(refused: readonly { ticket: Ticket; reason: string }[]): void {
    refusals = new Map(refused.map(({ ticket, reason }) => [ticket.key, reason]));
    set(new Map(refused.map(({ ticket }) => [ticket.key, ticket])));
  },
};

export const useIsChosen = (key: string): boolean => useSyncExternalStore(subscribe, () => chosen.has(key));
export const useHasChosen = (): boolean => useSyncExternalStore(subscribe, () => chosen.size > 0);
export const useChosen = (): ReadonlyMap<string, Ticket> => useSyncExternalStore(subscribe, () => chosen);
export const useRefusals = (): ReadonlyMap<string, string> => useSyncExternalStore(subscribe, () => refusals);
