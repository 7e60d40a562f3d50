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
