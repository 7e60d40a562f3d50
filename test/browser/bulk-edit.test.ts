import type { Browser, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Page as PageOf, Ticket } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
    await control.prepareProject();
    await control.api.post('/campaigns', { key: 'spring', name: 'Spring cleaning', owner: 'ada' });
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

/** Tickets of a test's own, found by its label. */
async function make(label: string, count: number): Promise<string[]> {
  const keys = [];
  for (let i = 1; i <= count; i++)
    keys.push((await control.createTicket(`${label} ${i}`, { labels: [label] })).key);
  return keys;
}
const all = async (label: string): Promise<Ticket[]> =>
  (await control.api.get<PageOf<Ticket>>('/tickets', { query: { label, limit: 200 } })).items;
async function openList(page: Page, label: string): Promise<void> {
  await page.goto(`${control.url}/board?view=list&status=all&label=${label}`);
  await page.locator('[data-ticket]').first().waitFor();
}
/** Of the picker; the filters above have options of the same name. */
const option = (page: Page, name: string | RegExp) => page.getByRole('dialog').getByRole('option', { name });
const bar = (page: Page) => page.getByRole('region', { name: 'Chosen tickets' });

describe('an action on many tickets', () => {
  it('takes those chosen by X, by Shift and a click, and by their boxes; one message takes it all back', async () => {
    const keys = await make('many', 5);
    const { page, errors } = await signIn(browser, control);
    await openList(page, 'many');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByRole('link', { name: 'many 3' }).click({ modifiers: ['Shift'] });
    await bar(page).getByText('3 chosen').waitFor();
    await page.getByRole('checkbox', { name: `Choose ${keys[4]}` }).check();
    await bar(page).getByText('4 chosen').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press('p');
    await option(page, 'Urgent').click();
    await page.getByText('4 tickets: priority Urgent').waitFor();
    expect((await all('many')).filter((t) => t.priority === 0)).toHaveLength(4);
    await bar(page).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+z');
    await page.getByText(/^Undone/).waitFor();
    expect((await all('many')).every((t) => t.priority === 2)).toBe(true);
    expect(errors).toEqual([]);
  });

  it('takes a whole column, to its end', async () => {
    await make('column', 60);
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/board?label=column`);
    await page.locator('[data-column="backlog"]').hover();
    await page.getByRole('checkbox', { name: 'Choose all of Backlog' }).click();
    await bar(page).getByText('60 chosen').waitFor();
    await bar(page).getByRole('button', { name: 'Campaign' }).click();
    await option(page, /Spring cleaning/).click();
    await page.getByText('60 tickets: campaign spring').waitFor();
    expect((await all('column')).every((t) => t.campaign === 'spring')).toBe(true);
  });

  it('lists what was refused with its reason, and leaves that chosen', async () => {
    const [first = '', second = '', third = ''] = await make('refused', 3);
    const { page } = await signIn(browser, control);
    await openList(page, 'refused');
    for (const key of [first, second, third])
      await page.getByRole('checkbox', { name: `Choose ${key}` }).check();
    // Somebody else is faster by the time that this page's change arrives.
    await page.route(`**/api/v1/tickets/${second}`, async (route) => {
      if (route.request().method() === 'PATCH') {
        const ticket = await control.ticket(second);
        await control.api.patch(`/tickets/${second}`, { title: 'Theirs' }, { ifMatch: ticket.version });
      }
      await route.continue();
    });
    await bar(page).getByRole('button', { name: 'Label' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('together');
    await option(page, 'together').click();
    await bar(page).getByText('One was refused').waitFor();
    await bar(page).getByText('1 chosen').waitFor();
    expect(await bar(page).getByRole('alert').innerText()).toContain(second);
    const now = await all('refused');
    expect(
      now
        .filter((t) => t.labels.includes('together'))
        .map((t) => t.key)
        .sort(),
    ).toEqual([first, third].sort());
    expect(now.find((t) => t.key === second)?.title).toBe('Theirs');
  });

  it('moves those that can be moved, says how many, and asks once for the words that all need', async () => {
    const [first = '', second = ''] = await make('moved', 2);
    await control.move(second, 'cancel');
    const { page } = await signIn(browser, control);
    await openList(page, 'moved');
    await page.getByRole('checkbox', { name: `Choose ${first}` }).check();
    await page.getByRole('checkbox', { name: `Choose ${second}` }).check();
    await page.keyboard.press('s');
    expect(await option(page, /make ready/).innerText()).toContain('1 of 2');
    await option(page, /reopen/).click();
    await page.getByLabel('Reason').fill('It is needed after all');
    await page.keyboard.press('Control+Enter');
    await control.until(second, (t) => t.status === 'todo');
    expect((await control.ticket(first)).status).toBe('backlog');
  });

  it('gives, labels, cancels and takes back, each with its effect there after a reload', async () => {
    const keys = await make('each', 2);
    const { page } = await signIn(browser, control);
    const choose = async (): Promise<void> => {
      await openList(page, 'each');
      for (const key of keys) await page.getByRole('checkbox', { name: `Choose ${key}` }).check();
    };
    await choose();
    await bar(page).getByRole('button', { name: 'Agent' }).click();
    await option(page, 'scripted').click();
    await page.getByText('2 tickets: given to scripted').waitFor();
    expect((await all('each')).every((t) => t.profile === 'scripted')).toBe(true);
    await choose();
    await bar(page).getByRole('button', { name: 'State' }).click();
    await option(page, /cancel/).click();
    await page.getByRole('button', { name: 'Cancel ticket: 2' }).click();
    await page.getByText('2 tickets: Cancelled').waitFor();
    expect((await all('each')).every((t) => t.status === 'cancelled')).toBe(true);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await page.getByText(/^Undone/).waitFor();
    expect((await all('each')).every((t) => t.status === 'backlog')).toBe(true);
  });

  it('is possible on a phone, by boxes that a finger can hit', async () => {
    const [key = ''] = await make('finger', 1);
    const { page } = await signIn(browser, control, PHONE);
    await page.goto(`${control.url}/board?label=finger&column=backlog`);
    await page.locator('a[aria-roledescription]').first().waitFor();
    const box = page.getByRole('checkbox', { name: `Choose ${key}` });
    const label = await page.locator('label', { has: box }).boundingBox();
    expect(label?.height).toBeGreaterThanOrEqual(44);
    await box.tap();
    await bar(page).getByRole('button', { name: 'Priority' }).tap();
    await option(page, 'High').tap();
    await control.until(key, (t) => t.priority === 1);
  });
});

describe('undoing', () => {
  it('says why it cannot, when somebody changed the ticket meanwhile', async () => {
    const [key = ''] = await make('raced', 1);
    const { page } = await signIn(browser, control);
    await openList(page, 'raced');
    await page.keyboard.press('j');
    await page.keyboard.press('p');
    await option(page, 'Lowest').click();
    await control.until(key, (t) => t.priority === 4);
    const { version } = await control.ticket(key);
    await control.api.patch(`/tickets/${key}`, { priority: 1 }, { ifMatch: version });
    await page.keyboard.press('Control+z');
    await page.getByText('That could not be undone').waitFor();
    expect((await control.ticket(key)).priority).toBe(1);
  });

  it('is not offered for a decision, and the message says so', async () => {
    const ticket = await control.createTicket('Decided', {
      status: 'todo',
      assignee: 'ada',
      labels: ['decided'],
      completion: { requires: ['signal'], decidedBy: 'human' },
    });
    const { token } = await control.api.post<{ token: string }>('/tokens', { role: 'member', name: 'ada' });
    const { version } = await control.ticket(ticket.key);
    await fetch(`${control.url}/api/v1/tickets/${ticket.key}/transitions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': `"${version}"`,
      },
      body: JSON.stringify({ transition: 'hand_in', summary: 'done' }),
    });
    await control.until(ticket.key, (t) => t.status === 'in_review' && t.runtime === 'idle');
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('A decision stays on record.').waitFor();
    expect(await page.getByRole('button', { name: 'Undo', exact: true }).count()).toBe(0);
  });
});
