/** The health line under what can go wrong, and back again, on a page that nobody reloads. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { SqliteConnection } from '../../src/store/sqlite/driver.ts';
import { DESK, PHONE, openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

interface Runner {
  stay: () => Promise<void>;
  leave: () => Promise<void>;
}

let control: MissionControl;
let browser: Browser;
let runners: Runner[];
beforeEach(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  runners = [];
  await control.prepareProject();
  await control.api.post('/profiles', { id: 'other', adapter: 'command', command: ['other'] });
  await control.api.post('/campaigns', { key: 'spring', name: 'Spring', owner: 'other' });
  // Without a ticket Home has the first steps.
  await control.createTicket('The first one');
});
afterEach(async () => {
  await browser.close();
  await Promise.all(runners.map((runner) => runner.leave()));
  await control.stop();
});

/** A runner that is there for as long as it polls, and does nothing. */
async function startRunner(name: string): Promise<Runner> {
  const { token } = await control.api.post<{ token: string }>('/tokens', { role: 'runner', name });
  const api = new ApiClient(control.url, token);
  const { id } = await api.post<{ id: string }>('/runners', {
    name,
    slots: 1,
    kinds: ['verify'],
    version: '1',
  });
  let stays = false;
  let polling: Promise<void> = Promise.resolve();
  const poll = async (): Promise<void> => {
    while (stays) {
      // What the test breaks fails it too; a runner goes on asking.
      await api
        .post(`/runners/${id}/poll`, { freeSlots: 0, waitMs: 1000 })
        .catch(() => new Promise((resolve) => setTimeout(resolve, 250)));
    }
  };
  const runner = {
    stay: async () => {
      stays = true;
      await api.post(`/runners/${id}/poll`, { freeSlots: 0, waitMs: 0 });
      polling = poll();
    },
    leave: () => {
      stays = false;
      return polling;
    },
  };
  await runner.stay();
  runners.push(runner);
  return runner;
}

/** Its next look, now; a condition is over when it was not there for a few of them. */
async function letOperatorLook(times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await control.api.post('/jobs/operator/run');
}

/** While a table is not there. */
async function broken(database: SqliteConnection, table: string, look: () => Promise<void>): Promise<void> {
  database.exec(`alter table ${table} rename to ${table}_away`);
  await look();
  database.exec(`alter table ${table}_away rename to ${table}`);
}

/** What the line says comes with the next event, or within its half a minute. */
async function untilHealth(
  page: Page,
  text: string | RegExp,
  tone: 'muted' | 'amber' | 'red',
): Promise<void> {
  const line = page.locator('[data-health]:visible');
  await line
    .getByText(text)
    .or(line.filter({ hasText: text }))
    .first()
    .waitFor({ timeout: 70_000 });
  await expect.poll(() => line.getAttribute('class')).toContain(`text-${tone}`);
  // Never by colour alone.
  expect(await line.locator('svg').count()).toBe(tone === 'muted' ? 0 : 1);
}

it('names what is wrong, and is calm again when it is over', { timeout: 400_000 }, async () => {
  const { page, context, errors } = await signIn(browser, control, DESK);
  await untilHealth(page, 'No runner yet', 'amber');
  await startRunner('first');
  await untilHealth(page, '0/2 workers · 1 runner', 'muted');

  await control.api.post('/pause', { paused: true, reason: 'Moving house' });
  await untilHealth(page, 'Paused · 0/2 workers', 'amber');
  await control.api.post('/pause', { paused: false, reason: 'There' });
  await untilHealth(page, '0/2 workers · 1 runner', 'muted');

  const stuck = await control.createTicket('Its campaign has another agent', {
    campaign: 'spring',
    status: 'todo',
  });
  await untilHealth(page, '1 open alert · 0/2 workers', 'amber');
  await control.move(stuck.key, 'cancel');
  await letOperatorLook(3);
  await untilHealth(page, '0/2 workers · 1 runner', 'muted');

  const second = await startRunner('second');
  await untilHealth(page, '0/2 workers · 2 runners', 'muted');
  await second.leave();
  await expect
    .poll(
      async () => {
        await letOperatorLook(1);
        return (await control.api.get<{ openAlerts: number }>('/overview')).openAlerts;
      },
      { timeout: 90_000, interval: 1000 },
    )
    .toBe(1);
  await untilHealth(page, '1 runner silent · 0/2 workers', 'amber');
  // On a phone it stands at the head of Home.
  const phone = await signIn(browser, control, PHONE);
  await untilHealth(phone.page, '1 runner silent · 0/2 workers', 'amber');
  await phone.context.close();
  await second.stay();
  await letOperatorLook(3);
  const calm = '0/2 workers · 2 runners';
  await untilHealth(page, calm, 'muted');

  const database = new SqliteConnection(join(control.dir, 'data/mission-control.db'));
  try {
    // The dispatcher cannot write why a ticket waits, so it fails closed.
    await broken(database, 'skips', () => untilHealth(page, 'No dispatcher: nothing starts', 'red'));
    await untilHealth(page, calm, 'muted');
    await broken(database, 'attempts', () =>
      untilHealth(page, 'Worker count unknown: nothing starts', 'red'),
    );
    await untilHealth(page, calm, 'muted');
    // The server cannot say how it is: what it said last is no news.
    await broken(database, 'presence', async () => {
      await control.createTicket('An event to read for');
      await untilHealth(page, 'Health unknown', 'amber');
    });
    await control.createTicket('Another one');
    await untilHealth(page, calm, 'muted');
  } finally {
    database.close();
  }
  await context.close();
  expect(errors).toEqual([]);
});
