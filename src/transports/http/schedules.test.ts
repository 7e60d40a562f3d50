/** Recurring tickets: one ticket with a history, each slot decided once, whatever restarts or races in between. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSchedules } from '../../services/schedules.ts';
import { verifyState } from '../../services/verify.ts';
import { type Answered, type TestApp, createTestApp } from './testing/test-app.ts';

const HOUR = 3_600_000;
let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/projects', { body: { key: 'MC', name: 'MC', repository: { path: '/repo' } } });
});
afterEach(async () => {
  const verified = await verifyState(app.deps);
  expect(verified.invariants.flatMap((invariant) => invariant.violations)).toEqual([]);
  await app.close();
});

const create = (body: object = {}): Promise<Answered> =>
  app.call('POST', '/schedules', {
    as: 'member',
    body: {
      project: 'MC',
      cron: '0 3 * * *',
      ticket: { title: 'Update the dependencies', labels: ['chore'] },
      ...body,
    },
  });
const only = async (id: string) => (await app.call('GET', `/schedules/${id}`)).body;
const tickets = async () => (await app.call('GET', '/tickets')).body.items;
const close = async (key: string): Promise<void> => {
  const { body } = await app.call('GET', `/tickets/${key}`);
  const cancelled = await app.call('POST', `/tickets/${key}/transitions`, {
    body: { transition: 'cancel', reason: 'over' },
    ifMatch: body.version,
  });
  expect(cancelled.status).toBe(200);
};

describe('a recurring ticket', () => {
  it('is made at its first slot, and opened again at the next, as one ticket with a history', async () => {
    const { status, body } = await create();
    expect(status).toBe(201);
    expect(body).toMatchObject({ key: null, nextRun: '2026-11-23T03:00:00.000Z', missedRun: 'run_once' });
    await runSchedules(app.deps);
    expect(await tickets()).toEqual([]);
    app.advance(15 * HOUR);
    await runSchedules(app.deps);
    await runSchedules(app.deps);
    expect(await tickets()).toMatchObject([{ key: 'MC-1', status: 'todo', labels: ['chore'] }]);
    expect(await only(body.id)).toMatchObject({
      key: 'MC-1',
      lastRun: { slot: '2026-11-23T03:00:00.000Z', outcome: 'started' },
      nextRun: '2026-11-24T03:00:00.000Z',
    });
    await close('MC-1');
    app.advance(24 * HOUR);
    await runSchedules(app.deps);
    expect((await tickets()).map((t: { status: string }) => t.status)).toEqual(['todo']);
    const activity = (await app.call('GET', '/tickets/MC-1/activity')).body.items;
    const reopened = activity.find((e: { data: { transition?: string } }) => e.data.transition === 'reopen');
    expect(reopened).toMatchObject({ actor: { kind: 'human', id: 'the-member' } });
    expect(reopened.data.reason).toContain('due at 2026-11-24T03:00:00.000Z');
  });

  it('is not started again while it is open, and says so', async () => {
    const { body } = await create();
    app.advance(15 * HOUR);
    await runSchedules(app.deps);
    app.advance(24 * HOUR);
    await runSchedules(app.deps);
    expect((await only(body.id)).lastRun).toMatchObject({
      outcome: 'still_open',
      detail: expect.stringContaining('MC-1 is still todo'),
    });
    expect((await tickets()).length).toBe(1);
  });

  it('writes once that its ticket is open, however many slots pass, and says in the end how many they were', async () => {
    const { body } = await create({ cron: '* * * * * *' });
    app.advance(1000);
    await runSchedules(app.deps);
    for (let second = 0; second < 20; second += 1) {
      app.advance(1000);
      await runSchedules(app.deps);
    }
    const events = async () => (await app.deps.store.streamEvents(`schedule:${body.id}`, 0, 100)).length;
    expect(await events()).toBe(3);
    expect((await only(body.id)).lastRun.detail).toContain('MC-1 is still todo');
    expect(Date.parse((await only(body.id)).nextRun)).toBeGreaterThan(await app.deps.store.now());
    await close('MC-1');
    await runSchedules(app.deps);
    expect((await tickets()).map((t: { status: string }) => t.status)).toEqual(['cancelled']);
    expect((await only(body.id)).lastRun).toMatchObject({
      outcome: 'still_open',
      detail: '19 slots passed while MC-1 was open; it is not started twice',
    });
    app.advance(1000);
    await runSchedules(app.deps);
    expect((await tickets()).map((t: { status: string }) => t.status)).toEqual(['todo']);
    expect(await events()).toBe(5);
  });

  it('F15 runs a slot once, though two servers see it at the same time', async () => {
    await create();
    app.advance(15 * HOUR);
    await Promise.all([runSchedules(app.deps), runSchedules(app.deps), runSchedules(app.deps)]);
    expect((await tickets()).length).toBe(1);
    await close('MC-1');
    await runSchedules(app.deps);
    expect((await tickets())[0].status).toBe('cancelled');
    app.advance(24 * HOUR);
    await Promise.all([runSchedules(app.deps), runSchedules(app.deps)]);
    const activity = (await app.call('GET', '/tickets/MC-1/activity')).body.items;
    expect(
      activity.filter((e: { data: { transition?: string } }) => e.data.transition === 'reopen').length,
    ).toBe(1);
  });

  it('runs once for a week that was missed, or not at all, as its policy says', async () => {
    const once = (await create()).body;
    const never = (await create({ missedRun: 'skip' })).body;
    app.advance(7 * 24 * HOUR);
    await runSchedules(app.deps);
    expect((await tickets()).length).toBe(1);
    expect((await only(once.id)).lastRun).toMatchObject({
      outcome: 'started',
      slot: '2026-11-29T03:00:00.000Z',
    });
    expect((await only(never.id)).lastRun).toMatchObject({ outcome: 'missed' });
    expect((await only(never.id)).nextRun).toBe('2026-11-30T03:00:00.000Z');
  });

  it('fires once when the clock goes back in autumn, and once when an hour is left out in spring', async () => {
    const { body } = await create({ cron: '30 2 * * *', timezone: 'Europe/Berlin' });
    const slots = new Set<string>();
    // From November over the end of March, hour by hour.
    for (let hour = 0; hour < 24 * 130; hour += 1) {
      app.advance(HOUR);
      const before = (await only(body.id)).lastRun?.slot;
      await runSchedules(app.deps);
      const { lastRun } = await only(body.id);
      if (lastRun && lastRun.slot !== before) {
        expect(slots.has(lastRun.slot)).toBe(false);
        slots.add(lastRun.slot);
        expect(lastRun.outcome).toBe('started');
        await close('MC-1');
      }
    }
    expect(slots.size).toBe(130);
  });

  it('makes up for nothing that was due while it was off', async () => {
    const { body } = await create();
    const off = await app.call('PATCH', `/jobs/${body.id}`, {
      as: 'member',
      body: { enabled: false, reason: 'holidays' },
    });
    expect(off.body).toMatchObject({ kind: 'recurring', enabled: false, reason: 'holidays', nextRun: null });
    app.advance(72 * HOUR);
    await runSchedules(app.deps);
    await app.call('PATCH', `/jobs/${body.id}`, { as: 'member', body: { enabled: true, reason: 'back' } });
    await runSchedules(app.deps);
    expect(await tickets()).toEqual([]);
    app.advance(24 * HOUR);
    await runSchedules(app.deps);
    expect((await tickets()).length).toBe(1);
  });

  it('runs now when a person asks, without using up its slot', async () => {
    const { body } = await create();
    const ran = await app.call('POST', `/jobs/${body.id}/run`, { as: 'member' });
    expect(ran.body).toMatchObject({ ticket: 'MC-1', lastRun: { outcome: 'started' } });
    await close('MC-1');
    app.advance(15 * HOUR);
    await runSchedules(app.deps);
    expect((await tickets())[0].status).toBe('todo');
  });

  it('starts with what the schedule says now', async () => {
    const { body } = await create();
    await app.call('POST', `/jobs/${body.id}/run`, { as: 'member' });
    await close('MC-1');
    const changed = await app.call('PATCH', `/schedules/${body.id}`, {
      as: 'member',
      body: { ticket: { title: 'Update everything' }, cron: '0 4 * * *' },
      ifMatch: (await only(body.id)).version,
    });
    expect(changed.body.nextRun).toBe('2026-11-23T04:00:00.000Z');
    app.advance(17 * HOUR);
    await runSchedules(app.deps);
    expect((await tickets())[0]).toMatchObject({ status: 'todo', title: 'Update everything' });
  });

  it('tells the next three slots of a line before it is set up, in its own zone', async () => {
    const preview = (query: string): Promise<Answered> => app.call('GET', `/schedules/preview?${query}`);
    const { status, body } = await preview('cron=0%203%20*%20*%201-5&timezone=Europe%2FBerlin');
    expect(status).toBe(200);
    expect(body.runs).toHaveLength(3);
    const made = await create({ cron: '0 3 * * 1-5', timezone: 'Europe/Berlin' });
    expect(body.runs[0]).toBe(made.body.nextRun);
    for (const at of body.runs as string[]) {
      const local = new Intl.DateTimeFormat('en-GB', {
        timeZone: 'Europe/Berlin',
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
      }).format(new Date(at));
      expect(local).toMatch(/^(Mon|Tue|Wed|Thu|Fri),? 03:00$/);
    }
    expect((await preview('cron=never')).body.code).toBe('invalid_cron');
    const noZone = await preview('cron=0%203%20*%20*%20*&timezone=Moon%2FBase');
    expect([noZone.status, noZone.body.errors[0].path]).toEqual([422, 'timezone']);
  });

  it('refuses a line that never fires, a zone that does not exist, and who may not set it up', async () => {
    for (const [wrong, path] of [
      [{ cron: '0 0 30 2 *' }, 'cron'],
      [{ cron: 'whenever' }, 'cron'],
      [{ cron: '2026-12-24T00:00:00' }, 'cron'],
      [{ timezone: 'Moon/Base' }, 'timezone'],
    ] as const) {
      const { status, body } = await create(wrong);
      expect([status, body.code, body.errors[0].path]).toEqual([422, 'invalid_cron', path]);
    }
    expect((await create({ project: 'NO' })).body.code).toBe('reference_not_found');
    expect((await create({ ticket: { title: 'x', profile: 'nobody' } })).body.code).toBe(
      'reference_not_found',
    );
    for (const as of ['viewer', 'orchestrator', 'runner']) {
      const refused = await app.call('POST', '/schedules', {
        as,
        body: { project: 'MC', cron: '0 3 * * *', ticket: { title: 'x' } },
      });
      expect(refused.status).toBe(403);
    }
    expect((await app.call('GET', '/schedules')).body.items).toEqual([]);
  });
});
