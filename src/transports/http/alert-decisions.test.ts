/** An alert that needs a decision is one inbox item; a ticket made out of it and the acknowledgement are one commit. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { raise } from '../../services/alerts.ts';
import { verifyState } from '../../services/verify.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let app: TestApp;
let item: string;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/projects', { body: { key: 'MC', name: 'MC', repository: { path: '/repo' } } });
  await raise(app.deps, {
    rule: 'repeated_failure',
    subject: 'worker',
    severity: 'warning',
    detail: 'Profile worker failed 5 times in the last hour.',
  });
  item = (await app.call('GET', '/inbox')).body.items[0].id;
});
afterEach(async () => {
  expect((await verifyState(app.deps)).ok).toBe(true);
  await app.close();
});
const act = (body: object) =>
  app.call('POST', `/inbox/${item}/act`, { as: 'member', body: { reason: 'look into it', ...body } });

it('becomes a ticket, is acknowledged by it, and is not decided twice', async () => {
  const ticket = { project: 'MC', title: 'Why does worker fail?', status: 'todo', priority: 1 };
  const [first, second] = await Promise.all([
    act({ decision: 'create_ticket', ticket }),
    act({ decision: 'create_ticket', ticket }),
  ]);
  expect([first.status, second.status].toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect([first, second].find((r) => r.status === 200)?.body).toMatchObject({
    state: 'acted',
    result: { decision: 'create_ticket', by: 'the-member', via: 'inbox' },
  });
  expect((await app.call('GET', '/tickets')).body.items).toMatchObject([
    { key: 'MC-1', title: 'Why does worker fail?', status: 'todo', priority: 1 },
  ]);
  expect((await app.call('GET', '/alerts')).body.items[0].state).toBe('acknowledged');
});

it('stays as it is when the ticket cannot be made', async () => {
  expect((await act({ decision: 'create_ticket' })).body).toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'ticket' }],
  });
  const missing = await act({ decision: 'create_ticket', ticket: { project: 'NO', title: 'x' } });
  expect(missing.body.code).toBe('reference_not_found');
  expect((await app.call('GET', `/inbox/${item}`)).body.state).toBe('pending');
  expect((await app.call('GET', '/alerts')).body.items[0].state).toBe('open');
});

it('is listed with the oldest first, or with the newest, page by page', async () => {
  app.advance(1000);
  await raise(app.deps, {
    rule: 'repeated_failure',
    subject: 'another',
    severity: 'warning',
    detail: 'Profile another failed 5 times in the last hour.',
  });
  const list = async (query: string) => (await app.call('GET', `/inbox?limit=1${query}`)).body;
  const oldest = await list('');
  expect(oldest.items[0].id).toBe(item);
  const newest = await list('&order=newest');
  expect(newest.items[0].id).not.toBe(item);
  const next = await list(`&order=newest&cursor=${newest.nextCursor}`);
  expect(next).toMatchObject({ items: [{ id: item }], nextCursor: null });
});
