/** What must not happen: bad input as a bug, two at once, a secret where it does not belong. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: { key: 'MC', name: 'Mission Control', repository: { path: '/repo' }, defaultProfile: 'worker' },
  });
});
afterEach(() => t.close());

const create = () => t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket' } });

describe('what a client gets wrong', () => {
  it('a known path says which methods it takes', async () => {
    const answer = await t.call('PUT', '/tickets');
    expect([answer.status, answer.body.code, answer.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'POST, GET, HEAD',
    ]);
  });

  it('a NUL in the address does not make one key stand for another', async () => {
    await create();
    const answers = [await t.call('GET', '/tickets/MC-1%00'), await t.call('GET', '/tickets?q=%00')];
    expect(answers.map((answer) => answer.status)).toEqual([400, 400]);
  });

  it('an address that cannot be decoded is no matter of JSON', async () => {
    const answer = await t.call('GET', '/tickets/%ff');
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  });

  it('HEAD of the event stream answers at once', async () => {
    const answer = await t.call('HEAD', '/stream');
    expect([answer.status, t.hub.size]).toEqual([200, 0]);
  });

  it('the scheme of a token is read in either case', async () => {
    const headers = { authorization: `bearer ${t.tokens.admin}` };
    expect((await t.call('GET', '/tickets', { as: null, headers })).status).toBe(200);
  });

  it('a page of another origin is refused, also with a token', async () => {
    const answer = await t.call('GET', '/tickets', { headers: { origin: 'http://evil.test' } });
    expect([answer.status, answer.body.code]).toEqual([403, 'origin_not_allowed']);
  });
});

describe('secrets', () => {
  it('of a profile are for administrators; others see the names of its variables and files', async () => {
    const secret = { env: { KEY: 'hunter2' }, files: { '.netrc': 'password' } };
    await t.call('PATCH', '/profiles/worker', { body: secret });
    expect((await t.call('GET', '/profiles/worker')).body).toMatchObject(secret);
    for (const as of ['member', 'viewer', 'orchestrator']) {
      const one = await t.call('GET', '/profiles/worker', { as });
      const all = await t.call('GET', '/profiles', { as });
      expect(one.body.env).toEqual({ KEY: '(hidden)' });
      expect(JSON.stringify([one.body, all.body])).not.toMatch(/hunter2|password/);
    }
  });
});

describe('at the same time', () => {
  it('hundreds of writers of one ticket all get their turn', async () => {
    await create();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        t.call('POST', '/tickets/MC-1/comments', { body: { text: `${i}` } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await t.call('GET', '/tickets/MC-1/comments?limit=200')).body.items).toHaveLength(200);
  });

  it('two edits cannot close a cycle between them', async () => {
    await create();
    await create();
    const edit = (key: string, blocker: string) =>
      t.call('PATCH', `/tickets/${key}`, { body: { blockedBy: [blocker] }, ifMatch: 1 });
    const answers = await Promise.all([edit('MC-1', 'MC-2'), edit('MC-2', 'MC-1')]);
    expect(new Set(answers.map(({ body }) => body.code ?? 'changed'))).toEqual(
      new Set(['changed', 'dependency_cycle']),
    );
  });
});

it('no session outlives the token behind its sign-in link', async () => {
  const expiresAt = '2026-11-22T12:01:00.000Z';
  const made = await t.call('POST', '/tokens', { body: { role: 'admin', name: 'guest', expiresAt } });
  const link = await t.call('POST', '/sign-in-links', { as: made.body.token, body: {} });
  const code = String(link.body.url).split('#')[1];
  const signed = await t.call('POST', '/session', { as: null, body: { code } });
  const cookie = String(signed.headers['set-cookie']).split(';')[0] ?? '';
  const whoAmI = () => t.call('GET', '/session', { as: null, headers: { cookie } });
  expect((await whoAmI()).status).toBe(200);
  t.advance(60_001);
  expect((await whoAmI()).status).toBe(401);
});

it('a token that is made with an idempotency key is repeated, and stored nowhere', async () => {
  const make = () => t.call('POST', '/tokens', { key: 'k1', body: { role: 'viewer', name: 'v' } });
  const answers = [await make(), await make()];
  expect(answers[1]?.body).toEqual(answers[0]?.body);
  expect((await t.call('GET', '/tickets', { as: answers[0]?.body.token })).status).toBe(200);
  const admin = await t.deps.store.credential(t.deps.sha256(t.tokens.admin));
  const stored = await t.deps.store.idempotent(`${admin?.id} POST /api/v1/tokens`, 'k1');
  expect(stored?.answer.status).toBe(201);
  expect(stored?.answer.body).not.toContain(answers[0]?.body.token);
  const others = await t.call('POST', '/tokens', { key: 'k1', body: { role: 'admin', name: 'v' } });
  expect(others.body.code).toBe('idempotency_key_reused');
});
