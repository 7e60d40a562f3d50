/** Every page and dialog, and how one comes there. */
import type { Page } from 'playwright-core';
import type { World } from './world.ts';

export interface Surface {
  name: string;
  scope: string;
  open: (page: Page, world: World) => Promise<void>;
}

const MAIN = '#main';
export const DESK_SIZE = { width: 1440, height: 900 };
export const PHONE_SIZE = { width: 390, height: 844 };
const DIALOG = '[role="dialog"]';

const go =
  (path: (world: World) => string) =>
  async (page: Page, world: World): Promise<void> => {
    await page.goto(world.control.url + path(world));
    await page.locator('#main h1, #main h2').first().waitFor();
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' });
  };
const press =
  (path: (world: World) => string, button: string | RegExp, exact = true) =>
  async (page: Page, world: World): Promise<void> => {
    await go(path)(page, world);
    await page.getByRole('button', { name: button, exact }).first().click();
    await page.locator(DIALOG).first().waitFor();
  };
const keyed =
  (path: (world: World) => string, key: string) =>
  async (page: Page, world: World): Promise<void> => {
    await go(path)(page, world);
    await page.locator('[data-ticket], [data-page-ticket]').first().waitFor();
    await page.keyboard.press(key);
    await page.locator(DIALOG).first().waitFor();
  };
/** On a phone's width; every other surface is on a desk's. */
const phone =
  (open: Surface['open']) =>
  async (page: Page, world: World): Promise<void> => {
    await page.setViewportSize(PHONE_SIZE);
    await open(page, world);
  };
const opened = async (page: Page): Promise<void> => {
  for (const more of await page.locator(`${DIALOG} details:not([open]) > summary`).all()) await more.click();
};
const ticket = (key: keyof World['keys']) => (world: World) => `/tickets/${world.keys[key]}`;

export const SURFACES: Surface[] = [
  { name: 'sidebar', scope: 'aside[aria-label="Sidebar"]', open: go(() => '/help') },
  { name: 'home', scope: MAIN, open: go(() => '/') },
  { name: 'board', scope: MAIN, open: go(() => '/board') },
  { name: 'list', scope: MAIN, open: go(() => '/board?view=list&status=all') },
  { name: 'timeline', scope: MAIN, open: go(() => '/board?view=timeline') },
  {
    name: 'bulk bar',
    scope: '[aria-label="Chosen tickets"]',
    open: async (page, world) => {
      await go(() => '/board?label=loose')(page, world);
      await page.locator('a[aria-roledescription]').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      await page.locator('[aria-label="Chosen tickets"]').waitFor();
    },
  },
  { name: 'ticket in the backlog', scope: MAIN, open: go(ticket('waits')) },
  { name: 'ticket that asks', scope: MAIN, open: go(ticket('asks')) },
  {
    name: 'ticket in review',
    scope: MAIN,
    open: async (page, world) => {
      await go((w) => `${ticket('review')(w)}#diff`)(page, world);
      await page.locator('[data-file]').first().waitFor();
    },
  },
  { name: 'ticket out of attempts', scope: MAIN, open: go(ticket('exhausted')) },
  { name: 'ticket that is done', scope: MAIN, open: go(ticket('done')) },
  {
    name: 'attempt',
    scope: MAIN,
    open: async (page, world) => {
      await go((w) => `/attempts/${w.attempt}`)(page, world);
      await page.getByRole('button', { name: 'Find' }).waitFor();
    },
  },
  { name: 'inbox', scope: MAIN, open: go(() => '/inbox') },
  { name: 'alerts', scope: MAIN, open: go(() => '/alerts') },
  { name: 'agents', scope: MAIN, open: go(() => '/agents') },
  { name: 'jobs', scope: MAIN, open: go(() => '/jobs') },
  { name: 'trust', scope: MAIN, open: go(() => '/trust') },
  { name: 'settings', scope: MAIN, open: go(() => '/settings') },
  { name: 'help', scope: MAIN, open: go(() => '/help') },
  { name: 'notifications', scope: MAIN, open: go(() => '/notifications') },
  { name: 'bar of a phone', scope: 'nav[aria-label="Main"]:visible', open: phone(go(() => '/help')) },
  { name: 'more on a phone', scope: DIALOG, open: phone(press(() => '/help', 'More', false)) },
  {
    name: 'webhook',
    scope: DIALOG,
    open: async (page, world) => {
      await press(() => '/settings', 'New webhook')(page, world);
      for (const every of ['Everything', 'All, and what belongs to none'])
        await page.getByRole('checkbox', { name: every }).uncheck();
    },
  },
  {
    name: 'new ticket',
    scope: DIALOG,
    open: async (page, world) => {
      await press(() => '/board', 'New ticket')(page, world);
      await opened(page);
    },
  },
  { name: 'edit ticket', scope: DIALOG, open: press(ticket('waits'), 'Edit') },
  { name: 'cancel ticket', scope: DIALOG, open: press(ticket('waits'), 'Cancel ticket') },
  { name: 'request changes', scope: DIALOG, open: press(ticket('review'), 'Request changes') },
  { name: 'hand in', scope: DIALOG, open: press(ticket('mine'), 'Hand in') },
  { name: 'waiver', scope: DIALOG, open: press(ticket('review'), 'Waive a kind …') },
  { name: 'pause', scope: DIALOG, open: press(() => '/', 'Pause all work …') },
  { name: 'views', scope: DIALOG, open: press(() => '/board', /^Views/, false) },
  { name: 'import', scope: DIALOG, open: press(() => '/settings', 'Import tickets') },
  {
    name: 'project',
    scope: DIALOG,
    open: async (page, world) => {
      await press(() => '/settings', 'Edit project MC')(page, world);
      await opened(page);
    },
  },
  {
    name: 'disable a job',
    scope: DIALOG,
    open: press(() => '/jobs', 'Disable … Count the stars'),
  },
  { name: 'new token', scope: DIALOG, open: press(() => '/settings', 'New token') },
  { name: 'profile', scope: DIALOG, open: press(() => '/agents', /Edit profile/, false) },
  {
    name: 'recurring ticket',
    scope: DIALOG,
    open: async (page, world) => {
      await press(() => '/jobs', 'New recurring ticket')(page, world);
      await opened(page);
    },
  },
  { name: 'shortcuts', scope: DIALOG, open: keyed(ticket('waits'), '?') },
  { name: 'palette', scope: DIALOG, open: keyed(ticket('waits'), 'Control+k') },
  { name: 'state picker', scope: DIALOG, open: keyed(ticket('waits'), 's') },
];
