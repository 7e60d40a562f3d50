/** The place that is on the screen. While a page is on its way that is still the one before it. */
import { createContext, use } from 'react';
import type { Search } from './address.ts';
import { currentPlace, type Place } from './history.ts';

export const PlaceContext = createContext<{ place: Place; params: Readonly<Record<string, string>> }>({
  place: currentPlace(),
  params: {},
});

export const usePathname = (): string => use(PlaceContext).place.pathname;
export const useSearch = (): Search => use(PlaceContext).place.search;
/** A part of the path, as `key` of `/tickets/:key`. */
export const useParam = (name: string): string => use(PlaceContext).params[name] ?? '';
