import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openBrowser, signIn, watchErrors } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

describe('signing in', () => {
  it.each(['light', 'dark'] as const)(
    'has no barrier that axe finds, in the %s theme',
    async (colorScheme) => {
      const page = await (await browser.newContext({ colorScheme })).newPage();
      await page.goto(`${control.url}/sign-in`);
      await page.getByLabel('Or paste a link or a token').fill('no such token');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      expect(await findBarriers(page)).toEqual([]);
    },
  );

  it('takes the code of a link once, leaves nothing of it in the address, and then says what to run', async () => {
    const link = await control.signInLink();
    const first = await (await browser.newContext()).newPage();
    const errors = watchErrors(first);
    await first.goto(link);
    await first.getByRole('heading', { name: 'Welcome to Mission Control' }).waitFor();
    expect(first.url()).toBe(`${control.url}/`);

    const second = await (await browser.newContext()).newPage();
    await second.goto(link);
    await second.getByRole('alert').waitFor();
    expect(second.url()).not.toContain('#');
    expect(await second.locator('main').innerText()).toContain('mctl sign-in');
    expect(errors).toEqual([]);
  });

  it('takes a pasted token, and goes where one wanted to go', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${control.url}/board?project=MC`);
    await page.waitForURL(/\/sign-in/);
    const token = readFileSync(join(control.dir, 'data', 'admin.token'), 'utf8').trim();
    await page.getByLabel('Or paste a link or a token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${control.url}/board?project=MC`);
    await page.getByRole('heading', { name: 'Board' }).waitFor();
  });

  it('does not lead to another site after signing in', async () => {
    const page = await (await browser.newContext()).newPage();
    const link = (await control.signInLink()).replace('/sign-in#', '/sign-in?to=//evil.example/#');
    await page.goto(link);
    await page.waitForURL(`${control.url}/`);
  });

  it('leaves with what this device kept, when one signs out', async () => {
    const { page } = await signIn(browser, control);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('sign out');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/sign-in/);
    await page.goto(control.url);
    await page.waitForURL(/\/sign-in/);
  });
});
