import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

const EVIL =
  '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"><svg onload="window.pwned = 1">';
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

describe('hostile text', () => {
  it('is text on every page that shows it: no script runs, no picture is fetched, nothing hides', async () => {
    const ticket = await control.createTicket(`Says something hostile ${EVIL}`.slice(0, 200), {
      status: 'todo',
      description: `${EVIL}\n\n[click](javascript:window.pwned=1) [data](data:text/html,x) ![pixel](http://203.0.113.9/p.png) [good](https://example.com/) \u202Etxt.exe`,
      labels: [EVIL.slice(0, 90)],
      acceptanceCriteria: [EVIL],
    });
    await control.api.post(`/tickets/${ticket.key}/comments`, { text: `${EVIL} \u0007` });
    await control.until(ticket.key, (t) => t.status === 'needs_input' && t.attempt?.state === 'parked');
    const { page, errors } = await signIn(browser, control);
    const outside: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(control.url) && !/^(data|blob):/.test(request.url()))
        outside.push(request.url());
    });
    for (const path of ['/', '/board', '/inbox', `/tickets/${ticket.key}`]) {
      await page.goto(control.url + path);
      await page.getByText('<script>window.pwned').first().waitFor();
      expect(await page.locator('main script, main img[src="x"], main svg[onload]').count()).toBe(0);
    }
    await page.getByText('⟨U+202E⟩txt.exe').waitFor();
    await page.getByText('⟨U+0007⟩').waitFor();
    await page.getByRole('link', { name: 'good' }).waitFor();
    const links = await page
      .locator('.prose-calm a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(links).toEqual(['https://example.com/']);

    await page.getByRole('button', { name: 'Show output' }).click();
    const output = page.getByRole('log', { name: 'Output' });
    await output.getByText('<script>window.pwned = 1</script>').waitFor();
    await output.getByText('⟨U+202E⟩backwards').waitFor();
    expect(await output.locator('.fg-ansi-red').innerText()).toBe('red');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.keyboard.press('Control+k');
    await page
      .getByRole('option', { name: /hostile/ })
      .first()
      .waitFor();

    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined();
    expect(outside).toEqual([]);
    expect(errors).toEqual([]);
  });
});
