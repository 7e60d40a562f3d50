/** What a person sets for this browser: the theme, and whether single keys do things. */
import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'dark' | 'light';
const listeners = new Set<() => void>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be off; then the choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const readTheme = (): Theme => {
  const theme = read('mc.theme');
  return theme === 'dark' || theme === 'light' ? theme : 'system';
};
export function setTheme(theme: Theme): void {
  write('mc.theme', theme);
  dispatchEvent(new Event('mc:theme'));
}
export const useTheme = (): Theme => useSyncExternalStore(subscribe, readTheme);

/** Single-key shortcuts can be turned off (WCAG 2.1.4): speech input would trigger them. */
export const areKeysOn = (): boolean => read('mc.keys') !== 'off';
export const setKeysOn = (on: boolean): void => write('mc.keys', on ? 'on' : 'off');
export const useKeysOn = (): boolean => useSyncExternalStore(subscribe, areKeysOn);

const LOOKED = 'mc.lastLooked';
export const readLastLooked = (): number => Number(read(LOOKED) ?? 0);
export const setLastLooked = (at: number): void => write(LOOKED, String(at));

/** Columns and sections that a person has folded or unfolded, by hand: as text, so that a render can compare it. */
const FOLDED = 'mc.folded';
export const useFolded = (): string => useSyncExternalStore(subscribe, () => read(FOLDED) ?? '');
export const foldedColumns = (text: string): Record<string, boolean> =>
  text === '' ? {} : ((parse(text) as Record<string, boolean> | null) ?? {});
export const setFolded = (column: string, folded: boolean): void =>
  write(FOLDED, JSON.stringify({ ...foldedColumns(read(FOLDED) ?? ''), [column]: folded }));

export interface SavedView {
  name: string;
  /** The address's query. */
  query: string;
}
const VIEWS = 'mc.views';
let views: { text: string | null; list: SavedView[] } = { text: null, list: [] };
function readViews(): SavedView[] {
  const text = read(VIEWS);
  if (text !== views.text)
    views = { text, list: text === null ? [] : ((parse(text) as SavedView[] | null) ?? []) };
  return views.list;
}
export const useSavedViews = (): SavedView[] => useSyncExternalStore(subscribe, readViews);
export const setSavedViews = (list: SavedView[]): void => write(VIEWS, JSON.stringify(list));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
