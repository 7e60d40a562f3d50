/**
 * Every button of every page, held against what is exercised: a new one without a test is a failure that names it, and so
 * is a test of one that is gone. Each exercise presses the real thing on the real server, and looks again after a reload.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, signIn } from '../support/browser.ts';
import { listControls } from './controls.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { PRESS_BOARD } from './press-board.ts';
import { PRESS_PHONE } from './press-phone.ts';
import { PRESS_SETTINGS } from './press-settings.ts';
import { PRESS_TICKET } from './press-ticket.ts';
import { DESK_SIZE, SURFACES } from './surfaces.ts';
import { makeWorld, type World } from './world.ts';

/**
 * What pressing a control does: each exercise presses those that it covers, sees the effect by the API, and again on the
 * page after a reload.
 */
const EXERCISES = [...PRESS_BOARD, ...PRESS_TICKET, ...PRESS_SETTINGS, ...PRESS_PHONE];

let world: World;
let browser: Browser;
let page: Page;
let errors: string[];
beforeAll(async () => {
  [world, browser] = await Promise.all([makeWorld(), openBrowser()]);
  ({ page, errors } = await signIn(browser, world.control));
}, 240_000);
afterAll(async () => {
  await browser.close();
  await world.control.stop();
});

const known = (surface: string): Set<string> =>
  new Set(
    [...EXERCISES, ...ELSEWHERE].flatMap(({ covers }) => [
      ...(covers[surface] ?? []),
      ...(covers['*'] ?? []),
    ]),
  );

describe('the table of what is exercised', () => {
  it.each(SURFACES)('has every control of: $name', async ({ name, scope, open }) => {
    await page.setViewportSize(DESK_SIZE);
    await open(page, world);
    // What is on its way (a page's parts, evidence, output, a project’s checks) has come when nothing says that it is being
    // read, and the list of controls stays the same.
    let controls = await listControls(page, scope);
    for (let same = 0; same < 3;) {
      await page.waitForTimeout(150);
      const now = await listControls(page, scope);
      const isReading = (await page.getByRole('status', { name: 'Loading' }).count()) > 0;
      same = !isReading && now.join() === controls.join() ? same + 1 : 0;
      controls = now;
    }
    const table = known(name);
    expect(
      controls.filter((control) => !table.has(control)),
      'Pressed by no test: write an exercise in every-button/press-….ts',
    ).toEqual([]);
    const named = [...EXERCISES, ...ELSEWHERE].flatMap(({ covers }) => covers[name] ?? []);
    expect(
      named.filter((control) => !controls.includes(control) && !MAY_BE_AWAY.test(control)),
      'In the table, but not on the page any more',
    ).toEqual([]);
  });

  it.each(ELSEWHERE)('names a test that exists: $file, $title', ({ file, title }) => {
    const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
    expect(text).toContain(title);
  });
});

/** What is there only sometimes: how often a reason changed, which profiles there are besides. */
const MAY_BE_AWAY =
  /earlier reason|With another profile|box: test|choice: After acceptance|link: Notifications/;

describe('pressed, seen by the API, and still so after a reload', () => {
  it.each(EXERCISES)('$name', { timeout: 240_000 }, async ({ run }) => {
    await page.setViewportSize(DESK_SIZE);
    await run(page, world);
    expect(errors.splice(0)).toEqual([]);
  });
});
