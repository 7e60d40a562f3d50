/** The tokens of workers: which attempt they are for, how long they count, and what nobody can make of one. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { attemptToken } from '../../services/access.ts';
import { SqliteConnection } from '../../store/sqlite/driver.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

const DAY_MS = 86_400_000;

let connection: SqliteConnection;
let app: TestApp;
let runner: string;

beforeEach(async () => {
  connection = new SqliteConnection(':memory:');
  app = await createTestApp(connection);
  await app.call('POST', '/profiles', { body: { id: 'fake', adapter: 'command', command: ['true'] } });
  await app.call('POST', '/projects', {
    body: { key: 'MC', name: 'Mission Control', repository: { path: '/repo' }, defaultProfile: 'fake' },
  });
  runner = (await asRunner('/runners', { name: 'one', slots: 4, labels: [], version: '1' })).body.id;
});
afterEach(async () => {
  await app.close();
  connection.close();
});

const asRunner = (path: string, body: object) => app.call('POST', path, { as: 'runner', body });

interface Offer {
  ticket: string;
  attempt: string;
  fence: number;
  token: string;
}

async function offer(key: string): Promise<Offer> {
  await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 });
  await app.dispatcher.runOnce();
  const { offers } = (await asRunner(`/runners/${runner}/poll`, { freeSlots: 4, waitMs: 0 })).body;
  return offers.find(({ ticket }: Offer) => ticket === key);
}

async function begin(key: string): Promise<Offer> {
  const offered = await offer(key);
  const { attempt, fence } = offered;
  await asRunner(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40), branch: `mc/${key}/1` });
  return offered;
}

async function addTicket(): Promise<string> {
  return (await app.call('POST', '/tickets', { body: { project: 'MC', title: 'Work', status: 'todo' } })).body
    .key;
}

const signal = (token: string, body: object = { type: 'progress', text: 'at it' }) =>
  app.call('POST', '/attempts/self/signals', { as: token, body });
const end = ({ attempt, fence }: Offer) =>
  asRunner(`/attempts/${attempt}/end`, { fence, outcome: 'failed', reason: 'no', treeGone: true });

it('is for the attempt that it names, and for nothing that is made of it', async () => {
  const [one, two] = [await begin(await addTicket()), await begin(await addTicket())];
  expect((await signal(one.token)).status).toBe(200);
  const [, mac = ''] = /\.([\w-]{43})$/.exec(one.token) ?? [];
  expect(mac).not.toBe('');
  const forged = [
    one.token.replace(one.attempt, two.attempt),
    one.token.replace(`.${one.fence}.`, `.${one.fence + 1}.`),
    one.token.replace(`.${one.fence}.`, `.0${one.fence}.`),
    `${one.token}A`,
    one.token.slice(0, -1),
    one.token.replace(mac, 'A'.repeat(43)),
    `mc_att_${mac}`,
    `mc_att_${one.attempt}.${one.fence}.`,
  ];
  for (const token of forged) expect([token, (await signal(token)).status]).toEqual([token, 401]);
  // Signed by this installation, for what it never gave.
  for (const token of [
    attemptToken(app.deps, one.attempt, one.fence + 1),
    attemptToken(app.deps, 'att_nobody', 1),
  ])
    expect((await signal(token)).status).toBe(401);
  expect((await app.call('GET', '/tokens', { as: one.token })).status).toBe(403);
  expect(
    (await app.call('GET', '/tokens')).body.items.map(({ role }: { role: string }) => role),
  ).not.toContain('attempt');
});

it('is told for a day that its attempt is over, and is nobody’s then', async () => {
  const run = await begin(await addTicket());
  await end(run);
  expect(await signal(run.token)).toMatchObject({
    status: 409,
    body: { code: 'stale_attempt', reason: 'ended' },
  });
  app.advance(DAY_MS - 1000);
  expect((await signal(run.token)).status).toBe(409);
  app.advance(1000);
  expect((await signal(run.token)).status).toBe(401);
});

it('rests while its attempt is parked, and is another once that goes on', async () => {
  const key = await addTicket();
  const run = await begin(key);
  await signal(run.token, { type: 'ask', text: 'which?' });
  await asRunner(`/attempts/${run.attempt}/park`, { fence: run.fence, session: 's', treeGone: true });
  expect((await signal(run.token)).body).toMatchObject({ code: 'stale_attempt', reason: 'parked' });
  const { questions } = (await app.call('GET', `/tickets/${key}`)).body;
  await app.call('POST', `/tickets/${key}/questions/${questions[0].id}/answer`, { body: { text: 'this' } });
  const again = await begin(key);
  expect(again.attempt).toBe(run.attempt);
  expect(again.token).not.toBe(run.token);
  expect((await signal(run.token)).body).toMatchObject({ code: 'stale_attempt', reason: 'superseded' });
  expect((await signal(again.token)).status).toBe(200);
});

it('that an earlier version has given works until its attempt is over', async () => {
  const run = await begin(await addTicket());
  const token = `mc_att_${'x'.repeat(43)}`;
  connection.execute({
    sql: `insert into credentials (hash, id, kind, role, name, created_at, attempt, ticket, fence)
      values (?, 'tok_old', 'token', 'attempt', ?, 0, ?, ?, ?)`,
    params: [app.deps.sha256(token), run.attempt, run.attempt, run.ticket, run.fence],
  });
  expect((await signal(token)).status).toBe(200);
  await end(run);
  expect(await signal(token)).toMatchObject({ status: 409, body: { reason: 'ended' } });
  app.advance(DAY_MS);
  expect((await signal(token)).status).toBe(401);
});
