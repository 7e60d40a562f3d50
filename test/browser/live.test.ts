import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
    await control.prepareProject();
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

describe('without a reload', () => {
  it('shows on the board what others create and move', async () => {
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/board`);
    const backlog = page.locator('[data-column="backlog"]');
    // Nothing in it yet: it is folded, and opens with the first that comes.
    await backlog.getByRole('button', { name: /Unfold/ }).waitFor();
    const ticket = await control.createTicket('Made by somebody else');
    await backlog.getByText('Made by somebody else').waitFor();
    await control.move(ticket.key, 'cancel', { reason: 'Not needed' });
    await page.locator('[data-column="cancelled"]').getByText('Made by somebody else').waitFor();
    expect(await backlog.getByText('Made by somebody else').count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('reads nothing twice as it opens, and misses nothing that changes before its stream is open', async () => {
    const first = await control.createTicket('Already there');
    const { page, context } = await signIn(browser, control);
    await page.close();
    const fresh = await context.newPage();
    const asked: string[] = [];
    fresh.on('request', (request) =>
      asked.push(new URL(request.url()).pathname + new URL(request.url()).search),
    );
    let open: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    await fresh.route('**/api/v1/stream', async (route) => {
      await held;
      await route.continue();
    });
    // Nothing that an earlier visit kept.
    await fresh.addInitScript(() => indexedDB.deleteDatabase('mission-control-kept'));
    await fresh.goto(`${control.url}/board`);
    await fresh.locator('[data-column="backlog"]').getByText('Already there').waitFor();
    await fresh.waitForTimeout(500);
    await control.move(first.key, 'cancel', { reason: 'Meanwhile' });
    const lists = (): string[] => asked.filter((path) => /^\/api\/v1\/(tickets|overview|session)/.test(path));
    expect(lists().length).toBe(new Set(lists()).size);
    open();
    await fresh.locator('[data-column="cancelled"]').getByText('Already there').waitFor();
    await context.close();
  });

  it('shows a worker at work: its name, its progress, and its output as it comes', async () => {
    const { page, errors } = await signIn(browser, control);
    const ticket = await control.createTicket('Works for long');
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByText('Nobody has worked on this yet').waitFor();
    await control.move(ticket.key, 'ready');
    await page.getByText('scripted is working…').waitFor();
    await page.getByRole('status').getByText('Counting to a thousand').waitFor();
    const output = page.getByRole('log', { name: 'Output' });
    await output.getByText('line 3 of a long output').waitFor();
    await output.getByText('line 20 of a long output').waitFor();
    // On a phone its last word has a line of its own, and all of it is there.
    await page.setViewportSize({ width: 360, height: 740 });
    const word = page.getByRole('status').getByText('Counting to a thousand');
    expect(await word.evaluate((text) => text.scrollWidth - text.clientWidth)).toBe(0);
    const [name, said] = [
      await page.getByText('scripted is working…').boundingBox(),
      await word.boundingBox(),
    ];
    expect(said?.y).toBeGreaterThan((name?.y ?? 0) + 10);
    await control.move(ticket.key, 'cancel');
    await page.locator('[data-sentence]').getByText('Ticket is cancelled').waitFor();
    expect(errors).toEqual([]);
  });

  it('says when the server is away, and catches up by itself when it is back', async () => {
    const { page } = await signIn(browser, control);
    const ticket = await control.createTicket('Seen before the server went away');
    await page.goto(`${control.url}/board`);
    await page.getByText('Seen before the server went away').waitFor();
    await page.getByText('Live', { exact: true }).first().waitFor();
    await control.stopServer();
    await page.getByText("You're offline — showing cached data").waitFor();
    expect(await page.getByText('Seen before the server went away').count()).toBe(1);
    await control.start();
    await control.move(ticket.key, 'cancel');
    await page.locator('[data-column="cancelled"]').getByText('Seen before the server went away').waitFor();
    await page.getByText("You're offline — showing cached data").waitFor({ state: 'detached' });
  });

  it('shows a pause on every page, and resumes from there', async () => {
    const { page } = await signIn(browser, control);
    await page.getByRole('button', { name: 'Pause all work' }).click();
    await page.getByLabel('Reason').fill('Moving house');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Moving house').waitFor();
    await page.goto(`${control.url}/trust`);
    await page.getByText('Moving house').waitFor();
    await page.getByRole('status').getByRole('button', { name: 'Resume …' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByText('Moving house').waitFor({ state: 'detached' });
  });
});
