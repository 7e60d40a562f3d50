/** Presses what the sidebar and the board have. */
import type { Ticket } from '../../../src/contract/shapes.ts';
import { button, gone, open, type Exercise } from './exercise.ts';

export const PRESS_BOARD: Exercise[] = [
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
      // Where each change is seen after a reload: the part of the board that has both of them now, and had not.
      for (const [name, option, is, seenAt] of [
        ['Campaign', /None|No campaign/, (t: Ticket) => t.campaign === null, 'list&label=loose'],
        ['Campaign', /Spring cleaning/, (t: Ticket) => t.campaign === 'spring', 'list&campaign=spring'],
        ['Priority', /^.*High/, (t: Ticket) => t.priority === 1, 'list&priority=1'],
        ['Agent', 'ada', (t: Ticket) => t.assignee === 'ada', 'list&agent=ada'],
        ['State', /make ready/i, (t: Ticket) => t.status === 'todo', 'list&label=loose&status=todo'],
        ['State', /defer/i, (t: Ticket) => t.status === 'backlog', 'list&label=loose&status=backlog'],
      ] as const) {
        await choose();
        await bar.getByRole('button', { name, exact: true }).click();
        await page.getByRole('option', { name: option }).first().click();
        await both(is);
        await open(page, world, `/board?view=${seenAt}`);
        for (const key of [keys.waits, keys.other]) await page.locator(`[data-ticket="${key}"]`).waitFor();
      }
      await choose();
      await bar.getByRole('button', { name: 'Label', exact: true }).click();
      await page.keyboard.type('again');
      await page.getByRole('option', { name: /again/ }).first().click();
      await both((t) => t.labels.includes('again'));
      await open(page, world, '/board?view=list&label=again');
      for (const key of [keys.waits, keys.other]) await page.locator(`[data-ticket="${key}"]`).waitFor();
      await choose();
      await bar.getByRole('button', { name: 'Choose none (Esc)' }).click();
      await bar.waitFor({ state: 'detached' });
    },
  },
];
