/** Presses what alerts, agents, jobs, trust and settings have. */
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { Alert, Page as PageOf, Project, Token } from '../../../src/contract/shapes.ts';
import type { Job } from '../../../src/contract/job-shapes.ts';
import { button, dialog, download, gone, open, type Exercise } from './exercise.ts';

export const PRESS_SETTINGS: Exercise[] = [
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
    name: 'the help on connecting an agent leads to the agents',
    covers: { help: ['link: Agents'] },
    async run(page, world) {
      await open(page, world, '/help');
      await page.locator('main').getByRole('link', { name: 'Agents' }).click();
      await page.getByRole('heading', { name: 'On this machine' }).waitFor();
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
];
