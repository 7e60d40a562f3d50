/** Tickets as files, out of the app and into it. */
import { readFileSync } from 'node:fs';
import type { Browser, Download, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Page as PageOf, Ticket } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
    await control.prepareProject();
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

const LIST = `- [ ] P0 Fix the login page #bug
  - [ ] a wrong password is said
- [ ] <img src=x onerror="window.pwned = 1">
- [x] Over
`;
const saved = async (page: Page, button: string): Promise<string> => {
  const [download]: [Download, void] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  return readFileSync(await download.path(), 'utf8');
};

describe('work from elsewhere', () => {
  it('is shown before it is made, made on a click, and not made again', async () => {
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/settings`);
    const open = async (name: string, text: string): Promise<void> => {
      await page.getByRole('button', { name: 'Import tickets' }).click();
      await page
        .getByLabel('File')
        .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
    };
    await open('notes.md', 'no list in here');
    await page.getByText('notes.md has no list').waitFor();
    await page.keyboard.press('Escape');
    await open('todo.md', LIST);
    await page.getByText('2 tickets to make, 1 left out, read as markdown.').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByLabel('Queue them at once').check();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('2 made, 1 left out.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    const { items } = await control.api.get<PageOf<Ticket>>('/tickets');
    expect(
      items
        .map(({ title, status }) => [title, status])
        .toSorted((a, b) => String(a).localeCompare(String(b))),
    ).toEqual([
      ['<img src=x onerror="window.pwned = 1">', 'todo'],
      ['Fix the login page', 'todo'],
    ]);
    expect(items.find((t) => t.title.startsWith('Fix'))).toMatchObject({
      priority: 0,
      labels: ['bug'],
      acceptanceCriteria: ['a wrong password is said'],
    });
    await open('todo.md', LIST);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('0 made, 2 were there already, 1 left out.').waitFor();
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('goes out as a file: all of it from Settings, what is shown from the board', async () => {
    await control.createTicket('Fix the menu', { labels: ['bug'] });
    await control.createTicket('Not among those with the label');
    const { items } = await control.api.get<PageOf<Ticket>>('/tickets');
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/settings`);
    const all = JSON.parse(await saved(page, 'Export JSON')) as { tickets: Ticket[] };
    expect(all.tickets.map(({ key }) => key).toSorted()).toEqual(items.map(({ key }) => key).toSorted());
    await page.goto(`${control.url}/board?label=bug`);
    await page.getByRole('button', { name: /^Views/ }).click();
    const csv = await saved(page, 'Export CSV');
    expect(csv.split('\r\n')[0]).toContain('Key,Title,Status');
    expect(csv).toContain('Fix the menu');
    expect(csv).not.toContain('Not among those');
  });
});
