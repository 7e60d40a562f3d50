import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../src/contract/job-shapes.ts';
import type { Page } from '../../src/contract/shapes.ts';
import { DESK, findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
    await control.prepareProject();
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

const schedules = async (): Promise<Schedule[]> =>
  (await control.api.get<Page<Schedule>>('/schedules')).items;

describe('recurring tickets on the page Jobs', () => {
  it('are set up with their next three runs in sight, and changed; a reload shows the same', async () => {
    const { page, errors } = await signIn(browser, control, { ...DESK, timezoneId: 'Europe/Berlin' });
    await page.goto(`${control.url}/jobs`);
    await page.getByText('No recurring ticket yet').waitFor();
    await page.getByRole('button', { name: 'New recurring ticket' }).click();
    const dialog = page.getByRole('dialog', { name: 'New recurring ticket' });
    await dialog.getByLabel('Title').fill('Update the dependencies');
    expect(await dialog.getByLabel('Time zone').inputValue()).toBe('Europe/Berlin');

    const runs = dialog.getByRole('status', { name: 'Next runs' });
    await dialog.getByLabel('When').fill('every night');
    await runs.getByText('does not have five fields').waitFor();
    await dialog.getByRole('button', { name: 'Weekdays' }).click();
    expect(await dialog.getByLabel('When').inputValue()).toBe('0 9 * * 1-5');
    await dialog.getByLabel('When').fill('30 4 * * 1-5');
    await runs.getByText('30').first().waitFor();
    expect(await runs.getByRole('listitem').count()).toBe(3);
    for (const run of await runs.getByRole('listitem').allTextContents()) {
      // In the zone of the line, whichever way the browser writes a time of day.
      expect(run).toMatch(/0?4:30/);
      expect(run).not.toMatch(/Sat|Sun/);
    }
    expect(await findBarriers(page)).toEqual([]);

    await dialog.getByLabel('Profile').selectOption('scripted');
    await dialog.getByText('More', { exact: true }).click();
    await dialog.getByLabel('Runs missed').selectOption('skip');
    await dialog.getByLabel('Labels').fill('chore, night');
    await dialog.getByLabel('Budget in USD').fill('2.5');
    await dialog.getByRole('button', { name: 'Set it up' }).click();
    await dialog.waitFor({ state: 'detached' });

    const row = page.getByRole('listitem').filter({ hasText: 'Update the dependencies' });
    await page.reload();
    await row.getByText('30 4 * * 1-5 (Europe/Berlin)').waitFor();
    const [made] = await schedules();
    expect(made).toMatchObject({
      project: 'MC',
      cron: '30 4 * * 1-5',
      timezone: 'Europe/Berlin',
      missedRun: 'skip',
      enabled: true,
      ticket: {
        title: 'Update the dependencies',
        profile: 'scripted',
        labels: ['chore', 'night'],
        budget: { usd: 2.5 },
        completion: null,
      },
    });

    await row.getByRole('button', { name: 'Edit Update the dependencies' }).click();
    const edit = page.getByRole('dialog', { name: 'Edit recurring ticket' });
    expect(await edit.getByLabel('When').inputValue()).toBe('30 4 * * 1-5');
    expect(await edit.getByLabel('Project').isDisabled()).toBe(true);
    await edit.getByLabel('Title').fill('Update everything');
    await edit.getByLabel('Time zone').fill('Moon/Base');
    await edit.getByText('There is no time zone Moon/Base').waitFor();
    await edit.getByRole('button', { name: 'Save' }).click();
    await edit.getByRole('alert').getByText('timezone', { exact: true }).waitFor();
    await edit.getByLabel('Time zone').fill('UTC');
    await edit.getByLabel('Budget in USD').fill('');
    await edit.getByRole('button', { name: 'Save' }).click();
    await edit.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText('30 4 * * 1-5 (UTC)').waitFor();
    await page.getByText('Update everything').waitFor();
    const all = await schedules();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      id: made?.id,
      timezone: 'UTC',
      missedRun: 'skip',
      ticket: { title: 'Update everything', profile: 'scripted', labels: ['chore', 'night'], budget: null },
    });
    expect(errors).toEqual([]);
  });

  it('that somebody else changed meanwhile are not overwritten', async () => {
    const { id } = await control.api.post<Schedule>('/schedules', {
      project: 'MC',
      cron: '0 5 * * *',
      ticket: { title: 'Count the stars' },
    });
    const { page } = await signIn(browser, control, PHONE);
    await page.goto(`${control.url}/jobs`);
    await page.getByRole('button', { name: 'Edit Count the stars' }).click();
    const edit = page.getByRole('dialog');
    await edit.getByLabel('When').fill('0 6 * * *');
    await control.api.patch('/schedules/' + id, { cron: '0 7 * * *' }, { ifMatch: 1 });
    await edit.getByRole('button', { name: 'Save' }).click();
    await edit.getByRole('alert').waitFor();
    expect((await schedules()).find((each) => each.id === id)?.cron).toBe('0 7 * * *');
    expect(await edit.getByLabel('When').inputValue()).toBe('0 6 * * *');
    expect(await findBarriers(page)).toEqual([]);
  });
});
