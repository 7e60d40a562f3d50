import type { Browser, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Comment, Page as PageOf, Ticket } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
let ticket: Ticket;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
    await control.prepareProject();
    const { key } = await control.createTicket('Rewrites the sample', { status: 'todo' });
    ticket = await control.until(key, (t) => t.status === 'in_review' && t.runtime === 'idle');
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

const file = (page: Page, path: string) => page.locator(`[data-file="${path}"]`);
const line = (page: Page, path: string, place: string) => file(page, path).locator(`[data-line="${place}"]`);
const review = (page: Page) => page.getByRole('form', { name: 'Your review' });
/** The box that is written in ends before the frame of its file does, however long the lines are. */
async function expectWithin(page: Page): Promise<void> {
  const [box, frame] = await Promise.all([
    page.getByRole('textbox', { name: /^Comment on/ }).boundingBox(),
    page.getByRole('region', { name: 'Changes of README.md' }).boundingBox(),
  ]);
  const end = (rect: typeof box): number => (rect?.x ?? 0) + (rect?.width ?? 0);
  expect(end(frame) - end(box)).toBeGreaterThan(6);
}
async function openDiff(page: Page): Promise<void> {
  await page.goto(`${control.url}/tickets/${ticket.key}#diff`);
  await file(page, 'README.md').waitFor();
}

describe('reviewing a diff', () => {
  it('draws a long file a stretch at a time, and folds what one has seen', async () => {
    const { page, errors } = await signIn(browser, control);
    await openDiff(page);
    expect(await findBarriers(page)).toEqual([]);
    const long = file(page, 'long.txt');
    expect(await long.locator('tr').count()).toBeLessThan(700);
    await long.getByRole('button', { name: /more lines/ }).scrollIntoViewIfNeeded();
    for (let i = 0; i < 6 && (await long.getByText('line 899', { exact: true }).count()) === 0; i++)
      await long.locator('tr').last().scrollIntoViewIfNeeded();
    await long.getByText('line 899', { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: 'Viewed long.txt' }).check();
    await long.getByRole('table').waitFor({ state: 'detached' });
    await page.getByText('1 of 2 viewed').waitFor();
    await page.reload();
    await page.getByText('1 of 2 viewed').waitFor();
    expect(errors).toEqual([]);
  });

  it('takes comments on both sides, by keyboard too, keeps them over a reload, and forgets what is deleted', async () => {
    const { page } = await signIn(browser, control, { viewport: { width: 1280, height: 900 } });
    await openDiff(page);
    await line(page, 'README.md', 'before:1').click();
    await page
      .getByRole('textbox', { name: 'Comment on line 1 as before' })
      .fill('Why was the old title bad?');
    await expectWithin(page);
    await page.keyboard.press('Control+Enter');
    await line(page, 'README.md', 'before:1').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Comment on line 1', exact: true }).fill('A better title');
    await page.keyboard.press('Control+Enter');
    await review(page).getByText('2 comments in your review').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await review(page).getByText('2 comments in your review').waitFor();
    await file(page, 'README.md').getByText('A better title').waitFor();
    const first = file(page, 'README.md').locator('[data-comment]').first();
    await first.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Comment on line 1 as before' }).fill('Why?');
    await page.getByRole('button', { name: 'Add to the review' }).click();
    await first.getByText('Why?').waitFor();
    await first.getByRole('button', { name: 'Delete' }).click();
    await review(page).getByText('1 comment in your review').waitFor();
    page.once('dialog', (dialog) => void dialog.accept());
    await review(page).getByRole('button', { name: 'Throw away' }).click();
    await review(page).waitFor({ state: 'detached' });
  });

  it('can be begun on a phone', async () => {
    const { page } = await signIn(browser, control, PHONE);
    await openDiff(page);
    await line(page, 'README.md', 'after:3').tap();
    await page.getByRole('textbox', { name: 'Comment on line 3' }).fill('On the way');
    await expectWithin(page);
    await page.getByRole('button', { name: 'Add to the review' }).tap();
    await review(page).getByText('1 comment in your review').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
  });

  it('reaches the agent as one review, and is read by its next attempt at its lines', async () => {
    const { page, errors } = await signIn(browser, control);
    await openDiff(page);
    await line(page, 'README.md', 'after:3').click();
    await line(page, 'README.md', 'after:4').click({ modifiers: ['Shift'] });
    await page.getByRole('textbox', { name: 'Comment on lines 3 to 4' }).fill('Say both at once.');
    await page.keyboard.press('Control+Enter');
    await line(page, 'long.txt', 'after:2').click();
    await page.getByRole('textbox', { name: 'Comment on line 2' }).fill('Is all of this needed?');
    await page.keyboard.press('Control+Enter');
    await review(page).getByLabel('Summary of the review').fill('Nearly there.');
    await review(page).getByRole('button', { name: 'Request changes' }).click();
    const next = await control.until(
      ticket.key,
      (t) => t.attempt?.number === 2 && t.status === 'in_review' && t.runtime === 'idle',
    );
    const { items } = await control.api.get<PageOf<Comment>>(`/tickets/${ticket.key}/comments`);
    const sent = items.filter((each) => each.kind === 'feedback');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.review).toMatchObject({
      attempt: ticket.attempt?.id,
      summary: 'Nearly there.',
      comments: [
        { path: 'README.md', side: 'after', line: 3, endLine: 4, quote: 'first\nsecond' },
        { path: 'long.txt', side: 'after', line: 2, endLine: 2, text: 'Is all of this needed?' },
      ],
    });
    // The scripted agent says so only when its prompt had the lines and the words.
    expect(items.some((each) => each.text === 'Read the review at its lines')).toBe(true);
    await page.reload();
    await page.getByText('Say both at once.').first().waitFor();
    // The agent changed nothing: whoever looks at its next attempt sees what it passed over.
    const passedOver = page.getByRole('region', {
      name: 'Comments at files that this attempt does not change',
    });
    await passedOver
      .getByRole('article', { name: 'Comment on lines 3 to 4' })
      .getByText('Say both at once.')
      .waitFor();
    expect(await passedOver.getByText('this attempt did not touch the file').count()).toBe(2);
    await page.locator('[data-timeline]').getByRole('link').nth(1).waitFor();
    expect(await review(page).count()).toBe(0);
    expect(next.feedback).toContain('### long.txt');
    expect(errors).toEqual([]);
  });
});
