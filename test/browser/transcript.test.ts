import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

const agent = fileURLToPath(new URL('../harness/runner/scripted-acp-agent.mjs', import.meta.url));
let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
  await control.prepareProject();
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

describe('the transcript of an attempt', () => {
  it('shows all that the agent said and did as text, draws what is in sight, and follows the end', async () => {
    const env = { ACP_DO: 'show', OUT: control.dir };
    const command = [process.execPath, agent];
    await control.api.post('/profiles', { id: 'shows', adapter: 'acp', command, env });
    const { key } = await control.createTicket('Shows a transcript', { status: 'todo', profile: 'shows' });
    const ticket = await control.until(key, (t) => t.attempt?.state === 'parked');
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/attempts/${ticket.attempt?.id}`);
    const log = page.getByRole('log', { name: 'Transcript' });
    await log.getByText('call number 3000').waitFor();
    expect(await log.locator('[data-index]').count()).toBeLessThan(200);
    await log.focus();
    await page.keyboard.press('Home');
    await log.getByText('First the plan').waitFor();
    await log.getByText('I think first.').waitFor();
    await log.getByText('⟨U+202E⟩txt.exe').waitFor();
    expect(await log.locator('.fg-ansi-red').first().innerText()).toBe('red');
    await log.getByText('new line').waitFor();
    expect(await log.locator('script, img').count()).toBe(0);
    await page.getByRole('button', { name: 'Show plain output' }).click();
    await page.getByRole('log', { name: 'Output' }).waitFor();
    await page.getByRole('button', { name: 'Show transcript' }).click();
    await log.getByText('call number 3000').waitFor();
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined();
    expect(errors).toEqual([]);
  });
});
