/** The query for work fails: an error is no empty list. Another process breaks, or locks, the database under the server. */
import { expect, it } from 'vitest';
import type { Alert, Page } from '../../src/contract/shapes.ts';
import type { MissionControl } from '../harness/mission-control.ts';
import { GOOD, missionControl, pause } from './support/field.ts';

/** What keeps every change out until it is rolled back. */
const LOCKED = {
  sqlite: 'begin immediate',
  postgresql: 'begin; lock table events in access exclusive mode',
};

async function status(mc: MissionControl, path: string, method = 'GET', body?: unknown): Promise<number> {
  return (await mc.api.fetch(method, path, body === undefined ? {} : { body })).status;
}

it('F11 a query for work that fails starts nothing, closes nothing, and says so; then it goes on', async () => {
  const mc = await missionControl({});
  await mc.profile('worker', GOOD);
  const { key } = await mc.ticket('worker', { status: 'backlog' });
  const before = await mc.get(key);
  const db = await mc.beside();
  try {
    // The projects, runners and profiles that a plan needs are there as before; which tickets wait cannot be read.
    await db.exec('alter table attempts rename to attempts_out_of_reach');
    expect(await status(mc, `/tickets/${key}/attempts`)).toBe(200);
    const tick = await mc
      .eventually(async () => {
        const { dispatcher } = await mc.api
          .get<{ dispatcher: { lastTick: { outcome: string } | null } }>('/overview')
          .catch(() => ({ dispatcher: { lastTick: null } }));
        return dispatcher.lastTick?.outcome === 'failed_closed' ? dispatcher.lastTick : null;
      }, 'the dispatcher fails closed')
      .catch((error: unknown) => error);
    expect(tick).toMatchObject({ outcome: 'failed_closed' });
    const alerts = await mc.api.get<Page<Alert>>('/alerts');
    expect(alerts.items.find((alert) => alert.rule === 'dispatch_unreadable')).toMatchObject({
      state: 'open',
      severity: 'critical',
    });
  } finally {
    await db.exec('alter table attempts_out_of_reach rename to attempts');
    await db.close();
  }
  expect(await mc.get(key)).toMatchObject({ status: 'backlog', version: before.version });
  await mc.move(key, 'ready');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
});

it('F11 a list that cannot be read is an error, never an empty page', async () => {
  const mc = await missionControl({});
  await mc.ticket('later', { status: 'backlog', profile: null });
  const db = await mc.beside();
  try {
    await db.exec('alter table tickets rename to tickets_out_of_reach');
    for (const path of ['/tickets', '/tickets?status=todo'])
      expect(await status(mc, path)).toBeGreaterThanOrEqual(500);
  } finally {
    await db.exec('alter table tickets_out_of_reach rename to tickets');
    await db.close();
  }
  expect(await status(mc, '/tickets')).toBe(200);
});

it('F11 a database that another process locks takes no change and says so; afterwards all goes on', async () => {
  const mc = await missionControl({ env: { MC_LEASE_SECONDS: '20' } });
  await mc.profile('worker', GOOD);
  const { key } = await mc.ticket('worker', { status: 'backlog' });
  const db = await mc.beside();
  try {
    await db.exec(LOCKED[db.store]);
    const answer = await mc.api.fetch('POST', '/tickets', {
      body: { project: 'MC', title: 'during the lock' },
      timeoutMs: 20_000,
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await answer.json()).toMatchObject({ code: 'store_unavailable', retryable: true });
    await pause(200);
  } finally {
    await db.exec('rollback');
    await db.close();
  }
  const again = await mc
    .eventually(
      async () => (await status(mc, '/tickets', 'POST', { project: 'MC', title: 'after the lock' })) === 201,
      'changes are taken again',
      10_000,
    )
    .catch((error: unknown) => error);
  expect(again).toBe(true);
  await mc.move(key, 'ready');
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
});
