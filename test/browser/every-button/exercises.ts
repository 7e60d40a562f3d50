/**
 * What pressing a control does: each exercise presses those that it covers, sees the effect by the API, and again on the
 * page after a reload. `covers` are the controls' names as `listControls` gives them, by surface.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Alert, Attempt, Page as PageOf, Project, Ticket, Token } from '../../../src/contract/shapes.ts';
import type { Job } from '../../../src/contract/job-shapes.ts';
import type { World } from './world.ts';

export interface Exercise {
  name: string;
  covers: Record<string, string[]>;
  run: (page: Page, world: World) => Promise<void>;
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).first();
const dialog = (page: Page) => page.getByRole('dialog');
const gone = (page: Page): Promise<void> => dialog(page).waitFor({ state: 'detached' });
async function open(page: Page, world: World, path: string): Promise<void> {
  await page.goto(world.control.url + path);
  await page.locator('#main h1, #main h2').first().waitFor();
}
async function download(page: Page, name: string): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

export const EXERCISES: Exercise[] = [
  {
    name: 'the places of the sidebar lead there',
    covers: {
      sidebar: [
        'Home',
        'InboxN to decide',
        'Board',
        'AlertsN open',
        'Agents',
        'Jobs',
        'Trust',
        'Settings',
        'Help',
      ].map((place) => `link: ${place}`),
    },
    async run(page, world) {
      await open(page, world, '/help');
      for (const place of [
        'Inbox',
        'Board',
        'Alerts',
        'Agents',
        'Jobs',
        'Trust',
        'Settings',
        'Help',
        'Home',
      ]) {
        await page
          .locator('aside[aria-label="Sidebar"]')
          .getByRole('link', { name: new RegExp(`^${place}`) })
          .click();
        await page.waitForURL(`${world.control.url}/${place === 'Home' ? '' : place.toLowerCase()}`);
        await page.getByRole('heading', { level: 1, name: place }).waitFor();
      }
    },
  },
  {
    name: 'the buttons of the sidebar open what they say',
    covers: { sidebar: ['button: New ticket', 'button: Search and commands (Ctrl K)'], palette: [] },
    async run(page, world) {
      await open(page, world, '/help');
      for (const [name, title] of [
        ['New ticket', 'New ticket'],
        ['Search and commands (Ctrl K)', 'Search and commands'],
      ] as const) {
        await button(page, name).click();
        await page.getByRole('dialog', { name: title }).waitFor();
        await page.keyboard.press('Escape');
        await gone(page);
      }
    },
  },
  {
    name: 'links to tickets, attempts, labels and back lead there',
    covers: {
      home: ['link: a ticket', 'link: Inbox', 'link: See the diff'],
      inbox: ['link: a ticket', 'link: See the diff'],
      alerts: ['link: a ticket'],
      board: ['link: a ticket'],
      list: ['link: a ticket'],
      timeline: ['link: a ticket', 'link: a attempt'],
      attempt: ['link: a ticket', 'link: Board'],
      'ticket in the backlog': ['link: a label', 'link: Home', 'link: Board'],
      '*': ['link: Home', 'link: Board', 'link: a attempt', 'link: Open attempt N'],
    },
    async run(page, world) {
      const { keys, control, attempt } = world;
      for (const path of [
        '/',
        '/inbox',
        '/alerts',
        '/board',
        '/board?view=list&status=all',
        '/board?view=timeline',
      ]) {
        await open(page, world, path);
        const link = page.locator('#main a[href^="/tickets/"]').first();
        const href = await link.getAttribute('href');
        await link.click();
        await page.waitForURL(control.url + href);
        await page.locator('[data-page-ticket]').waitFor();
      }
      for (const path of ['/', '/inbox']) {
        await open(page, world, path);
        await page.getByRole('link', { name: 'See the diff' }).first().click();
        await page.waitForURL(`${control.url}/tickets/${keys.review}#diff`);
        await page.locator('[data-file]').first().waitFor();
      }
      await open(page, world, '/');
      await page.locator('#main').getByRole('link', { name: 'Inbox' }).click();
      await page.waitForURL(`${control.url}/inbox`);
      await open(page, world, '/board?view=timeline');
      await page.locator('#main a[href^="/attempts/"]').first().click();
      await page.waitForURL(/\/attempts\/att_/);
      await open(page, world, `/tickets/${keys.done}`);
      await page.getByRole('link', { name: /^Open attempt/ }).click();
      await page.waitForURL(`${control.url}/attempts/${attempt}`);
      await page.locator('#main').getByRole('link', { name: keys.done }).click();
      await page.waitForURL(`${control.url}/tickets/${keys.done}`);
      await page.getByRole('link', { name: 'Attempt 1', exact: true }).click();
      await page.waitForURL(`${control.url}/attempts/${attempt}`);
      await page.locator('#main').getByRole('link', { name: 'Board' }).click();
      await page.waitForURL(`${control.url}/board`);
      await open(page, world, `/tickets/${keys.waits}`);
      await page.locator('#main').getByRole('link', { name: 'loose' }).click();
      await page.waitForURL(`${control.url}/board?label=loose`);
      await page.goBack();
      await page.locator('#main').getByRole('link', { name: 'Home' }).click();
      await page.waitForURL(`${control.url}/`);
    },
  },
  {
    name: 'every choice of the board stands in the address, and is still chosen after a reload',
    covers: {
      board: ['Project', 'Agent', 'Campaign', 'Priority', 'Group by', 'Sort'].map(
        (name) => `choice: ${name}`,
      ),
      list: ['State', 'Project', 'Agent', 'Campaign', 'Priority', 'Group by', 'Sort'].map(
        (name) => `choice: ${name}`,
      ),
      timeline: ['State', 'Project', 'Agent', 'Campaign', 'Priority', 'Sort'].map(
        (name) => `choice: ${name}`,
      ),
    },
    async run(page, world) {
      for (const view of ['', 'list', 'timeline']) {
        for (const [label, value, name] of [
          ['Project', 'MC', 'project'],
          ['Agent', 'ada', 'agent'],
          ['Campaign', 'spring', 'campaign'],
          ['Priority', '2', 'priority'],
          ['Sort', 'age', 'sort'],
          ...(view === 'timeline' ? [] : ([['Group by', 'priority', 'group']] as const)),
          ...(view === '' ? [] : ([['State', 'todo', 'status']] as const)),
        ] as const) {
          await open(page, world, `/board?view=${view}`);
          const choice = page.getByLabel(label, { exact: true });
          await choice
            .locator(`option[value="${value}"], option:text-is("${value}")`)
            .first()
            .waitFor({ state: 'attached' });
          await choice.selectOption(value);
          await page.waitForURL((url) => url.searchParams.get(name) === value);
          await page.reload();
          await choice.waitFor();
          await page.waitForFunction(
            ([text, wanted]) =>
              document.querySelector<HTMLSelectElement>(`select[aria-label="${text}"]`)?.value === wanted,
            [label, value] as const,
          );
        }
      }
    },
  },
  {
    name: 'the shapes of the board, the spans of the timeline and Clear change the address',
    covers: {
      board: ['button: Board', 'button: List', 'button: Timeline', 'button: New ticket'],
      list: ['button: Board', 'button: List', 'button: Timeline', 'button: New ticket', 'button: Clear'],
      timeline: ['Board', 'List', 'Timeline', 'New ticket', 'Hour', 'Day', 'Week', 'Month', 'All'].map(
        (n) => `button: ${n}`,
      ),
    },
    async run(page, world) {
      await open(page, world, '/board');
      for (const [name, view] of [
        ['List', 'list'],
        ['Timeline', 'timeline'],
        ['Board', null],
      ] as const) {
        await button(page, name).click();
        await page.waitForURL((url) => url.searchParams.get('view') === view);
        await page.reload();
        await page.locator(`button[aria-label="${name}"][aria-pressed="true"]`).waitFor();
        await page.locator('#main').getByRole('button', { name: 'New ticket' }).click();
        await page.getByRole('dialog', { name: 'New ticket' }).waitFor();
        await page.keyboard.press('Escape');
        await gone(page);
      }
      await open(page, world, '/board?view=timeline');
      for (const span of ['Hour', 'Day', 'Week', 'Month', 'All']) {
        await button(page, span).click();
        await page.waitForURL((url) => url.searchParams.get('span') === span.toLowerCase());
        await page.locator('button[aria-pressed="true"]', { hasText: span }).waitFor();
      }
      await open(page, world, '/board?view=list&priority=2&q=Waits');
      await button(page, 'Clear').click();
      await page.waitForURL((url) => url.search === '?view=list');
    },
  },
  {
    name: 'the buttons of a row change what they name',
    covers: {
      list: [
        'button: Change priority N of KEY',
        'button: Move KEY …',
        'button: default: give KEY to another',
        'button: ada: give KEY to another',
        ...['Backlog', 'Done', 'In review', 'Needs input', 'To do'].map((state) => `button: ${state}N`),
      ],
      board: ['button: Move KEY …'],
      'state picker': [],
    },
    async run(page, world) {
      const { control, keys } = world;
      const list = '/board?view=list&label=loose';
      await open(page, world, list);
      await button(page, `Change priority 2 of ${keys.other}`).click();
      await page.getByRole('option', { name: /Urgent/ }).click();
      await control.until(keys.other, (t) => t.priority === 0);
      await page.reload();
      await button(page, `Change priority 0 of ${keys.other}`).waitFor();
      await button(page, `default: give ${keys.other} to another`).click();
      await page.getByRole('option', { name: 'ada' }).click();
      await control.until(keys.other, (t) => t.assignee === 'ada');
      await page.reload();
      await button(page, `ada: give ${keys.other} to another`).click();
      await page.getByRole('option', { name: /Whoever the project says/ }).click();
      await control.until(keys.other, (t) => t.assignee === null);
      await button(page, /^Backlog/).click();
      await page.locator(`[data-ticket="${keys.other}"]`).waitFor({ state: 'detached' });
      await button(page, /^Backlog/).click();
      // A person’s ticket: no agent takes it when it is made ready.
      await control.api.patch(
        `/tickets/${keys.other}`,
        { assignee: 'ada' },
        { ifMatch: (await control.ticket(keys.other)).version },
      );
      for (const [path, state, option] of [
        [list, 'todo', /make ready/i],
        ['/board?label=loose', 'backlog', /defer/i],
      ] as const) {
        await open(page, world, path);
        const row = page.locator(`[data-ticket="${keys.other}"]`);
        await row.hover();
        await row.getByRole('button', { name: `Move ${keys.other} …` }).click();
        await page.getByRole('option', { name: option }).click();
        await control.until(keys.other, (t) => t.status === state);
        await page.reload();
        await page
          .locator(`[data-column="${state}"] [data-ticket="${keys.other}"], [data-ticket="${keys.other}"]`)
          .first()
          .waitFor();
      }
    },
  },
  {
    name: 'the bar of chosen tickets gives a campaign, a priority and a label, and lets them go',
    covers: {
      'bulk bar': ['Agent', 'Campaign', 'Choose none (Esc)', 'Label', 'Priority', 'State'].map(
        (name) => `button: ${name}`,
      ),
    },
    async run(page, world) {
      const { control, keys } = world;
      const choose = async (): Promise<void> => {
        await open(page, world, '/board?view=list&label=loose');
        for (const key of [keys.waits, keys.other])
          await page.getByRole('checkbox', { name: `Choose ${key}` }).check();
      };
      const both = async (is: (ticket: Ticket) => boolean): Promise<void> => {
        for (const key of [keys.waits, keys.other]) await control.until(key, is);
      };
      const bar = page.locator('[aria-label="Chosen tickets"]');
      for (const [name, option, is] of [
        ['Campaign', /None|No campaign/, (t: Ticket) => t.campaign === null],
        ['Campaign', /Spring cleaning/, (t: Ticket) => t.campaign === 'spring'],
        ['Priority', /^.*High/, (t: Ticket) => t.priority === 1],
        ['Agent', 'ada', (t: Ticket) => t.assignee === 'ada'],
        ['State', /make ready/i, (t: Ticket) => t.status === 'todo'],
        ['State', /defer/i, (t: Ticket) => t.status === 'backlog'],
      ] as const) {
        await choose();
        await bar.getByRole('button', { name, exact: true }).click();
        await page.getByRole('option', { name: option }).first().click();
        await both(is);
      }
      await choose();
      await bar.getByRole('button', { name: 'Label', exact: true }).click();
      await page.keyboard.type('again');
      await page.getByRole('option', { name: /again/ }).first().click();
      await both((t) => t.labels.includes('again'));
      await choose();
      await bar.getByRole('button', { name: 'Choose none (Esc)' }).click();
      await bar.waitFor({ state: 'detached' });
    },
  },
  {
    name: 'a ticket is cancelled, reopened, deferred and made ready',
    covers: {
      'ticket in the backlog': ['button: Cancel ticket', 'button: Make ready'],
      'ticket that is done': ['button: Reopen'],
      'cancel ticket': ['button: Cancel ticket', 'button: Close'],
    },
    async run(page, world) {
      const { control } = world;
      const { key } = await control.createTicket('Goes round', { assignee: 'ada' });
      await open(page, world, `/tickets/${key}`);
      await button(page, 'Cancel ticket').click();
      await dialog(page).getByRole('button', { name: 'Close' }).first().click();
      await gone(page);
      expect((await control.ticket(key)).status).toBe('backlog');
      await button(page, 'Cancel ticket').click();
      await dialog(page).getByRole('button', { name: 'Cancel ticket' }).click();
      await control.until(key, (t) => t.status === 'cancelled');
      await page.reload();
      await button(page, 'Reopen').click();
      await dialog(page).getByRole('textbox').fill('It was needed after all');
      await dialog(page).getByRole('button', { name: 'Reopen' }).click();
      await control.until(key, (t) => t.status === 'todo');
      await page.reload();
      await button(page, 'Defer').click();
      await control.until(key, (t) => t.status === 'backlog');
      await page.reload();
      await button(page, 'Make ready').click();
      await control.until(key, (t) => t.status === 'todo');
      await page.reload();
      await button(page, 'Defer').waitFor();
    },
  },
  {
    name: 'a ticket is edited, commented on, and its history read',
    covers: {
      '*': ['button: Edit', 'button: Comment', 'tab: Activity', 'tab: History'],
      'edit ticket': [
        'button: Save',
        'button: Close',
        'choice: Priority',
        'choice: Profile',
        'choice: Campaignoptional',
      ],
    },
    async run(page, world) {
      const { control, keys } = world;
      await open(page, world, `/tickets/${keys.waits}`);
      await button(page, 'Edit').click();
      await dialog(page).getByLabel('Title').fill('Waits, with another title');
      await dialog(page).getByLabel('Priority').selectOption('3');
      await dialog(page).getByLabel('Profile').selectOption('scripted');
      await dialog(page).getByLabel('Campaign').selectOption('');
      await button(page, 'Save').click();
      await gone(page);
      expect(await control.ticket(keys.waits)).toMatchObject({
        title: 'Waits, with another title',
        priority: 3,
        profile: 'scripted',
        campaign: null,
      });
      await page.reload();
      await page.getByRole('heading', { name: 'Waits, with another title' }).waitFor();
      await page.getByLabel('Comment').fill('Seen by everyone');
      await button(page, 'Comment').click();
      await page.getByText('Seen by everyone').waitFor();
      expect(await control.comments(keys.waits)).toContain('Seen by everyone');
      await page.reload();
      await page.getByText('Seen by everyone').waitFor();
      await page.getByRole('tab', { name: 'History' }).click();
      await page
        .getByText(/created/i)
        .first()
        .waitFor();
      await page.getByRole('tab', { name: 'Activity' }).click();
      await page.getByText('Seen by everyone').waitFor();
    },
  },
  {
    name: 'evidence is looked at again, its output read, and the diff and live output unfolded',
    covers: {
      'ticket that is done': [
        'button: Output',
        'button: Verify again',
        'button: Show',
        'button: Show output',
      ],
      'ticket in review': ['button: Output', 'button: Verify again', 'button: Show output', 'button: Hide'],
      'ticket that asks': ['button: Show', 'button: Show output'],
      'ticket out of attempts': ['button: Show', 'button: Show output'],
      '*': ['more: N earlier reason', 'more: N earlier reasons'],
    },
    async run(page, world) {
      const { control, keys } = world;
      const at = async (): Promise<string[]> =>
        (await control.ticket(keys.done)).evidence
          .map((each) => `${each.kind} ${each.state} ${each.verifiedAt}`)
          .sort();
      const before = await at();
      await open(page, world, `/tickets/${keys.done}`);
      await button(page, 'Verify again').waitFor();
      // One after the other, as a person presses them: the second while the first is under way.
      for (const again of await page.getByRole('button', { name: 'Verify again' }).all()) await again.click();
      await control.until(
        keys.done,
        (t) =>
          t.evidence.every((each) => each.state === 'verified') &&
          t.evidence.filter((each) => !before.includes(`${each.kind} ${each.state} ${each.verifiedAt}`))
            .length >= 2,
        60_000,
      );
      await page.reload();
      await button(page, 'Output').click();
      await page.getByRole('log').first().waitFor();
      await button(page, 'Show').click();
      await page.locator('[data-file]').first().waitFor();
      await button(page, 'Hide').click();
      await page.locator('[data-file]').first().waitFor({ state: 'detached' });
      await button(page, 'Show output').click();
      await page.getByRole('log').nth(1).waitFor();
      await open(page, world, `/tickets/${keys.exhausted}`);
      const reasons = page.locator('summary', { hasText: 'earlier reason' });
      if ((await reasons.count()) > 0) {
        await reasons.click();
        expect(await page.locator('details[open]').count()).toBe(1);
      }
    },
  },
  {
    name: 'a kind of evidence is waived, with a reason that stays',
    covers: {
      'ticket in review': ['button: Waive a kind …'],
      waiver: ['button: Write the waiver', 'button: Close', 'choice: Kind', 'choice: Good for'],
    },
    async run(page, world) {
      const { control, keys } = world;
      await open(page, world, `/tickets/${keys.review}`);
      await button(page, 'Waive a kind …').click();
      await dialog(page).getByLabel('Kind').selectOption({ index: 0 });
      await dialog(page).getByLabel('Good for').selectOption('168');
      await dialog(page)
        .getByLabel(/Why is this work good/)
        .fill('Seen by hand');
      await button(page, 'Write the waiver').click();
      await gone(page);
      const { waivers } = await control.ticket(keys.review);
      expect(waivers).toMatchObject([{ reason: 'Seen by hand' }]);
      expect(Date.parse(waivers[0]?.expiresAt ?? '') - Date.now()).toBeGreaterThan(6 * 86_400_000);
      await page.reload();
      await page.getByText('Seen by hand').waitFor();
    },
  },
  {
    name: 'an alert is acknowledged, and stays so',
    covers: { alerts: ['button: Acknowledge'] },
    async run(page, world) {
      await open(page, world, '/alerts');
      await button(page, 'Acknowledge').click();
      await page.getByText('acknowledged').first().waitFor();
      const { items } = await world.control.api.get<PageOf<Alert>>('/alerts');
      expect(items.some((alert) => alert.state === 'acknowledged')).toBe(true);
      await page.reload();
      await page.getByText('acknowledged').first().waitFor();
    },
  },
  {
    name: 'a profile is changed and another made; the machine is looked at again',
    covers: {
      agents: ['button: Edit profile scripted', 'button: Look again', 'button: New profile'],
      profile: [
        'button: Save and check',
        'button: Close',
        'choice: Agent',
        'choice: Home directory',
        'choice: Tool permissions',
      ],
    },
    async run(page, world) {
      const { control } = world;
      await open(page, world, '/agents');
      await button(page, 'Edit profile scripted').click();
      await dialog(page).getByLabel('Home directory').selectOption('isolated');
      await dialog(page).getByLabel('Tool permissions').selectOption('deny');
      await button(page, 'Save and check').click();
      await gone(page);
      expect(await control.api.get('/profiles/scripted')).toMatchObject({
        home: 'isolated',
        permissions: 'deny',
      });
      await page.reload();
      await page.getByText('permissions: deny').waitFor();
      await button(page, 'New profile').click();
      await dialog(page).getByLabel('Agent').selectOption('command');
      await dialog(page)
        .getByLabel(/^(Name|Id)/)
        .fill('second');
      await dialog(page).getByLabel('Command').fill('true');
      await dialog(page).locator('button[type="submit"]').click();
      await gone(page);
      expect(await control.api.get('/profiles/second')).toMatchObject({ adapter: 'command' });
      const [asked] = await Promise.all([
        page.waitForResponse((response) => response.url().includes('/api/v1/agents')),
        button(page, 'Look again').click(),
      ]);
      expect(asked.ok()).toBe(true);
    },
  },
  {
    name: 'a job runs now, is disabled with a reason, and enabled again',
    covers: {
      jobs: [
        'Count the stars',
        'audit',
        'needs-input-pickup',
        'operator',
        'retention',
        'ticket-pickup',
      ].flatMap((name) => [`button: Run now: ${name}`, `button: Disable … ${name}`]),
      'disable a job': ['button: Disable', 'button: Close'],
    },
    async run(page, world) {
      const { control } = world;
      const jobs = async (): Promise<Job[]> => (await control.api.get<PageOf<Job>>('/jobs')).items;
      for (const name of [
        'Count the stars',
        'audit',
        'needs-input-pickup',
        'operator',
        'retention',
        'ticket-pickup',
      ]) {
        await open(page, world, '/jobs');
        const [ran] = await Promise.all([
          page.waitForResponse((response) => response.url().endsWith('/run')),
          button(page, `Run now: ${name}`).click(),
        ]);
        expect(ran.ok(), `${name}: ${ran.status()}`).toBe(true);
        const is = (job: Job): boolean => (job.title ?? job.name) === name;
        for (const [word, enabled] of [
          ['Disable', false],
          ['Enable', true],
        ] as const) {
          await button(page, `${word} … ${name}`).click();
          await dialog(page).getByLabel('Reason').fill(`Tried: ${word}`);
          await dialog(page).getByRole('button', { name: word, exact: true }).click();
          await gone(page);
          expect((await jobs()).find(is)).toMatchObject({ enabled, reason: `Tried: ${word}` });
          await page.reload();
          await page.getByText(`Tried: ${word}`).first().waitFor();
        }
      }
    },
  },
  {
    name: 'the state is verified, the head of the log copied and checked',
    covers: { trust: ['button: Check it', 'button: Copy the command with the head', 'button: Verify now'] },
    async run(page, world) {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await open(page, world, '/trust');
      await page.getByText('Everything holds').waitFor();
      await button(page, 'Copy the command with the head').click();
      await page.getByText('Copied').waitFor();
      const line = await page.evaluate(() => navigator.clipboard.readText());
      expect(line).toMatch(/^mctl verify --head \d+:[0-9a-f]{16}$/);
      await page.getByLabel('A head that you wrote down earlier').fill(line.split(' ').at(-1) ?? '');
      await button(page, 'Check it').click();
      await page.getByText('The log still leads through it').waitFor();
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url().endsWith('/api/v1/verify')),
        button(page, 'Verify now').click(),
      ]);
      expect(((await answer.json()) as { ok: boolean }).ok).toBe(true);
    },
  },
  {
    name: 'a backup is taken, and the commands copied',
    covers: {
      settings: [
        'button: Back up now',
        'button: Copy the command that backs up',
        'button: Copy the command that restores',
      ],
    },
    async run(page, world) {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await open(page, world, '/settings');
      const { name, bytes } = await download(page, 'Back up now');
      expect(name).toMatch(/^mission-control-.*\.backup$/);
      expect(gunzipSync(bytes).toString().split('\n').length).toBeGreaterThan(20);
      await page.reload();
      await page.getByText('Begun with this browser').waitFor();
      for (const what of ['backs up', 'restores']) {
        await button(page, `Copy the command that ${what}`).click();
        await page.getByText('Copied').first().waitFor();
        expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^mctl (backup|restore) /);
      }
    },
  },
  {
    name: 'tokens are made, copied and revoked, and a link signs in',
    covers: {
      settings: [
        'button: New token',
        'button: Revoke admin',
        'button: Revoke local-runner',
        'button: Sign-in link',
      ],
      'new token': ['button: Create', 'button: Close', 'choice: Role', 'choice: Good for'],
    },
    async run(page, world) {
      const { control } = world;
      const tokens = async (): Promise<Token[]> => (await control.api.get<PageOf<Token>>('/tokens')).items;
      await open(page, world, '/settings');
      await button(page, 'New token').click();
      await dialog(page).getByLabel('Name').fill('a reader');
      await dialog(page).getByLabel('Role').selectOption('viewer');
      await dialog(page).getByLabel('Good for').selectOption('1');
      await button(page, 'Create').click();
      await page.getByRole('dialog', { name: 'Token a reader' }).getByText(/^mc_/).waitFor();
      expect((await tokens()).find((token) => token.name === 'a reader')).toMatchObject({ role: 'viewer' });
      await page.keyboard.press('Escape');
      await page.reload();
      // Another token than one’s own: whoever revokes that is signed out.
      page.once('dialog', (asked) => void asked.accept());
      await button(page, 'Revoke a reader').click();
      await button(page, 'Revoke a reader').waitFor({ state: 'detached' });
      expect((await tokens()).some((token) => token.name === 'a reader')).toBe(false);
      await button(page, 'Sign-in link').click();
      await dialog(page)
        .getByText(/\/sign-in#/)
        .waitFor();
    },
  },
  {
    name: 'a project is changed, with another check, and taken back',
    covers: {
      settings: ['button: Edit project MC', 'button: New project'],
      project: [
        'button: Add a check',
        'button: Remove check N',
        'button: Save and check',
        'button: Close',
        'choice: Decided by',
        'choice: Default profileoptional',
        'choice: When accepted',
        'more: Completion, protection and limits',
      ],
    },
    async run(page, world) {
      const { control } = world;
      const project = (): Promise<Project> => control.api.get<Project>('/projects/MC');
      const edit = async (): Promise<void> => {
        await open(page, world, '/settings');
        await button(page, 'Edit project MC').click();
        await dialog(page).getByLabel('Decided by').waitFor();
      };
      await edit();
      await button(page, 'Add a check').click();
      await dialog(page).getByLabel('Name of check 2').fill('second');
      await dialog(page).getByLabel('Command of check 2').fill('true');
      await dialog(page).getByLabel('Decided by').selectOption('policy');
      await dialog(page).getByLabel('When accepted').selectOption('leave_branch');
      await button(page, 'Save and check').click();
      await gone(page);
      expect((await project()).checks.map((check) => check.name)).toEqual(['test', 'second']);
      expect((await project()).completion.decidedBy).toBe('policy');
      await edit();
      await button(page, 'Remove check 2').click();
      await dialog(page).getByLabel('Decided by').selectOption('human');
      await button(page, 'Save and check').click();
      await gone(page);
      expect((await project()).checks.map((check) => check.name)).toEqual(['test']);
      await button(page, 'New project').click();
      await page.getByRole('dialog', { name: 'New project' }).waitFor();
    },
  },
  {
    name: 'own work is handed in, and reviewed',
    covers: {
      'hand in': ['button: Hand in', 'button: Close'],
      'request changes': ['button: Request changes', 'button: Close'],
    },
    async run(page, world) {
      const { control, keys } = world;
      await open(page, world, `/tickets/${keys.mine}`);
      await button(page, 'Hand in').click();
      await dialog(page).getByRole('textbox').first().fill('I did it');
      await dialog(page).getByRole('button', { name: 'Hand in' }).click();
      await control.until(keys.mine, (t) => t.status === 'in_review');
      await page.reload();
      await button(page, 'Request changes').click();
      await dialog(page).getByRole('textbox').first().fill('Not quite');
      await dialog(page).getByRole('button', { name: 'Request changes' }).click();
      await control.until(keys.mine, (t) => t.status === 'todo');
      await page.reload();
      await page.getByText('Not quite').first().waitFor();
      const { items } = await control.api.get<PageOf<Attempt>>(`/tickets/${keys.mine}/attempts`);
      expect(items).toHaveLength(1);
    },
  },
];

/** Exercised, with their effect after a reload, by tests of other files: the title stands there. */
export const ELSEWHERE: { file: string; title: string; covers: Record<string, string[]> }[] = [
  {
    file: 'decisions.test.ts',
    title: 'answers a question from Home with one press, and the agent goes on with it',
    covers: {
      home: ['button: Blue', 'button: Red'],
      inbox: ['button: Blue', 'button: Red'],
      'ticket that asks': ['button: Blue', 'button: Red'],
    },
  },
  {
    file: 'decisions.test.ts',
    title: 'answers in words, and keeps the words when the server says no',
    covers: { home: ['button: Answer'], inbox: ['button: Answer'], 'ticket that asks': ['button: Answer'] },
  },
  {
    file: 'decisions.test.ts',
    title: 'decides a review: sees the diff, asks for changes, then accepts',
    covers: {
      home: ['button: Accept', 'button: Request changes'],
      inbox: ['button: Accept', 'button: Request changes'],
      'ticket in review': ['button: Accept', 'button: Request changes'],
    },
  },
  {
    file: 'decisions.test.ts',
    title: 'gives a ticket whose agent gave up to another profile, as one decision',
    covers: {
      home: ['button: Try again', 'button: Cancel the ticket', 'choice: With another profile'],
      inbox: ['button: Try again', 'button: Cancel the ticket', 'choice: With another profile'],
      'ticket out of attempts': [
        'button: Try again',
        'button: Cancel the ticket',
        'choice: With another profile',
      ],
    },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'takes those chosen by X, by Shift and a click, and by their boxes; one message takes it all back',
    covers: { board: ['box: Choose KEY'], list: ['box: Choose KEY'] },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'takes a whole column, to its end',
    covers: Object.fromEntries(
      ['board', 'list'].map((surface) => [
        surface,
        ['Backlog', 'Done', 'In review', 'Needs input', 'To do'].map(
          (state) => `box: Choose all of ${state}`,
        ),
      ]),
    ),
  },
  {
    file: 'board-views.test.ts',
    title: 'keeps a fold when one comes back',
    covers: {
      board: [
        ...['Backlog', 'Done', 'In review', 'Needs input', 'To do'].map((state) => `button: Fold ${state}`),
        ...['Cancelled', 'In progress'].map((state) => `button: Unfold ${state}N`),
      ],
    },
  },
  {
    file: 'board-views.test.ts',
    title: 'is saved under a name in this browser, found again in the palette, and forgotten',
    covers: {
      board: ['button: Views'],
      list: ['button: Views'],
      timeline: ['button: Views'],
      views: [
        'button: Close',
        'button: Save',
        ...[
          'By agent',
          'Everything, by state',
          'In review, longest first',
          'Urgent and open',
          'What ran lately',
        ].map((view) => `button: ${view}`),
      ],
    },
  },
  {
    file: 'transfer.test.ts',
    title: 'goes out as a file: all of it from Settings, what is shown from the board',
    covers: {
      views: ['button: Export CSV', 'button: Export JSON'],
      settings: ['button: Export CSV', 'button: Export JSON'],
    },
  },
  {
    file: 'transfer.test.ts',
    title: 'is shown before it is made, made on a click, and not made again',
    covers: { settings: ['button: Import tickets'], import: ['button: Close', 'file: File'] },
  },
  {
    file: 'settings.test.ts',
    title: 'is changed on its page, and stands after a reload; a wrong line says what is wrong with it',
    covers: {
      settings: [
        'box: Enable a pickup that was disabled, when tickets wait for it and nobody has acknowledged the alert that says so',
        'button: Add a window',
        'button: Save the policy',
      ],
    },
  },
  {
    file: 'settings.test.ts',
    title: 'is set for one ticket in its form, shown as its own, and given back to the project',
    covers: Object.fromEntries(
      ['new ticket', 'edit ticket', 'recurring ticket', 'project'].map((surface) => [
        surface,
        [
          ...['Artifact', 'Check', 'Commit', 'Deploy', 'Review', 'Signal', 'test'].map(
            (kind) => `box: ${kind}`,
          ),
          'choice: After acceptance',
          'choice: Decided by',
        ],
      ]),
    ),
  },
  {
    file: 'board.test.ts',
    title: 'makes a ticket with C, and leads to it',
    covers: {
      'new ticket': [
        'button: Close',
        'button: Create ticket',
        'choice: Campaignoptional',
        'choice: Priority',
        'choice: Profile',
        'choice: Project',
        'choice: Start in',
        'more: More',
      ],
    },
  },
  {
    file: 'recurring.test.ts',
    title: 'are set up with their next three runs in sight, and changed; a reload shows the same',
    covers: {
      jobs: ['button: New recurring ticket', 'button: Edit Count the stars'],
      'recurring ticket': [
        'button: Close',
        'button: Set it up',
        'choice: Campaignoptional',
        'choice: Priority',
        'choice: Profile',
        'choice: Project',
        'choice: Runs missed while the server was down',
        'more: More',
        ...['Every hour', 'Every night', 'First of the month', 'Mondays', 'Weekdays'].map(
          (each) => `button: ${each}`,
        ),
      ],
    },
  },
  {
    file: 'review.test.ts',
    title: 'draws a long file a stretch at a time, and folds what one has seen',
    covers: {
      'ticket in review': [
        'box: Viewed README.md',
        'box: Viewed long.txt',
        'button: N more lines',
        'button: README.md+N−N',
        'button: long.txt+N−N',
        'link: README.md+N−N',
        'link: long.txt+N−N',
        'more: N files+N−N of N viewed',
      ],
    },
  },
  {
    file: 'review.test.ts',
    title:
      'takes comments on both sides, by keyboard too, keeps them over a reload, and forgets what is deleted',
    covers: {
      'ticket in review': ['button: Comment on line N', 'button: Comment on line N as it was before'],
    },
  },
  {
    file: 'long-output.test.ts',
    title: 'gives all of it as a file',
    covers: { attempt: ['button: Download'] },
  },
  {
    file: 'long-output.test.ts',
    title: 'finds words in all of it, steps through them, and marks them',
    covers: { attempt: ['button: Find'] },
  },
  {
    file: 'live.test.ts',
    title: 'shows a pause on every page, and resumes from there',
    covers: {
      sidebar: ['button: Pause all work …'],
      pause: [
        'button: Close',
        'button: Pause',
        'box: Also stop what is running now (no retry is spent; the work is kept)',
      ],
    },
  },
  {
    file: 'pages.test.ts',
    title: 'does what the theme switch says, and remembers it',
    covers: { sidebar: ['button: Theme: as the system'] },
  },
  {
    file: 'keyboard.test.ts',
    title: 'single keys do nothing once they are turned off, and ⌘K still does',
    covers: {
      help: ['box: Single keys do things (turn this off for speech input; Ctrl/⌘ K always works)'],
      shortcuts: [
        'button: Close',
        'box: Single keys do things (turn this off for speech input; Ctrl/⌘ K always works)',
      ],
    },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'gives, labels, cancels and takes back, each with its effect there after a reload',
    covers: { '*': ['button: Cancel ticket'] },
  },
];
