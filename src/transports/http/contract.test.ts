/** The contract as callers see it: versions, idempotency, errors, roles, bad input. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS } from '../../contract/errors.ts';
import * as shapes from '../../contract/shapes.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['agent'] } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'Mission Control',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      checks: [{ name: 'test', command: 'npm test' }],
    },
  });
});
afterEach(() => t.close());

const create = (body: object = {}) =>
  t.call('POST', '/tickets', { body: { project: 'MC', title: 'A ticket', ...body } });

describe('tickets', () => {
  it('are created in the backlog, in the documented shape, with an ETag', async () => {
    const answer = await create();
    expect(answer.status).toBe(201);
    expect(answer.headers['etag']).toBe('"1"');
    expect(shapes.ticket.parse(answer.body)).toMatchObject({
      key: 'MC-1',
      status: 'backlog',
      priority: 2,
      version: 1,
      runtime: 'idle',
    });
    expect(answer.body.completion).toEqual({
      requires: ['signal', 'commit', 'check'],
      checks: ['test'],
      decidedBy: 'human',
      onAccept: 'leave_branch',
      allowEmptyDiff: false,
    });
    expect(answer.body.sentence).toBe('Ticket is backlog; runtime is idle. · profile worker');
  });

  it('change only with the version that the change was decided on', async () => {
    await create();
    const missing = await t.call('PATCH', '/tickets/MC-1', { body: { title: 'B' } });
    expect([missing.status, missing.body.code]).toEqual([428, 'precondition_required']);
    const stale = await t.call('PATCH', '/tickets/MC-1', { body: { title: 'B' }, ifMatch: 7 });
    expect([stale.status, stale.body.code, stale.body.current]).toEqual([
      412,
      'version_conflict',
      { version: 1, status: 'backlog' },
    ]);
    const done = await t.call('PATCH', '/tickets/MC-1', { body: { title: 'B' }, ifMatch: 1 });
    expect([done.status, done.body.title, done.headers['etag']]).toEqual([200, 'B', '"2"']);
  });

  it('move by the transition table, and say what is possible when they do not', async () => {
    await create();
    const wrong = await t.call('POST', '/tickets/MC-1/transitions', {
      body: { transition: 'accept' },
      ifMatch: 1,
    });
    expect([wrong.status, wrong.body.code, wrong.body.current]).toEqual([
      409,
      'transition_not_allowed',
      { version: 1, status: 'backlog' },
    ]);
    const never = await t.call('POST', '/tickets/MC-1/transitions', {
      body: { transition: 'claim' },
      ifMatch: 1,
    });
    expect([never.status, never.body.code]).toEqual([403, 'actor_not_allowed']);
    const ready = await t.call('POST', '/tickets/MC-1/transitions', {
      body: { transition: 'ready' },
      ifMatch: 1,
    });
    expect([ready.status, ready.body.status, ready.body.runtime]).toEqual([200, 'todo', 'queued']);
  });

  it('keep their version through comments, and list the conversation', async () => {
    await create();
    const answer = await t.call('POST', '/tickets/MC-1/comments', { body: { text: 'Hello' } });
    expect([answer.status, answer.body.version]).toEqual([201, 1]);
    const comments = await t.call('GET', '/tickets/MC-1/comments');
    expect(comments.body.items).toMatchObject([{ by: 'the-admin', kind: 'comment', text: 'Hello' }]);
    const activity = await t.call('GET', '/tickets/MC-1/activity');
    expect(activity.body.items.map((e: { type: string }) => e.type)).toEqual([
      'ticket.created',
      'ticket.commented',
    ]);
  });

  it('refuse a dependency cycle, and name it', async () => {
    await create();
    await create({ blockedBy: ['MC-1'] });
    await create({ blockedBy: ['MC-2'] });
    const cycle = await t.call('PATCH', '/tickets/MC-1', { body: { blockedBy: ['MC-3'] }, ifMatch: 1 });
    expect([cycle.status, cycle.body.code]).toEqual([422, 'dependency_cycle']);
    expect(cycle.body.detail).toContain('MC-3');
    const self = await t.call('PATCH', '/tickets/MC-1', { body: { blockedBy: ['MC-1'] }, ifMatch: 1 });
    expect(self.body.code).toBe('dependency_cycle');
  });

  it('say why they are not running, by a code of the closed list', async () => {
    await create({ status: 'todo', assignee: 'ada' });
    await t.dispatcher.runOnce();
    const why = await t.call('GET', '/tickets/MC-1/why');
    expect(shapes.why.parse(why.body).current).toMatchObject({ code: 'assignee_not_runnable' });
    expect((await t.call('GET', '/tickets/MC-1')).body.whyNotRunning.code).toBe('assignee_not_runnable');
    await t.dispatcher.runOnce();
    expect((await t.call('GET', '/tickets/MC-1/why')).body.history).toHaveLength(1);
  });

  it('page with a cursor, at most 200 at a time', async () => {
    for (let i = 0; i < 5; i += 1) await create();
    const first = await t.call('GET', '/tickets?limit=3');
    expect(first.body.items).toHaveLength(3);
    const rest = await t.call('GET', `/tickets?limit=3&cursor=${first.body.nextCursor}`);
    expect(rest.body.items).toHaveLength(2);
    expect(rest.body.nextCursor).toBeNull();
    expect((await t.call('GET', '/tickets?limit=201')).status).toBe(400);
    expect((await t.call('GET', '/tickets?status=nowhere')).status).toBe(400);
  });
});

describe('idempotency', () => {
  it('gives the same answer for the same key and body, and one effect', async () => {
    const body = { project: 'MC', title: 'Once' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => t.call('POST', '/tickets', { body, key: 'k1' })),
    );
    expect(new Set(answers.map((answer) => answer.body.key))).toEqual(new Set(['MC-1']));
    expect(answers.every((answer) => answer.status === 201)).toBe(true);
    expect((await t.call('GET', '/tickets')).body.items).toHaveLength(1);
  });

  it('refuses the same key with another body, and keeps keys apart by token', async () => {
    await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Once' }, key: 'k1' });
    const other = await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Twice' }, key: 'k1' });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const member = await t.call('POST', '/tickets', {
      body: { project: 'MC', title: 'Once' },
      key: 'k1',
      as: 'member',
    });
    expect(member.body.key).toBe('MC-2');
  });

  it('repeats a transition without making it twice, although the version has moved on', async () => {
    await create();
    const move = () =>
      t.call('POST', '/tickets/MC-1/transitions', { body: { transition: 'ready' }, ifMatch: 1, key: 'm' });
    const [first, second] = [await move(), await move()];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotent-replayed']).toBe('true');
  });

  it('keeps refusals too', async () => {
    const wrong = () => t.call('POST', '/tickets/MC-9/comments', { body: { text: 'x' }, key: 'w' });
    expect((await wrong()).status).toBe(404);
    for (let i = 0; i < 9; i += 1) await create();
    expect((await wrong()).status).toBe(404);
  });
});

describe('who may do what', () => {
  const may: [string, string, unknown, Record<string, number>][] = [
    [
      'POST',
      '/projects',
      { key: 'X', name: 'X', repository: { path: '/repo' } },
      { admin: 201, member: 403, viewer: 403, orchestrator: 403, runner: 403 },
    ],
    [
      'POST',
      '/tickets',
      { project: 'MC', title: 'x' },
      { admin: 201, member: 201, viewer: 403, orchestrator: 201, runner: 403 },
    ],
    ['GET', '/tickets', undefined, { admin: 200, member: 200, viewer: 200, orchestrator: 200, runner: 403 }],
    [
      'POST',
      '/pause',
      { paused: true },
      { admin: 200, member: 200, viewer: 403, orchestrator: 403, runner: 403 },
    ],
    [
      'PATCH',
      '/jobs/ticket-pickup',
      { enabled: false, reason: 'r' },
      { admin: 200, member: 200, viewer: 403, orchestrator: 403, runner: 403 },
    ],
    [
      'PUT',
      '/policy',
      { maxWorkers: 3 },
      { admin: 200, member: 403, viewer: 403, orchestrator: 403, runner: 403 },
    ],
    [
      'POST',
      '/tokens',
      { role: 'viewer', name: 'v' },
      { admin: 201, member: 403, viewer: 403, orchestrator: 403, runner: 403 },
    ],
    [
      'POST',
      '/runners',
      { name: 'r', slots: 1, version: '1' },
      { admin: 403, member: 403, viewer: 403, orchestrator: 403, runner: 200 },
    ],
    [
      'POST',
      '/inbox/lease',
      { consumer: 'c' },
      { admin: 200, member: 200, viewer: 403, orchestrator: 200, runner: 403 },
    ],
    [
      'POST',
      '/attempts/self/signals',
      { type: 'progress', text: 'x' },
      { admin: 403, orchestrator: 403, runner: 403 },
    ],
    ['GET', '/verify', undefined, { admin: 200, viewer: 200, runner: 403 }],
  ];
  for (const [method, path, body, roles] of may) {
    it(`${method} ${path}: ${Object.entries(roles)
      .map(([role, status]) => `${role} ${status}`)
      .join(', ')}; nobody 401`, async () => {
      for (const [role, status] of Object.entries(roles)) {
        expect([
          role,
          (await t.call(method, path, { as: role, ...(body === undefined ? {} : { body }) })).status,
        ]).toEqual([role, status]);
      }
      expect((await t.call(method, path, { as: null, ...(body === undefined ? {} : { body }) })).status).toBe(
        401,
      );
      expect(
        (await t.call(method, path, { as: 'mc_adm_wrong', ...(body === undefined ? {} : { body }) })).status,
      ).toBe(401);
    });
  }

  it('a revoked token is refused at once', async () => {
    const made = await t.call('POST', '/tokens', { body: { role: 'viewer', name: 'v' } });
    expect((await t.call('GET', '/tickets', { as: made.body.token })).status).toBe(200);
    expect((await t.call('DELETE', `/tokens/${made.body.id}`)).status).toBe(204);
    expect((await t.call('GET', '/tickets', { as: made.body.token })).status).toBe(401);
  });

  it('an expired token is refused', async () => {
    const made = await t.call('POST', '/tokens', {
      body: { role: 'viewer', name: 'v', expiresAt: '2026-11-22T13:00:00.000Z' },
    });
    expect((await t.call('GET', '/tickets', { as: made.body.token })).status).toBe(200);
    t.advance(3_600_001);
    expect((await t.call('GET', '/tickets', { as: made.body.token })).status).toBe(401);
  });
});

describe('the browser', () => {
  const signIn = async (): Promise<string> => {
    const link = await t.call('POST', '/sign-in-links', { body: {} });
    const code = String(link.body.url).split('#')[1];
    const answer = await t.call('POST', '/session', { as: null, body: { code } });
    expect(answer.status).toBe(200);
    expect((await t.call('POST', '/session', { as: null, body: { code } })).status).toBe(401);
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    return cookie.split(';')[0] ?? '';
  };

  it('signs in once by a link, and its changes have to come from our own pages', async () => {
    const cookie = await signIn();
    expect((await t.call('GET', '/session', { as: null, headers: { cookie } })).body).toEqual({
      role: 'admin',
      name: 'the-admin',
      seq: expect.any(Number) as number,
    });
    const post = (headers: Record<string, string>) =>
      t.call('POST', '/tickets', {
        as: null,
        body: { project: 'MC', title: 'x' },
        headers: { cookie, ...headers },
      });
    expect((await post({})).body.code).toBe('origin_not_allowed');
    expect((await post({ origin: 'http://evil.test' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ origin: 'http://mc.test:80' })).status).toBe(201);
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('signs out', async () => {
    const cookie = await signIn();
    expect(
      (await t.call('DELETE', '/session', { as: null, headers: { cookie, origin: 'http://mc.test:80' } }))
        .status,
    ).toBe(204);
    expect((await t.call('GET', '/session', { as: null, headers: { cookie } })).status).toBe(401);
  });

  it('is refused under another Host, on every path', async () => {
    for (const path of ['//livez', '/tickets', '//', '/stream']) {
      const answer = await t.call('GET', path, { headers: { host: 'evil.test' } });
      expect([path, answer.status]).toEqual([path, 421]);
    }
  });

  it('gets a strict content security policy', async () => {
    const { headers } = await t.call('GET', '//livez', { as: null });
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('may run, frame or sniff no answer of the API', async () => {
    for (const as of ['admin', null] as const) {
      const { headers } = await t.call('GET', '/tickets', { as });
      expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(headers['cache-control']).toBe('no-store');
    }
  });
});

describe('bad input', () => {
  const bad: [string, string | Buffer, number][] = [
    ['not JSON', '{', 400],
    ['malformed UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['a prototype key', '{"__proto__":{"x":1},"project":"MC","title":"x"}', 400],
    ['a constructor key', '{"constructor":{"prototype":{}},"project":"MC","title":"x"}', 400],
    ['100,000 levels', '['.repeat(100_000), 400],
    ['an array', '[]', 400],
    ['a number', '7', 400],
    ['null', 'null', 400],
    ['an unknown member', '{"project":"MC","title":"x","admin":true}', 400],
    ['a wrong type', '{"project":"MC","title":7}', 400],
    ['an empty title', '{"project":"MC","title":"  "}', 400],
    ['a long title', JSON.stringify({ project: 'MC', title: 'x'.repeat(201) }), 400],
    ['NUL', '{"project":"MC","title":"a\\u0000b"}', 400],
    ['a lone surrogate', '{"project":"MC","title":"a\\ud800b"}', 400],
    ['a priority out of range', '{"project":"MC","title":"x","priority":9}', 400],
    ['a huge number', '{"project":"MC","title":"x","priority":1e999}', 400],
    ['an unknown project', '{"project":"NO","title":"x"}', 422],
    ['an unknown profile', '{"project":"MC","title":"x","profile":"no"}', 422],
    ['an unknown blocker', '{"project":"MC","title":"x","blockedBy":["MC-99"]}', 422],
    [
      'too large a body',
      JSON.stringify({ project: 'MC', title: 'x', description: 'y'.repeat(1_100_000) }),
      413,
    ],
  ];
  for (const [what, raw, status] of bad) {
    it(`${what} is ${status}, a problem with a code and a way out, and changes nothing`, async () => {
      const before = (await t.deps.store.head()).seq;
      const answer = await t.call('POST', '/tickets', { raw });
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      const problem = shapes.problem.parse(answer.body);
      expect(Object.keys(ERRORS)).toContain(problem.code);
      expect(problem.advice.length).toBeGreaterThan(10);
      expect((await t.deps.store.head()).seq).toBe(before);
    });
  }

  it('text/plain is refused: a form of another site cannot send it', async () => {
    const answer = await t.call('POST', '/tickets', {
      raw: '{"project":"MC","title":"x"}',
      headers: { 'content-type': 'text/plain' },
    });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('an unknown path is a problem too', async () => {
    const answer = await t.call('GET', '/nothing');
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });

  it('a repository that is none is refused when it is registered', async () => {
    const answer = await t.call('POST', '/projects', {
      body: { key: 'X', name: 'X', repository: { path: '/nowhere' } },
    });
    expect([answer.status, answer.body.code]).toEqual([422, 'repository_unusable']);
    expect((await t.call('GET', '/projects/X')).status).toBe(404);
  });

  it('a profile whose program is missing says so when it is registered', async () => {
    const answer = await t.call('POST', '/profiles', {
      body: { id: 'gone', adapter: 'command', command: ['missing'] },
    });
    expect(answer.body.warnings).toMatchObject([{ ok: false }]);
  });
});

describe('the document of the contract', () => {
  it('is OpenAPI 3.1 and describes every path that answers', async () => {
    const { body } = await t.call('GET', '/openapi.json', { as: null });
    expect(body.openapi).toBe('3.1.0');
    for (const path of [
      '/tickets',
      '/tickets/{key}',
      '/tickets/{key}/transitions',
      '/attempts/{id}/signals',
      '/runners/{id}/poll',
      '/inbox/{id}/act',
      '/verify',
      '/stream',
    ]) {
      expect(Object.keys(body.paths)).toContain(`/api/v1${path}`);
    }
    expect(
      body.paths['/api/v1/tickets'].post.requestBody.content['application/json'].schema.properties.title
        .maxLength,
    ).toBe(200);
  });
});

describe('agent programs', () => {
  it('are listed with what they are good for, and a profile is made from what is offered', async () => {
    const listed = await t.call('GET', '/agents');
    const codex = listed.body.items.find((agent: { id: string }) => agent.id === 'codex');
    expect(codex).toMatchObject({ version: '0.169.0', problem: null, profiles: [] });
    expect((await t.call('POST', '/profiles', { body: codex.offer })).status).toBe(201);
    const again = await t.call('GET', '/agents');
    expect(again.body.items.find((agent: { id: string }) => agent.id === 'codex').profiles).toEqual([
      'codex',
    ]);
    for (const agent of again.body.items.filter((each: { id: string }) => each.id !== 'codex'))
      expect((await t.call('POST', '/profiles', { body: agent.offer })).status).toBe(201);
    expect((await t.call('GET', '/agents', { as: 'viewer' })).status).toBe(403);
  });
});
