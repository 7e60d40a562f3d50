import type { Browser, Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DESK, openBrowser, PHONE, signIn } from './support/browser.ts';
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

const column = (page: Page, status: string): Locator => page.locator(`[data-column="${status}"]`);
const card = (page: Page, status: string, key: string): Locator =>
  column(page, status).locator(`a[href$="/${key}"]`);

/** Dragging is loaded after the first paint; a card then says that it can be moved. */
async function openBoard(page: Page, search = ''): Promise<void> {
  await page.goto(`${control.url}/board${search}`);
  await page.locator('a[aria-roledescription]').first().waitFor();
}

async function drag(page: Page, what: Locator, to: Locator): Promise<void> {
  const from = await what.boundingBox();
  const target = await to.boundingBox();
  if (!from || !target) throw new Error('Nothing to drag, or nowhere to drag it');
  await page.mouse.move(from.x + 30, from.y + 12);
  await page.mouse.down();
  await page.mouse.move(from.x + 45, from.y + 20, { steps: 3 });
  await page.mouse.move(target.x + target.width / 2, target.y + 120, { steps: 8 });
  await page.mouse.up();
}

describe('the board', () => {
  it('makes a ticket with C, and leads to it', async () => {
    const { page, errors } = await signIn(browser, control);
    await page.keyboard.press('c');
    await page.getByRole('dialog').getByLabel('Title').fill('Written with the keyboard');
    await page.getByRole('dialog').getByLabel('Acceptance criteria').fill('One\nTwo');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.getByRole('heading', { name: 'Written with the keyboard' }).waitFor();
    expect(await page.getByRole('listitem').filter({ hasText: /^Two$/ }).count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it('says what is wrong with a ticket that the server refuses, and what to do', async () => {
    const { page } = await signIn(browser, control);
    await page.keyboard.press('c');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Title').fill('Blocked by nothing that exists');
    await dialog.getByText('More', { exact: true }).click();
    await dialog.getByLabel('Blocked by').fill('MC-99999');
    await page.getByRole('button', { name: 'Create ticket' }).click();
    const alert = dialog.getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/MC-99999[\s\S]*Create it first/);
  });

  it('moves a ticket by mouse where the table allows it', async () => {
    const ticket = await control.createTicket('Dragged by mouse');
    const { page, errors } = await signIn(browser, control);
    await openBoard(page);
    await drag(page, card(page, 'backlog', ticket.key), column(page, 'todo'));
    await card(page, 'todo', ticket.key).waitFor();
    await control.until(ticket.key, (t) => t.status === 'todo');
    expect(page.url()).toBe(`${control.url}/board`);
    expect(errors).toEqual([]);
  });

  it('drops it where it is let go, however late a busy page draws that', async () => {
    const ticket = await control.createTicket('Dragged in haste');
    const { page } = await signIn(browser, control);
    await openBoard(page);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 20 });
    await drag(page, card(page, 'backlog', ticket.key), column(page, 'todo'));
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await card(page, 'todo', ticket.key).waitFor();
  });

  it('leaves it where it was, and says why, where the table does not', async () => {
    const ticket = await control.createTicket('Not to be dragged to done');
    const { page } = await signIn(browser, control);
    await openBoard(page);
    const { version } = await control.ticket(ticket.key);
    await drag(page, card(page, 'backlog', ticket.key), column(page, 'in_progress'));
    await page.getByText('Only a worker’s claim moves a ticket here.').waitFor();
    await card(page, 'backlog', ticket.key).waitFor();
    expect(await control.ticket(ticket.key)).toMatchObject({ status: 'backlog', version });
  });

  it.each(['open', 'empty and folded'])(
    'moves a ticket by keyboard alone, to a column that is %s',
    async (to) => {
      const isOpen = to === 'open';
      if (isOpen) await control.createTicket('In the way', { status: 'todo', assignee: 'ada' });
      const ticket = await control.createTicket(`Carried where it is ${to}`);
      const { page } = await signIn(browser, control);
      await openBoard(page, isOpen ? '' : `?q=${ticket.key}+Carried`);
      if (!isOpen)
        await page.locator('[data-column="todo"]').getByText('Unfold').waitFor({ state: 'attached' });
      await card(page, 'backlog', ticket.key).focus();
      await page.keyboard.press('Space');
      await page.getByText('Backlog: It is there already.').waitFor({ state: 'attached' });
      await page.keyboard.press('ArrowRight');
      await page.getByText('To do: Make ready').waitFor({ state: 'attached' });
      await page.keyboard.press('Space');
      await card(page, 'todo', ticket.key).waitFor();
      await control.until(ticket.key, (t) => t.status === 'todo');
    },
  );

  it('has the same moves behind S, and asks for what a move needs', async () => {
    const ticket = await control.createTicket('Cancelled and reopened');
    await control.move(ticket.key, 'cancel');
    const { page } = await signIn(browser, control);
    await openBoard(page);
    await card(page, 'cancelled', ticket.key).focus();
    await page.keyboard.press('s');
    await page.getByRole('option', { name: /reopen/ }).click();
    const dialog = page.getByRole('dialog', { name: /Reopen/ });
    await dialog.getByLabel('Reason').fill('It came back');
    await page.keyboard.press('Control+Enter');
    await card(page, 'todo', ticket.key).waitFor();
  });

  it('says in the person’s own zone when a ticket may start', async () => {
    // Home has the first few of those that wait.
    const ticket = await control.createTicket('Not yet', {
      status: 'todo',
      priority: 0,
      notBefore: '2030-01-15T00:00:00.000Z',
    });
    await control.until(ticket.key, (t) => t.whyNotRunning?.code === 'not_before');
    const { page } = await signIn(browser, control, { ...DESK, timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
    await page.getByText('Not before 15 Jan 2030, 09:00.').waitFor();
    await page.goto(`${control.url}/board?q=Not+yet`);
    await page.getByText('Not before 15 Jan 2030, 09:00.').waitFor();
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByText('Not before 15 Jan 2030, 09:00.').waitFor();
    await page.getByText('Waiting until 15 Jan 2030, 09:00').first().waitFor();
  });

  it('shows what was said last, however much was said before', async () => {
    const { key } = await control.createTicket('Talked about for long');
    for (let i = 1; i <= 205; i++) await control.api.post(`/tickets/${key}/comments`, { text: `Word ${i}.` });
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${key}`);
    await page.getByText('Word 205.').waitFor();
    await page.getByText('These are the last 200. All of it is in History.').waitFor();
    expect(await page.getByText('Word 5.', { exact: true }).count()).toBe(0);
    await page.getByRole('tab', { name: 'History' }).click();
    const events = page.getByRole('tabpanel').getByRole('listitem');
    await events.first().getByText('Word 205.').waitFor();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await events.last().getByText('admin created the ticket').waitFor();
  });

  it('keeps its filter in the address, and finds by text', async () => {
    await control.createTicket('A needle in the haystack', { labels: ['sharp'] });
    const { page } = await signIn(browser, control);
    await openBoard(page);
    await page.keyboard.press('/');
    await page.keyboard.type('needle');
    await page.waitForURL(/q=needle/);
    await page.getByText('A needle in the haystack').waitFor();
    await page.getByText('Moved by keyboard').waitFor({ state: 'detached' });
    await page.goto(`${control.url}/board?label=sharp`);
    await page.getByText('A needle in the haystack').waitFor();
    expect(await page.getByText('Moved by keyboard').count()).toBe(0);
  });

  it('reads a long column page by page, and draws only what is in sight', async () => {
    for (let i = 0; i < 120; i += 20)
      await Promise.all(
        Array.from({ length: 20 }, (_, k) => control.createTicket(`Crowd ${i + k}`, { labels: ['crowd'] })),
      );
    const { page } = await signIn(browser, control);
    const asked: string[] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname.endsWith('/tickets') && url.searchParams.get('status') === 'backlog')
        asked.push(url.search);
    });
    await page.goto(`${control.url}/board?label=crowd`);
    const backlog = column(page, 'backlog');
    await backlog.locator('a').first().waitFor();
    expect(await backlog.locator('a').count()).toBeLessThan(40);
    expect(asked.every((search) => search.includes('limit=50'))).toBe(true);
    expect(asked.some((search) => search.includes('cursor='))).toBe(false);
    for (let i = 0; i < 40 && (await backlog.getByText('Crowd 119', { exact: true }).count()) === 0; i++) {
      await backlog.hover();
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(60);
    }
    await backlog.getByText('Crowd 119', { exact: true }).waitFor();
    expect(asked.some((search) => search.includes('cursor='))).toBe(true);
    expect(await backlog.locator('a').count()).toBeLessThan(40);
  });

  it('shows one column on a phone, and the others as tabs', async () => {
    const { page } = await signIn(browser, control, PHONE);
    await page.goto(`${control.url}/board`);
    await page.getByRole('tab', { name: /Cancelled/ }).click();
    await page.waitForURL(/column=cancelled/);
    expect(await page.locator('[data-column]').count()).toBe(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});
