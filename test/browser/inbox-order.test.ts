/** The order of what waits to be decided: a person's first, then by deadline, then by age; on Inbox and on Home. */
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import type { InboxItem } from '../../src/contract/shapes.ts';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeEach(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  await control.prepareProject();
});
afterEach(async () => {
  await browser.close();
  await control.stop();
});

async function handIn(title: string, decidedBy: 'human' | 'orchestrator'): Promise<string> {
  const completion = { requires: ['signal'], decidedBy };
  const { key } = await control.createTicket(title, { status: 'todo', assignee: 'ada', completion });
  await control.move(key, 'hand_in', { summary: 'done by hand' });
  await control.until(key, (t) => t.status === 'in_review');
  return key;
}

/** Takes the one that has waited longest. */
async function lease(judge: ApiClient, seconds: number): Promise<InboxItem[]> {
  const body = { consumer: 'judge', max: 1, seconds };
  return (await judge.post<{ items: InboxItem[] }>('/inbox/lease', body)).items;
}

const order = (page: Page): Promise<(string | null)[]> =>
  page
    .locator('article[data-ticket]')
    .evaluateAll((cards) => cards.map((card) => card.getAttribute('data-ticket')));

it('is by deadline, whoever asked first, and follows what happens', async () => {
  const first = await handIn('Taken for an hour', 'orchestrator');
  const second = await handIn('Taken for five minutes', 'orchestrator');
  const third = await handIn('Waits for its quarter of an hour', 'orchestrator');
  const older = await handIn('A person’s', 'human');
  const newer = await handIn('A person’s too', 'human');
  const { token } = await control.api.post<{ token: string }>('/tokens', {
    role: 'orchestrator',
    name: 'judge',
  });
  const judge = new ApiClient(control.url, token);
  for (const [ticket, seconds] of [
    [first, 3600],
    [second, 300],
  ] as const) {
    expect((await lease(judge, seconds)).map((item) => item.ticket)).toEqual([ticket]);
  }

  const { page, context, errors } = await signIn(browser, control);
  const waiting = [older, newer, second, third, first];
  await expect.poll(() => order(page)).toEqual(waiting);
  await page.goto(`${control.url}/inbox`);
  await expect.poll(() => order(page)).toEqual(waiting);
  await page
    .getByRole('article')
    .filter({ hasText: second })
    .getByText(/^due in \dm$/)
    .waitFor();

  // Given up by the orchestrator it waits for a person, and has waited longer than the other two.
  const [given] = await lease(judge, 600);
  await judge.post(`/inbox/${given?.id}/act`, {
    deliveryId: given?.deliveryId,
    decision: 'escalate',
    reason: 'not sure',
  });
  await expect.poll(() => order(page)).toEqual([third, older, newer, second, first]);
  await page.goto(control.url);
  await expect.poll(() => order(page)).toEqual([third, older, newer, second, first]);
  expect(errors).toEqual([]);
  await context.close();
});
