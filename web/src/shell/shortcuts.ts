/**
 * The keys. Single letters work outside of fields only, and can be turned off; `Ctrl/⌘ K` always works. Lists take part
 * by marking their rows with `data-row`: J and K move the focus along them in the order of the page, Enter opens. What
 * is about a ticket finds it by `data-ticket`: those that are chosen, else the one in focus, else the one under the
 * pointer, else the page's own.
 */
import { useEffect, useLayoutEffect } from 'react';
import { toast } from '../ui/toast.ts';
import { isDialogOpen, openDialog, type PickWhat } from './dialogs.ts';
import { preloadKeyedDialogs } from './keyed-dialogs.ts';
import { PLACES } from './navigation.ts';
import { areKeysOn } from './preferences.ts';
import { selection } from './selection.ts';
import { navigate } from '../router/history.ts';
import { whenIdle } from '../ui/when-idle.ts';

const GO_MS = 1_000;
const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

function isTyping(event: KeyboardEvent): boolean {
  if (isDialogOpen()) return true;
  const target = event.target as HTMLElement | null;
  if (!target) return false;
  if (target.closest('[role="dialog"], [role="menu"]')) return true;
  if (target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type)) return false;
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

const keyOf = (element: Element | null | undefined): string | null =>
  element?.closest<HTMLElement>('[data-ticket]')?.dataset['ticket'] ?? null;

/** The one ticket that is meant, without regard to those that are chosen. */
export function ticketInFocus(): string | null {
  return (
    keyOf(document.activeElement) ??
    keyOf([...document.querySelectorAll('[data-ticket]:hover')].at(-1)) ??
    document.querySelector<HTMLElement>('[data-page-ticket]')?.dataset['pageTicket'] ??
    null
  );
}

export function meantTickets(): string[] {
  const chosen = selection.tickets.map((ticket) => ticket.key);
  if (chosen.length > 0) return chosen;
  const one = ticketInFocus();
  return one === null ? [] : [one];
}

export function pick(what: PickWhat): void {
  const tickets = meantTickets();
  if (tickets.length > 0) openDialog({ name: 'pick', what, tickets });
  else toast('Which ticket? J and K move the focus to one.', { id: 'which' });
}

export function useShortcuts(): void {
  useEffect(() => {
    // What S, P, A and ⌘K open has to be there before the next key.
    if (typeof requestIdleCallback !== 'function') return undefined;
    return whenIdle(preloadKeyedDialogs);
  }, []);
  // Before the first paint: a key that is pressed as soon as one sees the page is not lost.
  useLayoutEffect(() => {
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
    // The letter after G is a place, and nothing else.
    let goUntil = 0;
    const onPlace = (event: KeyboardEvent): void => {
      const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey;
      if (!isPlain || event.repeat || !areKeysOn() || isTyping(event)) return;
      if (event.timeStamp > goUntil) {
        if (event.key === 'g') goUntil = event.timeStamp + GO_MS;
        return;
      }
      goUntil = 0;
      const place = PLACES.find(({ letter }) => letter === event.key);
      if (!place) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      navigate({ to: place.to });
    };
    const withModifier: Record<string, (event: KeyboardEvent) => void> = {
      KeyK: (event: KeyboardEvent) => {
        event.preventDefault();
        openDialog({ name: 'palette', query: '' });
      },
      KeyZ: (event: KeyboardEvent) => {
        // In a field it is the browser's own.
        if (isTyping(event)) return;
        event.preventDefault();
        // Whatever changed something has brought it along.
        void import('../changes/undo.ts').then(({ undoLatest }) => {
          if (!undoLatest()) toast('Nothing to undo: that works for ten seconds.', { id: 'undo' });
        });
      },
    };
    const plain: Record<string, (event: KeyboardEvent) => void> = {
      '?': single(() => openDialog({ name: 'shortcuts' })),
      '/': single(() => {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search && search.offsetParent !== null) search.focus();
        else openDialog({ name: 'palette', query: '' });
      }),
      c: single(() => openDialog({ name: 'new-ticket' })),
      e: single(() => {
        const ticket = ticketInFocus();
        if (ticket !== null) openDialog({ name: 'edit-ticket', ticket });
      }),
      s: single(() => pick('status')),
      p: single(() => pick('priority')),
      a: single(() => pick('agent')),
      l: single(() => pick('label')),
      Escape: (event: KeyboardEvent) => {
        if (!isTyping(event)) selection.clear();
      },
      j: moving(1),
      k: moving(-1),
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.isComposing || event.altKey) return;
      if (!event.ctrlKey && !event.metaKey) plain[event.key]?.(event);
      // By its place on the keyboard: it is the same key for who writes in another script.
      else if ((IS_APPLE ? event.metaKey : event.ctrlKey) && !event.shiftKey)
        withModifier[event.code]?.(event);
    };
    addEventListener('keydown', onKey);
    addEventListener('keydown', onPlace, { capture: true });
    return () => {
      removeEventListener('keydown', onKey);
      removeEventListener('keydown', onPlace, { capture: true });
    };
  }, []);
}
