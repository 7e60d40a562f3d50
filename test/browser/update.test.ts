/** An app that is open, or kept on a device, while the server gets a newer version. */
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl, root } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
let installation: string;
shareWorld(
  async () => {
    // An installation of this test's own, to be updated.
    installation = mkdtempSync(join(tmpdir(), 'mc-update-'));
    for (const part of ['dist', 'package.json'])
      cpSync(join(root, part), join(installation, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(installation, 'node_modules'));
    [control, browser] = await Promise.all([new MissionControl('none', installation).start(), openBrowser()]);
    await control.prepareProject();
  },
  async () => {
    await browser.close();
    await control.stop();
    rmSync(installation, { recursive: true, force: true });
  },
);

describe('an older service worker', () => {
  it('goes on serving the app that it belongs to, and makes way for the new one when the person says so', async () => {
    const { page, errors } = await signIn(browser, control);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.reload();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.locator('#main h1').waitFor();
    // The update: another worker, and the old version's page of settings is no longer on the server.
    const assets = join(installation, 'dist/web/assets');
    const old = readdirSync(assets).find((file) => /^settings-page-.*\.js$/.test(file)) ?? '';
    unlinkSync(join(assets, old));
    appendFileSync(join(installation, 'dist/web/sw.js'), '\n// a newer version\n');
    expect((await fetch(`${control.url}/assets/${old}`)).ok).toBe(false);
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('form', { name: 'Policy' }).waitFor();
    await page.evaluate(async () => {
      await (await navigator.serviceWorker.getRegistration())?.update();
    });
    await page.getByText('A new version of Mission Control is here').waitFor();
    const navigated = page.waitForEvent('load');
    await page.getByRole('button', { name: 'Reload' }).click();
    await navigated;
    await page.locator('#main h1').waitFor();
    expect(
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting ?? null),
    ).toBeNull();
    expect(errors).toEqual([]);
  });
});

describe('two tabs', () => {
  it('each keep what was written offline, and all of it arrives once', async () => {
    const { key } = await control.createTicket('Written about from two tabs');
    const { context, page } = await signIn(browser, control);
    const other = await context.newPage();
    for (const tab of [page, other]) {
      await tab.goto(`${control.url}/tickets/${key}`);
      await tab.getByLabel('Comment').waitFor();
    }
    await control.stopServer();
    for (const [tab, text] of [
      [page, 'From the first tab'],
      [other, 'From the second tab'],
    ] as const) {
      await tab.getByText('showing cached data').waitFor({ timeout: 30_000 });
      await tab.getByLabel('Comment').fill(text);
      await tab.getByRole('button', { name: 'Keep for later' }).click();
      await tab.getByText('waiting to be sent').first().waitFor();
    }
    await control.start();
    for (const tab of [page, other]) {
      await tab.getByText('showing cached data').waitFor({ state: 'detached', timeout: 30_000 });
      await tab.getByText('From the first tab').first().waitFor({ timeout: 30_000 });
      await tab.getByText('From the second tab').first().waitFor({ timeout: 30_000 });
    }
    const comments = await control.comments(key);
    expect(comments.filter((text) => text === 'From the first tab')).toHaveLength(1);
    expect(comments.filter((text) => text === 'From the second tab')).toHaveLength(1);
  });
});
