import { describe, expect, test } from 'vitest';
import { FakeMissionControl, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import type { Notification, Webhook } from '../../contract/notify-shapes.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string[]) => mctl(args, { url: server.url });

const told = (over: Partial<Notification> = {}): Notification => ({
  id: 'ntf_0001abcdef',
  kind: 'question',
  project: 'MC',
  ticket: 'MC-12',
  title: 'MC-12 asks',
  text: '=Which\u001b[31m?',
  path: '/inbox/inb_1',
  actor: { kind: 'control_plane', id: 'mission-control' },
  seq: 7,
  at: '2026-11-22T12:00:00.000Z',
  read: false,
  settled: null,
  tag: 'inbox:inb_1',
  ...over,
});
const hook: Webhook = {
  id: 'whk_0001abcdef',
  name: 'chat',
  origin: 'https://chat.example',
  kinds: ['question'],
  projects: null,
  enabled: true,
  version: 3,
  createdAt: '2026-11-22T12:00:00.000Z',
  lastOkAt: null,
  failingSince: null,
  failures: 0,
  detail: null,
};
const settings = {
  person: 'ada',
  ways: Object.fromEntries(
    [
      'question',
      'review',
      'conflict',
      'escalated',
      'overdue',
      'exhausted',
      'alert_critical',
      'alert_warning',
      'alert_info',
      'done',
      'paused',
    ].map((kind) => [kind, { app: true, push: kind === 'question' }]),
  ),
  quiet: null,
  criticalThrough: true,
  muted: { tickets: ['MC-1'], projects: [] },
  version: 1,
};

describe('mctl notify', () => {
  test('lists what one was told, as a table without anybody’s colours, as JSON, and as CSV that no sheet calculates', async () => {
    server.list('GET /notifications', [told(), told({ id: 'ntf_2', read: true })]);
    const { out } = await run(['notify']);
    expect(out).toContain('MC-12 asks');
    expect(out).not.toContain('\u001b[31m');
    const csv = await run(['notify', 'list', '--csv', '--unread']);
    expect(csv.out).toContain(`MC-12 asks,"'=Which`);
    expect(csv.out.split('\r\n')[0]).toContain('Notification,Kind,At');
    expect(server.received.at(-1)?.query).toMatchObject({ unread: 'true' });
  });

  test('marks one as read by the end of its id, or all', async () => {
    server.list('GET /notifications', [told()]).on('POST /notifications/read', { status: 204 });
    expect((await run(['notify', 'read', 'abcdef'])).code).toBe(0);
    expect(server.received.at(-1)?.body).toEqual({ ids: ['ntf_0001abcdef'] });
    await run(['notify', 'read']);
    expect(server.received.at(-1)?.body).toEqual({ all: true });
  });

  test('chooses ways, quiet hours and what is muted', async () => {
    server
      .on('GET /notifications/settings', { status: 200, body: settings })
      .on('PATCH /notifications/settings', { status: 200, body: settings });
    await run(['notify', 'set', 'done', 'review', '--push', 'on', '--app', 'off']);
    const way = { app: false, push: true };
    expect(server.received.at(-1)?.body).toEqual({ ways: { done: way, review: way } });
    await run(['notify', 'quiet', '--from', '22:00', '--to', '07:00', '--timezone', 'Europe/Berlin']);
    expect(server.received.at(-1)?.body).toEqual({
      quiet: { from: '22:00', to: '07:00', timezone: 'Europe/Berlin' },
    });
    await run(['notify', 'quiet', '--off', '--critical', 'off']);
    expect(server.received.at(-1)?.body).toEqual({ quiet: null, criticalThrough: false });
    await run(['notify', 'mute', 'mc-2', 'ops']);
    expect(server.received.at(-1)?.body).toEqual({ muted: { tickets: ['MC-1', 'MC-2'], projects: ['OPS'] } });
    await run(['notify', 'unmute', 'MC-1']);
    expect(server.received.at(-1)?.body).toEqual({ muted: { tickets: [], projects: [] } });
    expect(await run(['notify', 'set', 'done'])).toMatchObject({ code: 2 });
    expect(await run(['notify', 'set', 'nonsense', '--push', 'on'])).toMatchObject({ code: 2 });
    expect(await run(['notify', 'quiet', '--from', '22:00'])).toMatchObject({ code: 2 });
  });

  test('adds a webhook and prints its secret alone, once', async () => {
    const issued = { ...hook, secret: 'whsec_abc', secretNumber: 1 };
    server.on('POST /webhooks', { status: 201, body: issued });
    const { out, err } = await run([
      'notify',
      'webhook',
      'add',
      'chat',
      '--url',
      'https://chat.example/x',
      '--kind',
      'question',
      '--project',
      'mc',
    ]);
    expect(out).toBe('whsec_abc\n');
    expect(err).toContain('mctl notify webhook test chat');
    expect(server.received.at(-1)?.body).toEqual({
      name: 'chat',
      url: 'https://chat.example/x',
      kinds: ['question'],
      projects: ['MC'],
    });
  });

  test('tests a webhook by its name, and leaves with 3 where the test was not taken', async () => {
    server.list('GET /webhooks', [hook]).on(`POST /webhooks/${hook.id}/test`, {
      status: 200,
      body: { ok: false, status: 500, answer: 'HTTP 500: oops', durationMs: 12 },
    });
    const { code, out } = await run(['notify', 'webhook', 'test', 'chat']);
    expect(code).toBe(3);
    expect(out).toContain('Not taken: HTTP 500: oops (12 ms)');
  });

  test('edits, renews and removes a webhook', async () => {
    server
      .list('GET /webhooks', [hook])
      .on(`PATCH /webhooks/${hook.id}`, { status: 200, body: hook })
      .on(`POST /webhooks/${hook.id}/secret`, {
        status: 200,
        body: { ...hook, secret: 'whsec_new', secretNumber: 2 },
      })
      .on(`DELETE /webhooks/${hook.id}`, { status: 204 });
    await run(['notify', 'webhook', 'edit', 'chat', '--off', '--kind', 'all']);
    expect(server.received.at(-1)).toMatchObject({
      body: { enabled: false, kinds: null },
      headers: { 'if-match': '"3"' },
    });
    expect((await run(['notify', 'webhook', 'secret', 'chat'])).out).toBe('whsec_new\n');
    expect((await run(['notify', 'webhook', 'remove', 'abcdef'])).code).toBe(0);
    expect(await run(['notify', 'webhook', 'edit', 'chat'])).toMatchObject({ code: 2 });
  });
});

describe('mctl export --what', () => {
  test('writes every other view too, and lists print as CSV', async () => {
    const alert = {
      id: 'alr_1',
      fingerprint: 'disk_low:x',
      rule: 'disk_low',
      subject: 'x',
      severity: 'critical',
      state: 'open',
      occurrences: 1,
      recurrences: 0,
      firstSeen: '2026-11-22T12:00:00.000Z',
      lastSeen: '2026-11-22T12:00:00.000Z',
      detail: '@SUM(1)',
      version: 1,
    };
    server.list('GET /alerts', [alert]);
    const json = await run(['export', '--what', 'alerts']);
    expect(JSON.parse(json.out)).toMatchObject({ format: 'mission-control-alerts', items: [alert] });
    const csv = await run(['alert', 'list', '--csv']);
    expect(csv.out).toBe(
      'Alert,Severity,State,Rule,Subject,Detail,Occurrences,Recurrences,First seen,Last seen\r\n' +
        `alr_1,critical,open,disk_low,x,"'@SUM(1)",1,0,2026-11-22T12:00:00.000Z,2026-11-22T12:00:00.000Z\r\n`,
    );
    expect(await run(['export', '--what', 'alerts', '--project', 'MC'])).toMatchObject({ code: 2 });
    expect(await run(['export', '--what', 'nothing'])).toMatchObject({ code: 2 });
  });
});
