/** Presses what a ticket has. */
import type { NotifySettings } from '../../../src/contract/notify-shapes.ts';
import { expect } from 'vitest';
import type { Attempt, Page as PageOf } from '../../../src/contract/shapes.ts';
import { button, dialog, gone, open, type Exercise } from './exercise.ts';

export const PRESS_TICKET: Exercise[] = [
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
      '*': [
        'button: Edit',
        'button: Mute',
        'button: Unmute',
        'button: Comment',
        'tab: Activity',
        'tab: History',
      ],
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
      const muted = async () =>
        (await control.api.get<NotifySettings>('/notifications/settings')).muted.tickets;
      await button(page, 'Mute').click();
      await expect.poll(muted).toContain(keys.waits);
      await page.reload();
      await button(page, 'Unmute').click();
      await expect.poll(muted).not.toContain(keys.waits);
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
