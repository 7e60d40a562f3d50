/** A real Chromium, and the few things that every test of the pages does with it. */
import AxeBuilder from '@axe-core/playwright';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import type { MissionControl } from './mission-control.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  const { findBrowser } = (await import(new URL('../../../scripts/browser.mjs', import.meta.url).href)) as {
    findBrowser: () => Promise<string | null>;
  };
  const executablePath = await findBrowser();
  if (executablePath === null) throw new Error('No Chromium was found. Install one, or set MC_CHROMIUM.');
  return chromium.launch({ executablePath, args: FLAGS });
}

export const DESK: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

export interface SignedIn {
  context: BrowserContext;
  page: Page;
  /** Errors of the page and of its content security policy; a test expects none. */
  errors: string[];
}

/** A window in which a person has signed in by a link, standing on Home. */
export async function signIn(
  browser: Browser,
  control: MissionControl,
  options: BrowserContextOptions = DESK,
): Promise<SignedIn> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(12_000);
  const page = await context.newPage();
  const errors = watchErrors(page);
  await page.goto(await control.signInLink());
  await page.waitForURL(`${control.url}/`);
  // Before this the app is not there yet, and a key goes nowhere.
  await page.locator('#main h1').waitFor();
  return { context, page, errors };
}

export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    const text = message.text();
    // A request that fails is shown by the page itself; that is what some tests are about.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(text)) errors.push(text);
  });
  return errors;
}

/** What axe finds against WCAG 2.2 AA and its best practices, as lines to read. */
export async function findBarriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.flatMap((v) =>
    v.nodes.map((node) => `${v.id}: ${node.target.join(' ')} ${node.html.slice(0, 140)}`),
  );
}

/** Until the service worker controls the page and the cache has been written: from then on it works offline. */
export async function untilKept(page: Page, text: string): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.waitForFunction(
    async (wanted) => {
      const open = indexedDB.open('mission-control-kept');
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        open.onsuccess = () => resolve(open.result);
        open.onerror = () => reject(open.error ?? new Error('no database'));
      });
      if (!db.objectStoreNames.contains('queries')) {
        db.close();
        return false;
      }
      const read = db.transaction('queries').objectStore('queries').getAll();
      const value = await new Promise<unknown>((resolve) => {
        read.onsuccess = () => resolve(read.result);
      });
      db.close();
      return JSON.stringify(value).includes(wanted);
    },
    text,
    { polling: 200 },
  );
}
