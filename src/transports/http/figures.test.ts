/** What boards, charts and reviews ask for beyond a list: groups, attempts of many tickets, figures, comments at lines. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyState } from '../../services/verify.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/projects', {
    body: { key: 'MC', name: 'MC', repository: { path: '/repo' }, completion: { requires: [] } },
  });
  await app.call('POST', '/profiles', { body: { id: 'opus', adapter: 'command', command: ['true'] } });
});
afterEach(async () => {
  expect((await verifyState(app.deps)).ok).toBe(true);
  await app.close();
});
const create = (body: object) =>
  app.call('POST', '/tickets', { body: { project: 'MC', title: 'Work', ...body } });

it('counts tickets by agent, by the same filter that lists them', async () => {
  await create({ profile: 'opus', status: 'todo' });
  await create({ profile: 'opus' });
  await create({ assignee: 'ada', priority: 0 });
  await create({});
  const { body } = await app.call('GET', '/tickets/groups?by=agent', { as: 'viewer' });
  expect(body.items).toEqual([
    { value: null, count: 1, statuses: { backlog: 1 } },
    { value: 'ada', count: 1, statuses: { backlog: 1 } },
    { value: 'opus', count: 2, statuses: { todo: 1, backlog: 1 } },
  ]);
  const keys = async (query: string) =>
    (await app.call('GET', `/tickets?sort=created&${query}`)).body.items.map((t: { key: string }) => t.key);
  expect((await keys('agent=opus')).toSorted()).toEqual(['MC-1', 'MC-2']);
  expect(await keys('agent=')).toEqual(['MC-4']);
  expect(await keys('priority=0,1')).toEqual(['MC-3']);
  expect((await app.call('GET', '/tickets?priority=9')).status).toBe(400);
  expect((await app.call('GET', '/tickets/groups?by=colour')).status).toBe(400);
});

it('gives the attempts of several tickets in one answer, and the figures of the days', async () => {
  await create({ assignee: 'ada', status: 'todo' });
  const { body: ticket } = await app.call('GET', '/tickets/MC-1');
  await app.call('POST', '/tickets/MC-1/transitions', {
    as: 'member',
    body: { transition: 'hand_in', summary: 'done' },
    ifMatch: ticket.version,
  });
  await create({});
  const { body } = await app.call('GET', '/attempts?ticket=MC-1,MC-2,NO-9');
  expect(body.items).toMatchObject([{ ticket: 'MC-1', number: 1, kind: 'person', outcome: 'submitted' }]);
  const reviewed = await app.call('GET', '/tickets/MC-1');
  const accepted = await app.call('POST', '/tickets/MC-1/transitions', {
    body: { transition: 'accept' },
    ifMatch: reviewed.body.version,
  });
  expect(accepted.body.status).toBe('done');
  const { body: figures } = await app.call('GET', '/statistics?days=7&timezone=Pacific/Auckland');
  expect(figures.days).toHaveLength(7);
  // Noon in UTC is the next day in Auckland.
  expect(figures.days.at(-1)).toMatchObject({ day: '2026-11-23', done: 1, attempts: 1 });
  expect(figures).toMatchObject({ truncated: false, profiles: [], today: { budget: null } });
  expect((await app.call('GET', '/statistics?timezone=Middle/Earth')).status).toBe(400);
});

it('takes a review at lines as one piece of feedback, and shows it in the conversation with its places', async () => {
  await create({ assignee: 'ada', status: 'todo' });
  const at = async () => (await app.call('GET', '/tickets/MC-1')).body.version as number;
  const move = async (as: string, body: object) =>
    app.call('POST', '/tickets/MC-1/transitions', { as, body, ifMatch: await at() });
  await move('member', { transition: 'hand_in', summary: 'done' });
  const nothing = await move('admin', { transition: 'request_changes', comments: [] });
  expect(nothing.body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'feedback' }] });
  const upsideDown = { path: 'a.ts', line: 4, endLine: 2, text: 'x' };
  expect((await move('admin', { transition: 'request_changes', comments: [upsideDown] })).status).toBe(400);
  const sent = await move('admin', {
    transition: 'request_changes',
    feedback: 'Two things.',
    comments: [{ path: 'a.ts', line: 2, endLine: 4, quote: 'x\ny\nz', text: 'Say why.' }],
  });
  expect(sent.body.feedback).toContain('### a.ts\n\n**Lines 2–4**');
  const { body } = await app.call('GET', '/tickets/MC-1/comments');
  expect(body.items.at(-1)).toMatchObject({
    kind: 'feedback',
    review: {
      summary: 'Two things.',
      comments: [{ path: 'a.ts', side: 'after', line: 2, endLine: 4, text: 'Say why.' }],
    },
  });
});
