import type { Browser, Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DESK, findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
    await control.prepareProject();
    await control.api.post('/campaigns', { key: 'spring', name: 'Spring cleaning', owner: 'ada' });
    await control.createTicket('Given to ada', { assignee: 'ada', priority: 0, campaign: 'spring' });
    await control.createTicket('Given to the agent', { profile: 'scripted', priority: 1 });
    await control.createTicket('Given to nobody', { labels: ['loose'] });
    const done = await control.createTicket('A person’s work', { status: 'todo', assignee: 'ada' });
    await control.api.post(
      `/tickets/${done.key}/transitions`,
      { transition: 'cancel' },
      { ifMatch: done.version },
    );
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

const column = (page: Page, id: string): Locator => page.locator(`[data-column="${id}"]`);
async function open(page: Page, query: string): Promise<void> {
  await page.goto(`${control.url}/board?${query}`);
  await page.locator('[data-row], [data-section], [role="tab"]').first().waitFor();
}

describe('the board as columns of something else', () => {
  it.each([
    ['agent', 'ada', 'Given to ada', 'scripted', 'Given to the agent'],
    ['campaign', 'spring', 'Given to ada', '-', 'Given to nobody'],
    ['priority', '0', 'Given to ada', '1', 'Given to the agent'],
    ['project', 'MC', 'Given to ada', 'MC', 'Given to nobody'],
  ])('has a column for each %s', async (group, first, inFirst, second, inSecond) => {
    const { page, errors } = await signIn(browser, control);
    await open(page, `group=${group}`);
    await column(page, first).getByText(inFirst).waitFor();
    await column(page, second).getByText(inSecond).waitFor();
    // What is closed is not in the way, until it is asked for.
    expect(await page.getByText('A person’s work').count()).toBe(0);
    await page.getByLabel('State', { exact: true }).selectOption('all');
    await page.getByText('A person’s work').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('changes the field when a ticket is dropped, and takes it back with the button of the message', async () => {
    const ticket = await control.createTicket('Dragged to another priority', { priority: 3 });
    const { page } = await signIn(browser, control);
    await open(page, 'group=priority');
    await page.locator('a[aria-roledescription]').first().waitFor();
    await column(page, '3').locator(`a[href$="/${ticket.key}"]`).focus();
    await page.keyboard.press('Space');
    await page.getByText('Low: It is there already.').waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowLeft');
    await page.getByText(/^Medium: .*priority Medium/).waitFor({ state: 'attached' });
    await page.keyboard.press('Space');
    await control.until(ticket.key, (t) => t.priority === 2);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await control.until(ticket.key, (t) => t.priority === 3);
    await page.getByText(/^Undone/).waitFor();
  });

  it('shows all seven states side by side at 1440 px, each with something in it', async () => {
    const { page } = await signIn(browser, control, DESK);
    await open(page, '');
    for (const id of ['in_progress', 'needs_input', 'in_review', 'done'])
      await page.getByRole('button', { name: new RegExp(`^Unfold ${id.replace('_', ' ')}`, 'i') }).click();
    await page.waitForFunction(() => document.querySelectorAll('[data-column] h2').length >= 6);
    const cut = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll('[data-column]')].map((e) => e.getBoundingClientRect());
      return boxes.filter((box) => box.right > innerWidth || box.left < 0).length;
    });
    expect(cut).toBe(0);
  });

  it('keeps a fold when one comes back', async () => {
    const { page } = await signIn(browser, control);
    await open(page, '');
    await column(page, 'backlog').hover();
    await page.getByRole('button', { name: 'Fold Backlog' }).click();
    await page.reload();
    await page.getByRole('button', { name: /^Unfold Backlog/ }).click();
    await column(page, 'backlog').getByText('Given to nobody').waitFor();
  });
});

describe('the same selection', () => {
  it('is a list in sections, and a timeline; Back leads back', async () => {
    const { page, errors } = await signIn(browser, control);
    await open(page, 'label=loose');
    await page.getByRole('button', { name: 'List', exact: true }).click();
    await page.waitForURL(/view=list/);
    await page.locator('[data-section="backlog"]').getByText('Given to nobody').waitFor();
    expect(await page.getByText('Given to ada').count()).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Timeline', exact: true }).click();
    await page.waitForURL(/view=timeline/);
    await page.getByRole('group', { name: 'How far back' }).waitFor();
    await page.getByText('Given to nobody').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.goBack();
    await page.locator('[data-section="backlog"]').waitFor();
    expect(page.url()).toContain('label=loose');
    expect(errors).toEqual([]);
  });

  it('is where one had scrolled to, when one comes back from a ticket', async () => {
    for (let n = 0; n < 40; n += 1) await control.createTicket(`One of many ${n}`, { labels: ['many'] });
    const { page, errors } = await signIn(browser, control);
    await open(page, 'label=many');
    const cards = page.locator('[data-scroll-restoration-id="column:backlog"]');
    await page.locator('[data-column] a[aria-roledescription]').first().waitFor();
    await cards.evaluate((list) => {
      list.scrollTop = 1_200;
    });
    const link = cards.locator('a').nth(8);
    const title = (await link.textContent()) ?? '';
    await link.click();
    await page.locator('[data-page-ticket]').waitFor();
    await page.goBack();
    await page.waitForFunction(
      () => document.querySelector('[data-scroll-restoration-id="column:backlog"]')?.scrollTop === 1_200,
    );
    await cards.getByText(/One of many \d+/.exec(title)?.[0] ?? 'nothing', { exact: true }).waitFor();
    expect(errors).toEqual([]);
  });

  it('is narrowed by agent, campaign and priority, and all of it stands in the address', async () => {
    const { page } = await signIn(browser, control);
    await open(page, 'view=list');
    await page.getByLabel('Agent', { exact: true }).selectOption('ada');
    await page.getByLabel('Campaign', { exact: true }).selectOption('spring');
    await page.getByLabel('Priority', { exact: true }).selectOption('0');
    await page.waitForURL(/agent=ada.*campaign=spring.*priority=0/);
    await page.getByText('Given to the agent').waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('Given to ada').waitFor();
    expect(await page.locator('[data-ticket]').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Given to the agent').waitFor();
  });

  it('has the attempts as bars over time', async () => {
    const ticket = await control.createTicket('Handed in by ada', {
      status: 'todo',
      assignee: 'ada',
      completion: { requires: ['signal'], decidedBy: 'human' },
    });
    await control.move(ticket.key, 'hand_in', { summary: 'done by hand' });
    const { page } = await signIn(browser, control);
    await open(page, 'view=timeline');
    const bar = page.getByRole('link', {
      name: new RegExp(`${ticket.key}, Attempt 1 by a person: submitted`),
    });
    await bar.click();
    await page.waitForURL(/\/attempts\/att_/);
  });

  it('is saved under a name in this browser, found again in the palette, and forgotten', async () => {
    const { page } = await signIn(browser, control);
    await open(page, 'group=campaign&priority=0');
    await page.getByRole('button', { name: 'Views' }).click();
    const dialog = page.getByRole('dialog', { name: 'Views' });
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByLabel('Save what is shown now as').fill('Urgent campaigns');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.goto(control.url);
    await page.locator('#main h1').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search and commands' }).waitFor();
    await page.keyboard.type('Urgent camp');
    await page.getByRole('option', { name: 'View: Urgent campaigns' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/group=campaign.*priority=0/);
    await page.getByRole('button', { name: 'Views' }).click();
    await dialog.getByRole('button', { name: 'Forget the view Urgent campaigns' }).click();
    expect(await dialog.getByText('Urgent campaigns').count()).toBe(0);
  });

  it.each(['', 'view=list', 'view=timeline', 'group=agent'])(
    'fits a phone, nothing to scroll sideways (%s)',
    async (query) => {
      const { page } = await signIn(browser, control, PHONE);
      await open(page, query);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    },
  );
});
