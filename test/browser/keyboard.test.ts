/** A test per key: on the board, in lists, in the inbox, on a ticket. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ticket } from '../../src/contract/shapes.ts';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
let page: Page;
let ticket: Ticket;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  await control.prepareProject();
  ticket = await control.createTicket('The first of two', { labels: ['keys'] });
  await control.createTicket('The second of two', { labels: ['keys'] });
  const reviewed = await control.createTicket('Waits in the inbox', {
    status: 'todo',
    assignee: 'ada',
    completion: { requires: ['signal'], decidedBy: 'human' },
  });
  await control.move(reviewed.key, 'hand_in', { summary: 'done' });
  ({ page } = await signIn(browser, control));
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
const press = (...keys: string[]): Promise<void> =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const focused = (): Promise<string | undefined> =>
  page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-ticket]')?.dataset['ticket']);
async function open(path: string): Promise<void> {
  await page.goto(control.url + path);
  await page.locator('[data-ticket], [data-page-ticket]').first().waitFor();
}
const closed = (): Promise<void> => page.getByRole('dialog').waitFor({ state: 'detached' });

describe('everywhere', () => {
  it('? shows the keys, and Esc takes them away', async () => {
    await open('/board?label=keys');
    await press('?');
    await dialog('Keyboard shortcuts').waitFor();
    await press('Escape');
    await closed();
  });

  it('⌘K finds a ticket and an action, also from within a field', async () => {
    await open('/board?label=keys');
    await press('/', 'Control+k');
    await dialog('Search and commands').waitFor();
    await page.keyboard.type('second of two');
    await page.getByRole('option', { name: /The second of two/ }).waitFor();
    await press('Enter');
    await page.waitForURL(/\/tickets\/MC-2/);
    await page.locator('[data-page-ticket="MC-2"]').waitFor();
    await press('Control+k');
    await dialog('Search and commands').waitFor();
    await page.keyboard.type('priority of');
    await page.getByRole('option', { name: /^Priority of MC-2/ }).waitFor();
    await press('Enter');
    await dialog(/^Priority of MC-2/).waitFor();
    await press('Escape');
    await closed();
  });

  it('/ searches, and C writes a ticket', async () => {
    await open('/board?label=keys');
    await press('/');
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-search'))).toBe(true);
    // A letter in a field is a letter.
    await press('c');
    expect(await page.getByLabel('Search tickets').inputValue()).toBe('c');
    await open('/board?label=keys');
    await press('c');
    await dialog('New ticket').waitFor();
    await press('Escape');
    await closed();
  });

  it.each([
    ['h', '/'],
    ['b', '/board'],
    ['i', '/inbox'],
    ['a', '/alerts'],
    ['j', '/jobs'],
    ['s', '/settings'],
  ])('G then %s goes to %s, and does nothing else', async (letter, path) => {
    await open(`/tickets/${ticket.key}`);
    await press('g', letter);
    await page.waitForURL(control.url + path);
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

describe.each([
  ['on the board', '/board?label=keys'],
  ['in the list', '/board?view=list&label=keys'],
  ['in the timeline', '/board?view=timeline&label=keys'],
])('%s', (_, path) => {
  it('J and K move the focus, and Enter opens', async () => {
    await open(path);
    await press('j');
    const first = await focused();
    await press('j');
    expect(await focused()).not.toBe(first);
    await press('k');
    expect(await focused()).toBe(first);
    await press('Enter');
    await page.waitForURL(`${control.url}/tickets/${first}`);
  });

  it('X chooses, and Esc chooses none', async () => {
    await open(path);
    await press('j', 'x');
    await page.getByText('1 chosen').waitFor();
    await press('j', 'Shift+X');
    await page.getByText('2 chosen').waitFor();
    await press('Escape');
    await page.getByRole('region', { name: 'Chosen tickets' }).waitFor({ state: 'detached' });
  });
});

describe.each([
  ['on the board', '/board?label=keys', true],
  ['in the list', '/board?view=list&label=keys', true],
  ['in the inbox', '/inbox', true],
  ['on a ticket', '/tickets/MC-1', false],
])('%s', (_, path, needsFocus) => {
  const act = async (key: string): Promise<string> => {
    await open(path);
    if (needsFocus) await press('j');
    const meant = needsFocus ? await focused() : 'MC-1';
    await press(key);
    return meant ?? '';
  };

  it('E edits', async () => {
    const key = await act('e');
    await dialog(`Edit ${key}`).waitFor();
    expect(
      await page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName,
      ),
    ).toBe('INPUT');
    await press('Escape');
    await closed();
  });

  it('S moves: what is possible, and why the rest is not', async () => {
    const key = await act('s');
    await dialog(new RegExp(`^Move ${key}`)).waitFor();
    const why = page.getByRole('option', { name: /Only a worker’s claim/ });
    await why.waitFor();
    // The reason is there to be read: not faded, and within its own row.
    expect(await why.evaluate((option) => getComputedStyle(option).opacity)).toBe('1');
    const [row, reason] = [await why.boundingBox(), await why.getByText(/Only a worker/).boundingBox()];
    expect(reason?.y).toBeGreaterThan((row?.y ?? 0) + 1);
    await press('Escape');
    await closed();
  });

  it('P sets the priority, and ⌘Z takes it back', async () => {
    const key = await act('p');
    await dialog(new RegExp(`^Priority of ${key}`)).waitFor();
    await page.keyboard.type('lowest');
    await press('Enter');
    await control.until(key, (t) => t.priority === 4);
    await closed();
    await press('Control+z');
    await control.until(key, (t) => t.priority === 2);
  });

  it('A gives it to an agent', async () => {
    const key = await act('a');
    const { profile } = await control.ticket(key);
    await dialog(new RegExp(`^Give ${key}`)).waitFor();
    await page.getByRole('dialog').getByRole('option', { name: 'scripted' }).click();
    await control.until(key, (t) => t.profile === 'scripted');
    await closed();
    if (profile === null) {
      await press('Control+z');
      await control.until(key, (t) => t.profile === null);
    }
  });
});

// A second try would hide what this is about.
describe('while the board gets its machinery', { retry: 0 }, () => {
  it('the focus is on its ticket in every single task', async () => {
    const { context, page: other } = await signIn(browser, control);
    await other.addInitScript(() => {
      const waiting: IdleRequestCallback[] = [];
      globalThis.requestIdleCallback = (callback) => waiting.push(callback);
      Object.assign(globalThis, {
        beIdle: () => {
          for (const callback of waiting.splice(0)) callback({ didTimeout: true, timeRemaining: () => 50 });
        },
      });
    });
    await other.goto(`${control.url}/board?label=keys`);
    await other.locator('[data-column] [data-ticket]').first().waitFor();
    await other.keyboard.press('j');
    const seen = await other.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const focus: string[] = [];
          const { port1, port2 } = new MessageChannel();
          // A key press is a task as this one is: what it finds now, a key would have found.
          port1.onmessage = () => {
            const key = document.activeElement?.closest<HTMLElement>('[data-ticket]')?.dataset['ticket'];
            focus.push(key ?? document.activeElement?.localName ?? '');
            const isThere = document.querySelector('[data-column] a[aria-roledescription]') !== null;
            if (isThere && focus.length > 200) resolve([...new Set(focus)]);
            else port2.postMessage(null);
          };
          port2.postMessage(null);
          (globalThis as unknown as { beIdle: () => void }).beIdle();
        }),
    );
    expect(seen).toEqual(['MC-1']);
    await context.close();
  });

  it('no key is lost, whenever it is pressed', async () => {
    const lost: number[] = [];
    for (let afterMs = 0; afterMs < 400; afterMs += 20) {
      await page.goto(`${control.url}/board?label=keys`);
      await page.locator('[data-column] [data-ticket]').first().waitFor();
      // No waiting for the machinery: the moment is what varies.
      await page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), afterMs);
      await press('j', 'e');
      const opened = await dialog('Edit MC-1')
        .waitFor({ timeout: 4_000 })
        .then(
          () => true,
          () => false,
        );
      if (!opened) lost.push(afterMs);
    }
    expect(lost).toEqual([]);
  });
});

describe('while writing', () => {
  it('⌘Enter sends a comment', async () => {
    await open(`/tickets/${ticket.key}`);
    await page.getByLabel('Comment').fill('Sent by keyboard');
    await press('Control+Enter');
    await page.getByText('Sent by keyboard').first().waitFor();
    expect(await control.comments(ticket.key)).toContain('Sent by keyboard');
  });

  it('S opens on the way of the board: a choice moves, with its undo', async () => {
    await open('/board?label=keys');
    await press('j', 's');
    await page.getByRole('option', { name: /make ready/ }).waitFor();
    await page.keyboard.type('ready');
    await press('Enter');
    await page
      .getByText(/To do$/)
      .first()
      .waitFor();
    await closed();
    await press('Control+z');
    await page.getByText(/^Undone/).waitFor();
    expect((await control.ticket('MC-1')).status).toBe('backlog');
  });

  it('single keys do nothing once they are turned off, and ⌘K still does', async () => {
    await open('/board?label=keys');
    await press('?');
    await page.getByRole('checkbox', { name: /Single keys do things/ }).uncheck();
    await press('Escape');
    await closed();
    await press('c', 'j', 'x', 's');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await press('Control+k');
    await dialog('Search and commands').waitFor();
    await press('Escape');
    await page.evaluate(() => localStorage.removeItem('mc.keys'));
  });
});
