import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Page, Profile, Project, Ticket } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';
import { shareWorld } from './support/shared-world.ts';

let control: MissionControl;
let browser: Browser;
shareWorld(
  async () => {
    [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
  },
  async () => {
    await browser.close();
    await control.stop();
  },
);

describe('the first run', () => {
  it('offers a sample at the press of a button, and its first ticket is done without reading anything but the screen', async () => {
    const sample = await new MissionControl('local').start();
    try {
      const { page, errors } = await signIn(browser, sample);
      await page.getByRole('button', { name: 'Make the sample project' }).click();
      await page.getByRole('heading', { name: 'Running now' }).waitFor({ timeout: 30_000 });
      await page.getByText('A bill of 10.00 split by 3 loses a cent').first().waitFor();
      await sample.until('DEMO-1', (t) => t.status === 'done', 60_000);
      await page.getByRole('list', { name: 'Finished' }).getByText('A bill of 10.00').waitFor();
      // What an agent said, and what came of it, are told apart wherever its attempts are shown.
      await sample.until('DEMO-2', (t) => t.status === 'needs_input', 60_000);
      await page.goto(`${sample.url}/tickets/DEMO-2`);
      await page.getByText('Submitted, but refuted').nth(1).waitFor();
      await page.goto(`${sample.url}/board?view=timeline`);
      await page
        .getByRole('link', { name: 'DEMO-2, Attempt 2 by demo_liar: submitted, but refuted' })
        .waitFor();
      await page.getByRole('link', { name: /DEMO-1, Attempt 1 by demo_agent: submitted, \d/ }).waitFor();
      // The token that made it is over.
      const { items } = await sample.api.get<Page<{ name: string }>>('/tokens');
      expect(items.map((token) => token.name)).not.toContain('sample-project');
      expect(errors).toEqual([]);
    } finally {
      await sample.stop();
    }
  });

  it('leads in three steps from nothing to an agent at work, and says what is wrong on the way', async () => {
    const repository = join(control.dir, 'repository');
    mkdirSync(repository);
    const git = (...args: string[]): void => {
      execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
        cwd: repository,
        stdio: 'ignore',
      });
    };
    git('init', '-b', 'main');
    writeFileSync(join(repository, 'README.md'), '# A sample\n');
    git('add', '-A');
    git('commit', '-m', 'First');

    const { page, errors } = await signIn(browser, control);
    await page.getByRole('heading', { name: 'Welcome to Mission Control' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    const step = (title: string) =>
      page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) });

    const first = step('A repository');
    await first.getByLabel('Key').fill('app');
    await first.getByLabel('Repository').fill(join(control.dir, 'nothing-here'));
    await first.getByRole('button', { name: 'Add a check' }).click();
    await first.getByLabel('Name of check 1').fill('test');
    await first.getByLabel('Command of check 1').fill('test -f README.md');
    await first.getByRole('button', { name: 'Add and check' }).click();
    // Refused outright or taken with a warning: either way the person reads what to do about that path.
    await page
      .getByText(/nothing-here/)
      .first()
      .waitFor();
    const change = first.getByRole('button', { name: 'Change' });
    if ((await change.count()) > 0) await change.click();
    await first.getByLabel('Repository').fill(repository);
    await first.getByRole('button', { name: /and check/ }).click();

    const second = step('An agent');
    await second.getByRole('button', { name: 'Look again' }).click();
    await second.getByLabel('Agent').selectOption('command');
    await second.getByLabel('Id').fill('scripted');
    await second.getByLabel('Command').fill('no-such-program');
    await second.getByRole('button', { name: 'Add and check' }).click();
    await second.getByRole('img', { name: 'Done, but its check found something' }).waitFor();
    await second.getByText('install it, or give its full path').waitFor();
    await second.getByRole('button', { name: 'Change' }).click();
    await second
      .getByLabel('Command')
      .fill(fileURLToPath(new URL('support/scripted-agent.sh', import.meta.url)));
    await second.getByRole('button', { name: 'Save and check' }).click();
    await second.getByRole('img', { name: 'Done', exact: true }).waitFor();

    const third = step('The first ticket');
    await third.getByLabel('Title').fill('The first piece of work');
    await third.getByRole('button', { name: 'Create ticket' }).click();
    await page.getByRole('article', { name: 'Review: APP-1' }).waitFor({ timeout: 30_000 });

    const { items: projects } = await control.api.get<Page<Project>>('/projects');
    expect(projects[0]).toMatchObject({
      key: 'APP',
      defaultProfile: 'scripted',
      repository: { path: repository },
    });
    const { items: profiles } = await control.api.get<Page<Profile>>('/profiles');
    expect(profiles.map((p) => p.id)).toEqual(['scripted']);
    const ticket = await control.api.get<Ticket>('/tickets/APP-1');
    expect(ticket.status).toBe('in_review');
    expect(errors).toEqual([]);
  });
});
