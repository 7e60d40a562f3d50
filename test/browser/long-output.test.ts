/** A page that shows more than any page can draw: it finds its way in it all the same. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { RemoteAttempt } from './support/remote-attempt.ts';

const LINES = 60_000;
const line = (n: number): string =>
  `line ${n} of the build ${n % 1000 === 999 ? '\u001b[31mwarning\u001b[0m' : 'ok'}`;
let control: MissionControl;
let browser: Browser;
let attempt: RemoteAttempt;
/** What has been written in all, and its last line: a second try begins where the first one ended. */
let written = { count: LINES, last: line(LINES) };
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  attempt = await RemoteAttempt.begin(control);
  await attempt.write(`${Array.from({ length: LINES }, (_, i) => line(i + 1)).join('\n')}\n`);
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

const open = async (hash = ''): Promise<{ page: Page; errors: string[] }> => {
  const signed = await signIn(browser, control);
  await signed.page.goto(`${control.url}/attempts/${attempt.id}${hash}`);
  return signed;
};
const log = (page: Page) => page.getByRole('log', { name: 'Output' });

const write = async (text: string, times: number): Promise<void> => {
  const from = written.count + 1;
  const lines = Array.from({ length: times }, (_, i) => `${text} ${from + i}`);
  await attempt.write(`${lines.join('\n')}\n`);
  written = { count: written.count + times, last: lines.at(-1)! };
};
const lastIsSeen = (page: Page) => log(page).getByText(written.last, { exact: true }).waitFor();
const allAreCounted = (page: Page) =>
  page.getByText(`${written.count.toLocaleString('en-US')} lines`).waitFor();

/** The first line in sight, counted from 0, once scrolling rests. */
const firstInSight = async (page: Page): Promise<number> => {
  const read = (): Promise<number> =>
    log(page).evaluate((element) => {
      const { top } = element.getBoundingClientRect();
      const rows = [...element.querySelectorAll('[data-index]')];
      return Number(
        rows.find((row) => row.getBoundingClientRect().bottom > top + 1)?.getAttribute('data-index'),
      );
    });
  for (let before = await read(); ;) {
    await page.waitForTimeout(400);
    const now = await read();
    if (now === before) return now;
    before = now;
  }
};

describe('output of many lines', () => {
  it('draws what is in sight, follows its end, and stays where one has scrolled to', async () => {
    const { page, errors } = await open();
    await lastIsSeen(page);
    await log(page).hover();
    await page.mouse.wheel(0, -1800);
    await page.getByText('paused here').waitFor();
    const above = await firstInSight(page);
    expect(await log(page).locator('[data-index]').count()).toBeLessThan(150);
    await allAreCounted(page);
    await page.getByRole('button', { name: 'To the end' }).click();
    await lastIsSeen(page);
    expect((await firstInSight(page)) - above).toBe(100);
    await write('one more', 1);
    await lastIsSeen(page);
    await log(page).hover();
    await page.mouse.wheel(0, -1800);
    await page.getByText('paused here').waitFor();
    const seen = await firstInSight(page);
    await write('and another', 500);
    await allAreCounted(page);
    expect(await firstInSight(page)).toBe(seen);
    await page.getByRole('button', { name: 'To the end' }).click();
    await lastIsSeen(page);
    await log(page).focus();
    await page.keyboard.press('Home');
    await log(page).getByText(line(1), { exact: true }).waitFor();
    expect(errors).toEqual([]);
  });

  it('is scrolled right where less motion is asked for: a height counts at once, not a frame late', async () => {
    const { page } = await open();
    await lastIsSeen(page);
    const height = await log(page).evaluate((element) => {
      const inner = element.firstElementChild as HTMLElement;
      inner.style.height = '1000px';
      const before = inner.offsetHeight;
      inner.style.height = '2000px';
      return [before, inner.offsetHeight];
    });
    expect(height).toEqual([1000, 2000]);
  });

  it('finds words in all of it, steps through them, and marks them', async () => {
    const { page } = await open();
    await page.getByText(/60,\d\d\d lines/).waitFor();
    await page.getByRole('button', { name: 'Find' }).click();
    const input = page.getByRole('searchbox', { name: 'Find in the output' });
    await input.fill('WARNING');
    await page.getByRole('status').getByText('1 of 60').waitFor();
    await log(page).getByText('line 999 of').waitFor();
    await input.press('Enter');
    await page.getByText('2 of 60').waitFor();
    await log(page).getByText('line 1999 of').waitFor();
    await input.press('Shift+Enter');
    await input.press('Shift+Enter');
    await page.getByText('60 of 60').waitFor();
    await log(page).getByText('line 59999 of').waitFor();
    expect(await log(page).locator('mark').first().innerText()).toBe('warning');
    await input.fill('nobody wrote this');
    await page.getByText('not found').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await input.press('Escape');
    await input.waitFor({ state: 'detached' });
  });

  it('has an address for each line, which a colleague opens', async () => {
    const { page } = await open('#L30000');
    await log(page).getByText(line(30_000), { exact: true }).waitFor();
    expect(await firstInSight(page)).toBeGreaterThan(29_900);
    await log(page).getByText('30002', { exact: true }).click();
    expect(page.url()).toContain('#L30002');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('searchbox', { name: 'Find in the output' }).fill(line(123));
    await log(page).getByText(line(123), { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Copy link' }).click();
    expect(page.url()).toContain('#L123');
  });

  it('gives all of it as a file', async () => {
    const { page } = await open();
    await page.getByText(/60,\d\d\d lines/).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const lines = Buffer.concat(chunks).toString().split('\n');
    expect(lines[998]).toBe('line 999 of the build warning');
    expect(lines[LINES - 1]).toBe(line(LINES));
  });
});
