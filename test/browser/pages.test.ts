import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ticket } from '../../src/contract/shapes.ts';
import { DESK, findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
let asking: Ticket;
let reviewed: Ticket;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
  await control.prepareProject();
  const [a, b, c] = await Promise.all([
    control.createTicket('Asks a question', { status: 'todo' }),
    control.createTicket('Work to look at', { status: 'todo', description: 'With **words** and `code`.' }),
    control.createTicket('Waits for another'),
  ]);
  await control.createTicket('A person’s ticket', { status: 'todo', assignee: 'ada', blockedBy: [c.key] });
  asking = await control.until(a.key, (t) => t.status === 'needs_input');
  reviewed = await control.until(
    b.key,
    (t) => t.status === 'in_review' && t.evidence.every((e) => e.state === 'verified'),
  );
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

const paths = (): string[] => [
  '/',
  '/board',
  `/tickets/${asking.key}`,
  `/tickets/${reviewed.key}`,
  `/attempts/${reviewed.attempt?.id}`,
  '/inbox',
  '/alerts',
  '/jobs',
  '/trust',
  '/agents',
  '/settings',
  '/help',
];

describe('every page', () => {
  it.each(['light', 'dark'] as const)(
    'has no barrier that axe finds, in the %s theme',
    async (colorScheme) => {
      const { page, errors } = await signIn(browser, control, { ...DESK, colorScheme });
      const found: Record<string, string[]> = {};
      for (const path of paths()) {
        await page.goto(control.url + path);
        await page.locator('main h1, main nav[aria-label="Breadcrumb"]').first().waitFor();
        await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
        const barriers = await findBarriers(page);
        if (barriers.length > 0) found[path] = barriers;
      }
      expect(found).toEqual({});
      expect(errors).toEqual([]);
    },
  );

  it.each(['light', 'dark'] as const)(
    'has none in its dialogs either, in the %s theme',
    async (colorScheme) => {
      const { page } = await signIn(browser, control, { ...DESK, colorScheme });
      for (const key of ['c', '?', 'Control+k']) {
        await page.keyboard.press(key);
        await page.getByRole('dialog').waitFor();
        expect(await findBarriers(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
    },
  );

  it('fits a phone: nothing to scroll sideways, and every target big enough for a finger', async () => {
    const { page } = await signIn(browser, control, PHONE);
    const tooSmall: Record<string, string[]> = {};
    for (const path of paths()) {
      await page.goto(control.url + path);
      await page.locator('main h1, main nav[aria-label="Breadcrumb"]').first().waitFor();
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        path,
      ).toBeLessThanOrEqual(0);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, select, input, textarea, [role="tab"], nav a')]
          .filter((e) => e.offsetParent !== null && !e.closest('.sr-only'))
          // A box in a label is as big as its label; the move button of a card has the card's menu beside it.
          .map((e) => ({ e, box: (e.closest('label') ?? e).getBoundingClientRect() }))
          .filter(({ e, box }) => box.height < 43.5 && getComputedStyle(e.parentElement ?? e).opacity !== '0')
          .map(
            ({ e, box }) =>
              `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent} ${box.width}x${box.height}`,
          ),
      );
      if (small.length > 0) tooSmall[path] = small;
    }
    expect(tooSmall).toEqual({});
  });

  it('can be walked with the keyboard: G and a letter, J, Enter', async () => {
    const { page } = await signIn(browser, control);
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.waitForURL(`${control.url}/board`);
    await page.locator('[data-row]').first().waitFor();
    await page.locator('a[aria-roledescription]').first().waitFor();
    await page.keyboard.press('j');
    const href = await page.evaluate(() => document.activeElement?.getAttribute('href'));
    expect(href).toMatch(/^\/tickets\/MC-/);
    await page.keyboard.press('Enter');
    await page.waitForURL(control.url + href);
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.waitForURL(`${control.url}/`);
  });

  it('does what the theme switch says, and remembers it', async () => {
    const { page } = await signIn(browser, control, { ...DESK, colorScheme: 'dark' });
    const theme = (): Promise<string | null> => page.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Theme: as the system' }).click();
    expect(await theme()).toBe('light');
    await page.reload();
    expect(await theme()).toBe('light');
  });

  it.each(['/', '/board'])('loads at most 120 kB of script for the first look at %s', async (path) => {
    const { context } = await signIn(browser, control, { ...DESK, serviceWorkers: 'block' });
    const page = await context.newPage();
    // What a page leaves for an idle moment (the board's machinery) is no part of the first look: it never comes here.
    await page.addInitScript(() => {
      globalThis.requestIdleCallback = () => 0;
    });
    const bodies: Promise<[string, number]>[] = [];
    page.on('response', (response) => {
      if (new URL(response.url()).pathname.endsWith('.js'))
        bodies.push(response.body().then((body) => [response.url(), gzipSync(body).length]));
    });
    await page.goto(control.url + path);
    await page.locator('[data-row]').first().waitFor();
    const sizes = await Promise.all(bodies);
    const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
    expect(bytes).toBeGreaterThan(50_000);
    console.info(`${path}: ${bytes} bytes of compressed script in ${sizes.length} files`);
    expect(bytes, sizes.map(([url, size]) => `${size} ${url}`).join('\n')).toBeLessThanOrEqual(120_000);
  });
});
