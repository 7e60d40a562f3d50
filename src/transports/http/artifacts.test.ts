/** Uploads of workers and downloads of people, over HTTP. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import type { Evidence, Page } from '../../contract/shapes.ts';
import { acceptAttempt } from '../../services/attempts.ts';
import { createTestApp, type TestApp } from './testing/test-app.ts';

let t: TestApp;
let attempt = '';
let token = '';

beforeEach(async () => {
  t = await createTestApp();
  await t.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: 'true' } });
  await t.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'MC',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { requires: ['signal', 'artifact'] },
    },
  });
  await t.call('POST', '/tickets', { body: { project: 'MC', title: 'Write', status: 'todo' } });
  const runner = await t.call('POST', '/runners', {
    as: 'runner',
    body: { name: 'local', slots: 1, version: '1' },
  });
  await t.dispatcher.runOnce();
  const polled = await t.call('POST', `/runners/${String(runner.body.id)}/poll`, {
    as: 'runner',
    body: { freeSlots: 1, waitMs: 0 },
  });
  const [offer] = polled.body.offers as { attempt: string; token: string; fence: number }[];
  attempt = offer?.attempt ?? '';
  token = offer?.token ?? '';
  await acceptAttempt(
    t.deps,
    { actor: { kind: 'runner', id: String(runner.body.id) } },
    { attempt, fence: offer?.fence ?? 0, base: null, branch: null },
  );
});
afterEach(() => t.close());

const upload = (body: object, as: string = token, id = 'self') =>
  t.call('POST', `/attempts/${id}/artifacts`, { as, body });

it('is stored and claimed in one step, once, and is found again by the signal', async () => {
  const made = await upload({ name: 'report.txt', content: 'hello' });
  const sha256 = createHash('sha256').update('hello').digest('hex');
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    kind: 'artifact',
    state: 'unverified',
    claim: { name: 'report.txt', sha256, size: 5 },
  });
  const again = await upload({
    name: 'report.txt',
    content: Buffer.from('hello').toString('base64'),
    encoding: 'base64',
  });
  expect(again.body.id).toBe(made.body.id);
  const signal = { type: 'evidence', kind: 'artifact', name: 'report.txt' };
  expect((await t.call('POST', '/attempts/self/signals', { as: token, body: signal })).status).toBe(200);
  const { body } = await t.call('GET', `/attempts/${attempt}/artifacts`);
  expect((body as unknown as Page<Evidence>).items).toHaveLength(1);
});

it.each([
  [{ name: '../etc/passwd', content: '' }, 400, 'invalid_request'],
  [{ name: '..', content: '' }, 400, 'invalid_request'],
  [{ name: 'a\nb', content: '' }, 400, 'invalid_request'],
  [{ name: 'a', content: 'not base64!', encoding: 'base64' }, 400, 'invalid_request'],
  [{ name: 'a', content: 'x'.repeat(1001) }, 413, 'body_too_large'],
  [{ name: 'a' }, 400, 'invalid_request'],
])('%j is refused with %d %s', async (body, status, code) => {
  const answer = await upload(body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(
    ((await t.call('GET', `/attempts/${attempt}/artifacts`)).body as unknown as Page<Evidence>).items,
  ).toEqual([]);
});

it('is for the attempt itself alone, and only while it may write', async () => {
  expect((await upload({ name: 'a', content: 'x' }, 'admin')).status).toBe(403);
  expect((await upload({ name: 'a', content: 'x' }, token, 'att_other')).status).toBe(403);
  await upload({ name: 'a', content: 'x' });
  const submit = { type: 'submit', summary: 'done' };
  expect((await t.call('POST', '/attempts/self/signals', { as: token, body: submit })).status).toBe(200);
  const late = await upload({ name: 'b', content: 'y' });
  expect([late.status, late.body.code]).toEqual([409, 'stale_attempt']);
});

it('that was never uploaded cannot be claimed', async () => {
  const signal = { type: 'evidence', kind: 'artifact', name: 'ghost' };
  const answer = await t.call('POST', '/attempts/self/signals', { as: token, body: signal });
  expect([answer.status, answer.body.code, answer.body.missing]).toEqual([
    422,
    'evidence_incomplete',
    ['artifact'],
  ]);
});

it('is downloaded as an attachment that no browser runs, by people and not by workers', async () => {
  const { body } = await upload({ name: 'r"é.html', content: '<script>alert(1)</script>' });
  const path = `/evidence/${String(body.id)}/content`;
  expect((await t.call('GET', path, { as: token })).status).toBe(403);
  const answer = await t.call('GET', path, { as: 'viewer' });
  expect(answer.status).toBe(200);
  expect(answer.body).toBe('<script>alert(1)</script>');
  expect(answer.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="r__.html"; filename*=UTF-8''r%22%C3%A9.html`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  });
  expect((await t.call('GET', '/evidence/evd_none/content')).status).toBe(404);
});
