import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, signIn, untilKept } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
  await control.prepareProject();
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

const BANNER = "You're offline — showing cached data";

describe('offline', () => {
  it('opens after a reload, says so with the age of the data, and shows Home, the board and a ticket seen', async () => {
    // A title of its own, so that another try does not meet the ticket of the one before.
    const title = `Kept on this device ${Date.now()}`;
    const ticket = await control.createTicket(title, {
      description: 'Read it **anywhere**.',
    });
    const { page, context, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByText('anywhere').waitFor();
    await page.goto(`${control.url}/board`);
    await page.getByText(title, { exact: true }).waitFor();
    await untilKept(page, '"status":"backlog"},"pages"');
    await page.goto(control.url);
    await page.getByRole('heading', { name: 'Needs you' }).waitFor();
    await untilKept(page, 'pending,delivered');
    await context.setOffline(true);
    await page.reload();
    await page.getByText(BANNER).waitFor();
    await page.getByText(/read (just now|\d+[smhd] ago)/).waitFor();
    await page.getByRole('heading', { name: 'Needs you' }).waitFor();
    await page.goto(`${control.url}/board`);
    await page.getByText(title, { exact: true }).click();
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByText('anywhere').waitFor();
    await page.getByText(BANNER).waitFor();
    // What would decide on old data is not possible, and says why.
    const ready = page.getByRole('button', { name: 'Make ready' });
    expect(await ready.getAttribute('aria-disabled')).toBe('true');
    const why = (await ready.getAttribute('title')) ?? '';
    expect(why).toContain('offline');
    await ready.click({ force: true });
    await page.getByRole('region', { name: 'Messages' }).getByText(why).waitFor();
    expect(errors).toEqual([]);
  });

  it('takes nothing away that was kept, however soon a page is left and whatever another tab writes', async () => {
    const title = `Kept through it all ${Date.now()}`;
    const ticket = await control.createTicket(title, { description: 'Still **here**.' });
    const { page, context } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByText('here').waitFor();
    await untilKept(page, 'Still **here**');
    // A second tab that was opened before anything of the first is newer, and goes on writing what it reads.
    const other = await context.newPage();
    for (const path of ['/board', '/inbox', '/jobs', '/alerts', '/settings', '/']) {
      await page.goto(`${control.url}${path}`, { waitUntil: 'commit' });
      await other.goto(`${control.url}/board`, { waitUntil: 'domcontentloaded' });
    }
    await other.getByText(title, { exact: true }).waitFor();
    await context.setOffline(true);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByText(BANNER).waitFor();
    await page.getByText('here').waitFor();
    for (let i = 0; i < 3; i += 1) await page.goto(page.url(), { waitUntil: 'commit' });
    await page.getByRole('heading', { name: title }).waitFor();
    await page.getByText('here').waitFor();
  });

  it('keeps an answer and a comment in the outbox over a reload, and sends them when the connection is back', async () => {
    const ticket = await control.createTicket('Asks a question offline', { status: 'todo' });
    await control.until(ticket.key, (t) => t.status === 'needs_input' && t.attempt?.state === 'parked');
    const { page, context } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Blue' }).waitFor();
    await untilKept(page, 'Which colour');
    await context.setOffline(true);
    await page.getByText(BANNER).waitFor();
    await page.getByRole('button', { name: 'Blue' }).click();
    await page.getByText('Your answer waits in the outbox').waitFor();
    await page.getByLabel('Comment', { exact: true }).fill('Written in a tunnel');
    await page.getByRole('button', { name: 'Keep for later' }).click();
    await page.getByRole('button', { name: '2 waiting to be sent' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: '2 waiting to be sent' }).click();
    await page.getByRole('dialog').getByText('Written in a tunnel').waitFor();
    await page.keyboard.press('Escape');
    expect((await control.ticket(ticket.key)).questions[0]?.state).toBe('open');
    await context.setOffline(false);
    await control.until(ticket.key, (t) => t.questions[0]?.answer === 'Blue');
    await page.getByText('waiting to be sent').first().waitFor({ state: 'detached' });
    await page.getByText(BANNER).waitFor({ state: 'detached' });
    expect(
      (await control.comments(ticket.key)).filter((text) => text === 'Written in a tunnel'),
    ).toHaveLength(1);
  });

  it('shows a conflict to the person instead of sending or dropping the answer', async () => {
    const ticket = await control.createTicket('Asks a question twice', { status: 'todo' });
    const asked = await control.until(
      ticket.key,
      (t) => t.status === 'needs_input' && t.attempt?.state === 'parked',
    );
    const { page, context } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Red' }).waitFor();
    await untilKept(page, 'Asks a question twice');
    await context.setOffline(true);
    await page.getByText(BANNER).waitFor();
    await page.getByRole('button', { name: 'Red' }).click();
    await page.getByText('Your answer waits in the outbox').waitFor();
    await control.api.post(`/tickets/${ticket.key}/questions/${asked.questions[0]?.id}/answer`, {
      text: 'Blue',
    });
    await context.setOffline(false);
    await page.getByRole('button', { name: '1 in the outbox to look at' }).click();
    const entry = page.getByRole('dialog').getByRole('listitem');
    await entry.getByText('The ticket moved meanwhile').waitFor();
    expect(await entry.innerText()).toContain('Red');
    await entry.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('Everything has been sent.').waitFor();
    expect((await control.ticket(ticket.key)).questions[0]?.answer).toBe('Blue');
  });

  it('is an app that can be installed', async () => {
    const { page } = await signIn(browser, control);
    const href = await page.locator('link[rel="manifest"]').getAttribute('href');
    const manifest = (await (await page.request.get(new URL(href ?? '', control.url).href)).json()) as {
      display: string;
      start_url: string;
      icons: { src: string; sizes: string; purpose?: string }[];
    };
    expect(manifest).toMatchObject({ display: 'standalone', start_url: '/' });
    expect(manifest.icons.map((icon) => icon.sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
    expect(manifest.icons.some((icon) => icon.purpose === 'maskable')).toBe(true);
    for (const icon of manifest.icons)
      expect((await page.request.get(new URL(icon.src, control.url).href)).status()).toBe(200);
    // The worker must leave the server's own addresses alone.
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.goto(`${control.url}/livez`);
    expect(await page.locator('#root').count()).toBe(0);
  });
});
