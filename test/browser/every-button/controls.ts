/**
 * What can be pressed in a part of a page, read from the page itself: by role and by the name that a screen reader would
 * say. Keys and numbers are taken out of the names, so that `Choose MC-3` and `Choose MC-4` are one control.
 */
import type { Page } from 'playwright-core';

export async function listControls(page: Page, scope: string): Promise<string[]> {
  const found = await page
    .locator(scope)
    .first()
    .evaluate((root) => {
      const roles: [string, string][] = [
        ['button', 'button, [role="button"]'],
        ['link', 'a[href]'],
        ['tab', '[role="tab"]'],
        ['item', '[role="menuitem"]'],
        ['box', 'input[type="checkbox"], input[type="radio"]'],
        ['choice', 'select'],
        ['file', 'input[type="file"]'],
        ['more', 'summary'],
      ];
      const textOf = (element: Element | null): string => {
        if (!element) return '';
        const copy = element.cloneNode(true) as Element;
        for (const hidden of copy.querySelectorAll('[aria-hidden="true"], select, textarea')) hidden.remove();
        return copy.textContent ?? '';
      };
      const nameOf = (element: HTMLElement): string => {
        const label = element.getAttribute('aria-label');
        if (label !== null) return label;
        const labels = (element as HTMLInputElement).labels;
        if (labels && labels.length > 0) return textOf(labels[0] ?? null);
        return textOf(element) || element.title;
      };
      const names: string[] = [];
      for (const [role, selector] of roles)
        for (const element of root.querySelectorAll<HTMLElement>(selector)) {
          if (role === 'button' && element.getAttribute('role') === 'tab') continue;
          if (!element.checkVisibility({ visibilityProperty: true })) continue;
          const href = element.getAttribute('href') ?? '';
          // A link to a ticket is one control, whatever the ticket is called.
          const kind =
            /^\/(ticket|attempt|alert)s\//.exec(href)?.[1] ??
            (href.startsWith('/inbox/') ? 'decision' : href.startsWith('/board?label=') ? 'label' : null);
          const isData = kind !== null && !/^See |^Open attempt/.test(textOf(element));
          names.push(`${role}: ${isData ? `a ${kind}` : nameOf(element)}`);
        }
      return names;
    });
  return [...new Set(found.map(normalise))].sort();
}

const normalise = (name: string): string =>
  name
    .replace(/\s+/g, ' ')
    .replace(/\b[A-Z]{2,}-\d+\b/g, 'KEY')
    .replace(/\b[0-9a-f]{10,}\b/g, 'HASH')
    .replace(/\d+/g, 'N')
    .trim();
