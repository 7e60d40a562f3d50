import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Policy, Ticket } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, signIn } from './support/browser.ts';
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

describe('the policy', () => {
  it('is changed on its page, and stands after a reload; a wrong line says what is wrong with it', async () => {
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/settings`);
    const form = page.getByRole('form', { name: 'Policy' });
    await form.getByLabel('Agents at once').fill('3');
    await form.getByLabel('USD a day').fill('12.5');
    await form.getByRole('checkbox', { name: /Enable a pickup/ }).check();
    await form.getByRole('button', { name: 'Add a window' }).click();
    await form.getByLabel('Window 1 opens at (cron)').fill('never');
    await form.getByRole('button', { name: 'Save the policy' }).click();
    expect(await form.getByRole('alert').innerText()).toMatch(/cron/i);
    await form.getByLabel('Window 1 opens at (cron)').fill('0 2 * * *');
    await form.getByLabel('Minutes of window 1').fill('30');
    await form.getByLabel('Reason of window 1').fill('Backups');
    expect(await findBarriers(page)).toEqual([]);
    await form.getByRole('button', { name: 'Save the policy' }).click();
    await page.getByText('The policy is saved').waitFor();
    await page.reload();
    await form.getByLabel('Reason of window 1').waitFor();
    expect(await form.getByLabel('USD a day').inputValue()).toBe('12.5');
    expect(await control.api.get<Policy>('/policy')).toMatchObject({
      maxWorkers: 3,
      budget: { usd: 12.5 },
      remedies: ['enable_job'],
      windows: [{ cron: '0 2 * * *', minutes: 30, reason: 'Backups' }],
    });
    expect(errors).toEqual([]);
  });
});

describe('what makes a ticket done', () => {
  it('is set for one ticket in its form, shown as its own, and given back to the project', async () => {
    const { key } = await control.createTicket('With a policy of its own');
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${key}`);
    await page.locator('[data-page-ticket]').waitFor();
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Decided by').selectOption('policy');
    await dialog.getByLabel('After acceptance').selectOption('squash');
    await dialog.getByRole('checkbox', { name: 'test' }).uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    // A check that is required and not named would prove nothing.
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('checkbox', { name: 'Check', exact: true }).uncheck();
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const own = { decidedBy: 'policy', onAccept: 'squash', checks: [], requires: ['signal', 'commit'] };
    expect((await control.api.get<Ticket>(`/tickets/${key}`)).ownCompletion).toEqual(own);
    await page.reload();
    await page.getByText('squash and merge').waitFor();
    await page.keyboard.press('e');
    await dialog.getByLabel('Decided by').selectOption('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await control.ticket(key)).completion.decidedBy).toBe('human');
  });
});
