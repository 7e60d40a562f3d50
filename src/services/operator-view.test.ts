/** What the operator looks at, on a board with more than it looks at. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from '../transports/http/testing/test-app.ts';
import { openTickets } from './operator-view.ts';

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  const project = { key: 'MC', name: 'm', repository: { path: '/repo' }, defaultProfile: 'worker' };
  await app.call('POST', '/projects', { body: project });
});
afterEach(() => app.close());

it('keeps the oldest of each status in sight, whatever comes after them and how urgent it is', async () => {
  const keys: string[] = [];
  for (const priority of [4, 3, 0, 0]) {
    app.advance(1000);
    keys.push((await app.call('POST', '/tickets', { body: ticketOf('todo', priority) })).body.key);
  }
  await app.call('POST', '/tickets', { body: ticketOf('backlog', 0) });
  const seen = async (most: number): Promise<string[]> =>
    (await openTickets(app.deps, most)).map(({ key }) => key);
  expect(await seen(2)).toEqual(keys.slice(0, 2));
  expect(await seen(200)).toEqual(keys);
});

const ticketOf = (status: string, priority: number) => ({
  project: 'MC',
  title: 'A ticket',
  status,
  priority,
});
