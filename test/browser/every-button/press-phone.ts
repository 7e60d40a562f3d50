/** Presses what a person has at hand: the list of what they were told, and on a phone the bar and the sheet behind it. */
import { expect } from 'vitest';
import type { NotificationPage } from '../../../src/contract/notify-shapes.ts';
import { button, dialog, gone, open, type Exercise } from './exercise.ts';
import { PHONE_SIZE } from './surfaces.ts';

const IN_SHEET = ['Alerts', 'Agents', 'Jobs', 'Trust', 'Settings', 'Help'];

export const PRESS_PHONE: Exercise[] = [
  {
    name: 'what one was told is opened, read, and read for good',
    covers: {
      notifications: [
        'box: Unread only',
        'button: Mark all as read',
        'link: Settings',
        'link: a decision',
        'link: a ticket',
      ],
    },
    async run(page, world) {
      const unread = async (): Promise<number> =>
        (await world.control.api.get<NotificationPage>('/notifications')).unread;
      await open(page, world, '/notifications');
      await page.locator('#main').getByRole('link', { name: 'Settings' }).click();
      await page.waitForURL(`${world.control.url}/settings#notifications`);
      await page.goBack();
      const before = await unread();
      expect(before).toBeGreaterThan(1);
      await page.getByRole('checkbox', { name: 'Unread only' }).check();
      const rows = page.locator('#main [data-row]');
      await rows.first().waitFor();
      const shown = await rows.count();
      const link = rows.first().getByRole('link');
      const href = await link.getAttribute('href');
      await link.click();
      await page.waitForURL(world.control.url + href);
      await expect.poll(unread, { timeout: 20_000 }).toBe(before - 1);
      await open(page, world, '/notifications');
      await page.getByRole('checkbox', { name: 'Unread only' }).check();
      await expect.poll(() => rows.count()).toBe(shown - 1);
      await button(page, 'Mark all as read').click();
      await expect.poll(unread, { timeout: 20_000 }).toBe(0);
      await page.reload();
      await rows.first().waitFor();
      // What is kept on the device is shown first, and what the server says then.
      await expect.poll(() => page.locator('#main').getByText('Unread', { exact: true }).count()).toBe(0);
    },
  },
  {
    name: 'the bar of a phone and the sheet behind it lead where they say',
    covers: {
      'bar of a phone': [
        'link: Home',
        'link: Board',
        'link: InboxN to decide',
        'button: New ticket',
        'button: MoreN open alerts',
      ],
      'more on a phone': [
        ...IN_SHEET.map((place) => `button: ${place === 'Alerts' ? 'AlertsN open' : place}`),
        'button: Search',
        'button: Pause …',
        'button: Close',
        'button: Theme: as the system',
      ],
    },
    async run(page, world) {
      await page.setViewportSize(PHONE_SIZE);
      const bar = page.locator('nav[aria-label="Main"]:visible');
      const more = async (): Promise<void> => {
        await bar.getByRole('button', { name: /^More/ }).click();
        await page.getByRole('dialog', { name: 'More' }).waitFor();
      };
      await open(page, world, '/help');
      for (const [place, path] of [
        ['Board', '/board'],
        ['Inbox', '/inbox'],
        ['Home', '/'],
      ] as const) {
        await bar.getByRole('link', { name: new RegExp(`^${place}`) }).click();
        await page.waitForURL(world.control.url + path);
        await page.getByRole('heading', { level: 1, name: place }).waitFor();
      }
      await bar.getByRole('button', { name: 'New ticket' }).click();
      await page.getByRole('dialog', { name: 'New ticket' }).waitFor();
      await dialog(page).getByRole('button', { name: 'Close' }).first().click();
      await gone(page);
      for (const place of IN_SHEET) {
        await more();
        await dialog(page)
          .getByRole('button', { name: new RegExp(`^${place}`) })
          .click();
        await page.waitForURL(`${world.control.url}/${place.toLowerCase()}`);
        await page.getByRole('heading', { level: 1, name: place }).waitFor();
      }
      for (const [name, title] of [
        ['Search', 'Search and commands'],
        ['Pause …', /Pause/],
      ] as const) {
        await more();
        await dialog(page).getByRole('button', { name, exact: true }).click();
        await page.getByRole('dialog', { name: title }).waitFor();
        await page.keyboard.press('Escape');
        await gone(page);
      }
      await more();
      const theme = (): Promise<string | null> =>
        dialog(page)
          .getByRole('button', { name: /^Theme/ })
          .getAttribute('aria-label');
      const first = await theme();
      await dialog(page)
        .getByRole('button', { name: /^Theme/ })
        .click();
      await expect.poll(theme).not.toBe(first);
      const second = await theme();
      await page.reload();
      await more();
      expect(await theme()).toBe(second);
      // As it was, for those who come after.
      while ((await theme()) !== first)
        await dialog(page)
          .getByRole('button', { name: /^Theme/ })
          .click();
      await dialog(page).getByRole('button', { name: 'Close' }).first().click();
      await gone(page);
    },
  },
];
