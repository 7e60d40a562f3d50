/**
 * The keys. Single letters work outside of fields only, and can be turned off; `Ctrl/⌘ K` always works. Lists take part
 * by marking their rows with `data-row`: J and K move the focus along them in the order of the page, Enter opens.
 */
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { tinykeys } from 'tinykeys';
import { openDialog } from './dialogs.ts';
import { PLACES } from './navigation.ts';
import { areKeysOn } from './preferences.ts';

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (!target) return false;
  if (target.closest('[role="dialog"], [role="menu"]')) return true;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export function focusRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter(
    (row) => row.offsetParent !== null,
  );
  if (rows.length === 0) return;
  const active = document.activeElement;
  const at = rows.findIndex((row) => row === active || row.contains(active));
  const next =
    rows[at === -1 ? (step === 1 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step))];
  const target = next?.matches('a,button') ? next : next?.querySelector<HTMLElement>('a,button');
  target?.focus();
  target?.scrollIntoView({ block: 'nearest' });
}

export function useShortcuts(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const single = (action: () => void) => (event: KeyboardEvent) => {
      if (isTyping(event) || !areKeysOn() || event.repeat) return;
      event.preventDefault();
      action();
    };
    const moving = (step: 1 | -1) => (event: KeyboardEvent) => {
      if (isTyping(event) || !areKeysOn()) return;
      event.preventDefault();
      focusRow(step);
    };
    return tinykeys(window, {
      '$mod+KeyK': (event) => {
        event.preventDefault();
        openDialog({ name: 'palette', query: '' });
      },
      'Shift+?': single(() => openDialog({ name: 'shortcuts' })),
      '?': single(() => openDialog({ name: 'shortcuts' })),
      '/': single(() => {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search) search.focus();
        else openDialog({ name: 'palette', query: '' });
      }),
      c: single(() => openDialog({ name: 'new-ticket' })),
      j: moving(1),
      k: moving(-1),
      ...Object.fromEntries(
        PLACES.map((place) => [
          place.letter === '?' ? 'g Shift+?' : `g ${place.letter}`,
          single(() => {
            openDialog(null);
            void navigate({ to: place.to });
          }),
        ]),
      ),
    });
  }, [navigate]);
}
