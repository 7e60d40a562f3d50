/**
 * Where one is, and how one came there. The browser's own history holds the addresses; each entry carries a key, by
 * which a page that is gone back to finds how far it had been scrolled.
 */
import { type Address, hrefOf, readSearch, type Search } from './address.ts';

export interface Place {
  pathname: string;
  search: Search;
  hash: string;
  /** Of the entry in the browser's history. */
  key: string;
  /** `here`: the same page, whose address alone was changed. */
  how: 'arrived' | 'went' | 'back' | 'here';
}

export interface Navigation extends Partial<Address> {
  /** A whole address of this app, in place of its parts. */
  href?: string;
  /** In place of the entry that one is on: for filters and the like. */
  replace?: boolean;
}

const listeners = new Set<(place: Place) => void>();
let count = 0;
const newKey = (): string => `${Date.now().toString(36)}-${(count += 1)}`;
const keyOf = (state: unknown): string | null => {
  const key = (state as { key?: unknown } | null)?.key;
  return typeof key === 'string' ? key : null;
};

function read(how: Place['how']): Place {
  const { pathname, search, hash } = location;
  const known = keyOf(history.state);
  const key = known ?? newKey();
  if (known === null) history.replaceState({ key }, '');
  return { pathname, search: readSearch(search), hash: hash.slice(1), key, how };
}

let current: Place = read('arrived');

export const currentPlace = (): Place => current;

export function subscribe(listener: (place: Place) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function arrive(place: Place): void {
  current = place;
  for (const listener of listeners) listener(place);
}

export function navigate({ href, to, search, hash, replace = false }: Navigation): void {
  const target = href ?? hrefOf({ to: to ?? current.pathname, search, hash });
  const isSame = target === location.pathname + location.search + location.hash;
  // A link to where one is leaves no second entry to go back through.
  const isReplaced = replace || isSame;
  const key = replace ? current.key : newKey();
  history[isReplaced ? 'replaceState' : 'pushState']({ key }, '', target);
  arrive(read(replace && location.pathname === current.pathname ? 'here' : 'went'));
}

addEventListener('popstate', () => {
  const before = current;
  // An entry without a key was made by the browser: a link to a part of the page, which it has shown already.
  const isOwn = keyOf(history.state) !== null;
  const place = read('back');
  const isSamePage = place.pathname === before.pathname && location.hash !== '' && !isOwn;
  arrive(isSamePage ? { ...place, how: 'here' } : place);
});
