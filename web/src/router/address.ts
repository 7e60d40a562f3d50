/** Addresses inside the app, as text. What a page shows is a path and plain words: `?q=123` as well as `?q=abc`, no JSON. */
export type Search = Readonly<Record<string, string>>;

export interface Address {
  /** A path of this app, as `ticketPath` makes it. */
  to: string;
  /** What narrows the page; empty words are left out. */
  search?: Search;
  hash?: string;
}

export const ticketPath = (key: string): string => `/tickets/${encodeURIComponent(key)}`;
export const attemptPath = (id: string): string => `/attempts/${encodeURIComponent(id)}`;

export function hrefOf({ to, search, hash }: Address): string {
  const params = new URLSearchParams(Object.entries(search ?? {}).filter(([, value]) => value !== ''));
  const query = params.toString();
  return `${to}${query === '' ? '' : `?${query}`}${hash ? `#${hash}` : ''}`;
}

export const readSearch = (text: string): Search => Object.fromEntries(new URLSearchParams(text));
