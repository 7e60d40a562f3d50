/** What the operator saw, on Alerts and Home, after a long time of operation. */
import { join } from 'node:path';
import { hash } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clear, raise } from '../../src/services/alerts.ts';
import type { Deps } from '../../src/services/deps.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { DESK, openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  // Without a ticket Home has the first steps.
  await control.prepareProject();
  await control.createTicket('The first one');
  await control.stopServer();
  await fillWithOldAlerts(join(control.dir, 'data/mission-control.db'));
  await control.start();
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

/** One that still holds, and more than a page of younger ones that are over. */
async function fillWithOldAlerts(path: string): Promise<void> {
  let now = Date.now() - 10 * 86_400_000;
  let ids = 0;
  const store = openSqliteStore({ path, clock: () => (now += 1000) });
  const deps = {
    store,
    newId: (prefix: string) => `${prefix}_old${(ids += 1)}`,
    sha256: (text: string) => hash('sha256', text),
  } as Partial<Deps> as Deps;
  const observed = { rule: 'invariant_violated', severity: 'critical' } as const;
  await raise(deps, { ...observed, subject: 'I1', detail: 'Two attempts of one ticket were open.' });
  for (let n = 0; n < 430; n += 1) {
    const detail = `Attempt ${n} was lost.`;
    await raise(deps, { rule: 'lost', subject: `att_${n}`, severity: 'warning', detail });
    if (n % 2 === 0) for (let looks = 0; looks < 3; looks += 1) await clear(deps, `lost:att_${n}`);
  }
  await store.close();
}

it('an alert that still holds is seen, however many younger ones are over', async () => {
  const { page, context, errors } = await signIn(browser, control, DESK);
  await page.goto(`${control.url}/alerts`);
  await page.getByRole('heading', { name: /^Open/ }).waitFor();
  await page.getByText('Two attempts of one ticket were open.').waitFor();
  for (const n of [429, 428]) await page.getByText(`Attempt ${n} was lost.`).waitFor();
  await page.getByText(/^11\d more, none of them worse/).waitFor();
  await page.getByText('Older ones are in the file of this view.').waitFor();
  await page.goto(`${control.url}/`);
  await page.getByText('Two attempts of one ticket were open.').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});
