/** The system changes a job only by a remedy that people have listed, and `verify` holds it to that. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from '../transports/http/testing/test-app.ts';
import { acknowledgeAlert, raise } from './alerts.ts';
import { changeDocument } from './configuration.ts';
import { system } from './deps.ts';
import { applyRemedies } from './remedies.ts';
import { verifyState } from './verify.ts';

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('PATCH', '/jobs/ticket-pickup', { body: { enabled: false, reason: 'a look at something' } });
  await raise(app.deps, {
    rule: 'job_off',
    subject: 'ticket-pickup',
    severity: 'warning',
    detail: 'The job ticket-pickup is disabled while 3 tickets wait for it.',
  });
});
afterEach(() => app.close());
const allow = (remedies: string[]) => app.call('PUT', '/policy', { body: { remedies } });
const violations = async (): Promise<string[]> =>
  (await verifyState(app.deps)).invariants.flatMap((invariant) => invariant.violations);

it('does nothing without a policy that lists the remedy, however long it waits', async () => {
  app.advance(24 * 3_600_000);
  expect(await applyRemedies(app.deps)).toEqual([]);
});

it('switches a job on after a quarter of an hour, and its event names the remedy', async () => {
  expect((await allow(['enable_job'])).body.remedies).toEqual(['enable_job']);
  app.advance(14 * 60_000);
  expect(await applyRemedies(app.deps)).toEqual([]);
  app.advance(2 * 60_000);
  expect(await applyRemedies(app.deps)).toEqual(['ticket-pickup']);
  const jobs = (await app.call('GET', '/jobs')).body.items;
  expect(jobs.find((job: { name: string }) => job.name === 'ticket-pickup')).toMatchObject({
    enabled: true,
    changedBy: 'maintenance policy (enable_job)',
    reason: expect.stringContaining('16 min'),
  });
  expect(await violations()).toEqual([]);
});

it('leaves a job alone that a person knows to be off, or while everything is paused', async () => {
  await allow(['enable_job']);
  app.advance(3_600_000);
  await app.call('POST', '/pause', { body: { paused: true, reason: 'maintenance' } });
  expect(await applyRemedies(app.deps)).toEqual([]);
  await app.call('POST', '/pause', { body: { paused: false } });
  const alert = (await app.call('GET', '/alerts')).body.items[0];
  await acknowledgeAlert(app.deps, { actor: { kind: 'human', id: 'ada' } }, alert.id, 'on purpose');
  expect(await applyRemedies(app.deps)).toEqual([]);
});

it('is found by verify when it acts without being listed', async () => {
  await changeDocument(app.deps, system('watchdog'), 'job', 'ticket-pickup', () => ({ enabled: true }), {
    because: { policy: 'enable_job' },
  });
  expect(await violations()).toEqual([expect.stringContaining('without the maintenance policy')]);
});

it('refuses a remedy that does not exist', async () => {
  expect((await allow(['restart_everything'])).status).toBe(400);
});
