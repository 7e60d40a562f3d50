/** Searching by what was said in a comment: on the board, in the palette, and without a network. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser, signIn, untilKept } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  await control.prepareProject();
  await control.createTicket('Another one');
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

/** @returns a word that only a comment of the ticket has */
async function createCommented(title: string): Promise<{ key: string; word: string }> {
  const { key } = await control.createTicket(title);
  const word = `wombat${key.replace('-', '').toLowerCase()}`;
  await control.api.post(`/tickets/${key}/comments`, { text: `Looks like the ${word.toUpperCase()} again` });
  return { key, word };
}

it('finds it on the board, where it stays while a change of it is on its way', async () => {
  const { key, word } = await createCommented('Found by its comment');
  const { page, context, errors } = await signIn(browser, control);
  await page.goto(`${control.url}/board`);
  await page.getByText('Another one').waitFor();
  await page.getByLabel('Search tickets').fill(word);
  await page.getByText('Another one').waitFor({ state: 'detached' });
  const card = page.locator(`[data-column="backlog"] a[href$="/${key}"]`);
  await card.waitFor();
  await page.locator('a[aria-roledescription]').first().waitFor();
  // The lists show the change before the server has it, and must not lose the ticket by that.
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(`**/api/v1/tickets/${key}`, async (route) => {
    if (route.request().method() === 'PATCH') await held;
    await route.continue();
  });
  await card.focus();
  await page.keyboard.press('p');
  await page.getByRole('dialog', { name: new RegExp(`^Priority of ${key}`) }).waitFor();
  await page.keyboard.type('urgent');
  await page.keyboard.press('Enter');
  await page.locator(`[data-ticket="${key}"]`).getByRole('img', { name: 'Priority 0' }).waitFor();
  expect(await card.count()).toBe(1);
  letGo();
  await control.until(key, (t) => t.priority === 0);
  await card.waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

it('chooses it with its column, and lets it go with that', async () => {
  const { key, word } = await createCommented('Chosen by its comment');
  const { page, context, errors } = await signIn(browser, control);
  await page.goto(`${control.url}/board?q=${word}`);
  await page.locator(`[data-ticket="${key}"]`).waitFor();
  const all = page.getByRole('checkbox', { name: 'Choose all of Backlog' });
  await all.check();
  await page
    .getByRole('checkbox', { name: `Choose ${key}` })
    .and(page.locator(':checked'))
    .waitFor();
  await all.uncheck();
  expect(await page.getByRole('checkbox', { name: `Choose ${key}` }).isChecked()).toBe(false);
  expect(errors).toEqual([]);
  await context.close();
});

it('finds it in the palette, also offline once its page was read', async () => {
  const { key, word } = await createCommented('Read before the network went');
  const { page, context, errors } = await signIn(browser, control);
  const findInPalette = async (): Promise<void> => {
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search and commands' }).waitFor();
    await page.keyboard.type(word);
    await page.getByRole('option', { name: new RegExp(key) }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await findInPalette();
  await page.goto(`${control.url}/tickets/${key}`);
  await page.getByText(word.toUpperCase()).waitFor();
  await untilKept(page, word.toUpperCase());
  await context.setOffline(true);
  await page.getByText("You're offline — showing cached data").waitFor();
  await findInPalette();
  expect(errors).toEqual([]);
  await context.close();
});
