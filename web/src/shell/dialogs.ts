/** Which of the app-wide dialogs is open. Shortcuts, the palette and buttons all open the same ones. */
import { useSyncExternalStore } from 'react';
import type { PersonTransition } from '../api/transitions.ts';
import { startTypingAhead, takeTypedAhead } from './typed-ahead.ts';

export type PickWhat = 'status' | 'priority' | 'agent' | 'campaign' | 'label';

export type OpenDialog =
  | { name: 'palette'; query: string }
  | { name: 'new-ticket'; project?: string }
  | { name: 'pause' }
  | { name: 'outbox' }
  | { name: 'shortcuts' }
  | { name: 'more' }
  /** One thing about one or many tickets. */
  | { name: 'pick'; what: PickWhat; tickets: string[] }
  | { name: 'transition'; ticket: string; transition: PersonTransition }
  | { name: 'edit-ticket'; ticket: string }
  | null;

let current: OpenDialog = null;
const listeners = new Set<() => void>();

export function openDialog(dialog: OpenDialog): void {
  current = dialog;
  // The list of choices begins with what was typed before it had come.
  takeTypedAhead();
  if (dialog?.name === 'palette' || dialog?.name === 'pick') startTypingAhead();
  for (const listener of listeners) listener();
}

/** Also while the dialog itself is still on its way: what is typed then is meant for it. */
export const isDialogOpen = (): boolean => current !== null;

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDialog = (): OpenDialog => useSyncExternalStore(subscribe, () => current);
