import { gzipSync } from 'node:zlib';
import type { Browser, Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, InboxItem, Page, Ticket } from '../../src/contract/shapes.ts';
import { DESK, findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
let asking: Ticket;
let reviewed: Ticket;
let review: InboxItem;
let alert: Alert;
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
  // Every list has something on it.
  const failed = await control.createTicket('Fails with most', { status: 'todo' });
  await control.until(failed.key, (t) => t.status === 'needs_input');
  await control.api.post('/jobs/operator/run', {});
  alert = first((await control.api.get<Page<Alert>>('/alerts')).items);
  const items = (await control.api.get<Page<InboxItem>>('/inbox')).items;
  review = first(items.filter((item) => item.ticket === reviewed.key));
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error('There is none.');
  return item;
}

const paths = (): string[] => [
  '/',
  '/board',
  '/board?view=list',
  '/board?view=timeline',
  `/tickets/${asking.key}`,
  `/tickets/${reviewed.key}`,
  `/attempts/${reviewed.attempt?.id}`,
  '/inbox',
  `/inbox/${review.id}`,
  '/alerts',
  `/alerts/${alert.id}`,
  '/notifications',
  '/jobs',
  '/trust',
  '/agents',
  '/settings',
  '/help',
];

describe('every page', () => {
  it.each(['light', 'dark'] as const)(
    'has no barrier that axe finds, in the %s theme',
    { timeout: 240_000 },
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

  it(
    'fits a phone: nothing to scroll sideways, and every target big enough for a finger',
    { timeout: 240_000 },
    async () => {
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
            .filter(
              ({ e, box }) => box.height < 43.5 && getComputedStyle(e.parentElement ?? e).opacity !== '0',
            )
            .map(
              ({ e, box }) =>
                `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent} ${box.width}x${box.height}`,
            ),
        );
        if (small.length > 0) tooSmall[path] = small;
        // What the page can do stands in its head, and does not stick out of it.
        const out = await page.evaluate(() => {
          const element = document.querySelector('main header');
          const head = element?.getBoundingClientRect();
          return [...(element?.querySelectorAll('button, [role="group"]') ?? [])]
            .map((e) => ({
              name: e.getAttribute('aria-label') ?? e.textContent,
              ...e.getBoundingClientRect().toJSON(),
            }))
            .filter((box) => box.height > 0 && (box.top < 1 || box.bottom > (head?.bottom ?? 0)))
            .map((box) => `${box.name}: ${box.top} to ${box.bottom}`);
        });
        expect(out, path).toEqual([]);
      }
      expect(tooSmall).toEqual({});
    },
  );

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

  it('shows the part that an address names below the head of its page', async () => {
    const { page } = await signIn(browser, control, { viewport: { width: 1280, height: 700 } });
    for (const part of ['evidence', 'diff']) {
      await page.goto('about:blank');
      await page.goto(`${control.url}/tickets/${reviewed.key}#${part}`);
      await page.getByText(`work on ${reviewed.key}`).or(page.locator('#evidence')).first().waitFor();
      await expect
        .poll(() =>
          page.evaluate((id) => {
            const head = document.querySelector('main header')?.getBoundingClientRect().bottom ?? 0;
            const top = document.getElementById(id)?.getBoundingClientRect().top ?? 0;
            return top - head;
          }, part),
        )
        .toBeGreaterThan(4);
    }
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
    // What is asked for once there is something to look at (the board's machinery, what waits for an idle moment) is no
    // part of the first look.
    await page.addInitScript(() => {
      const look = new MutationObserver(() => {
        if (!document.querySelector('[data-row]')) return;
        look.disconnect();
        Object.assign(globalThis, { seenAt: performance.now() });
      });
      look.observe(document, { childList: true, subtree: true });
    });
    const scripts: Response[] = [];
    page.on('response', (response) => {
      if (new URL(response.url()).pathname.endsWith('.js')) scripts.push(response);
    });
    await page.goto(control.url + path);
    await page.locator('[data-row]').first().waitFor();
    const needed = await page.evaluate(() => {
      const { seenAt } = globalThis as unknown as { seenAt: number };
      return performance
        .getEntriesByType('resource')
        .filter(({ startTime }) => startTime < seenAt)
        .map(({ name }) => name);
    });
    // Only these are waited for: one that is still on its way when the page closes has no body.
    const sizes = await Promise.all(
      scripts
        .filter((script) => needed.includes(script.url()))
        .map(async (script) => ({ url: script.url(), size: gzipSync(await script.body()).length })),
    );
    const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeGreaterThan(50_000);
    console.info(`${path}: ${bytes} bytes of compressed script in ${sizes.length} files`);
    expect(bytes, sizes.map(({ url, size }) => `${size} ${url}`).join('\n')).toBeLessThanOrEqual(120_000);
  });
});
