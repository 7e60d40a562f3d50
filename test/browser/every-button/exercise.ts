/** An exercise of the table, and the few things that all of them do. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import type { World } from './world.ts';

export interface Exercise {
  name: string;
  covers: Record<string, string[]>;
  run: (page: Page, world: World) => Promise<void>;
}

export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: true }).first();
export const dialog = (page: Page) => page.getByRole('dialog');
export const gone = (page: Page): Promise<void> => dialog(page).waitFor({ state: 'detached' });
export async function open(page: Page, world: World, path: string): Promise<void> {
  await page.goto(world.control.url + path);
  await page.locator('#main h1, #main h2').first().waitFor();
}
export async function download(page: Page, name: string): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}
