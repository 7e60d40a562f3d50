/** Which of the app-wide dialogs is open. Shortcuts, the palette and buttons all open the same ones. */
import { useSyncExternalStore } from 'react';

export type OpenDialog =
  | { name: 'palette'; query: string }
  | { name: 'new-ticket'; project?: string }
  | { name: 'pause' }
  | { name: 'outbox' }
  | { name: 'shortcuts' }
  | { name: 'more' }
  | null;

let current: OpenDialog = null;
const listeners = new Set<() => void>();

export function openDialog(dialog: OpenDialog): void {
  current = dialog;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDialog = (): OpenDialog => useSyncExternalStore(subscribe, () => current);
