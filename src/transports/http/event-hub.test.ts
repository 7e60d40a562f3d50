/** Who listens, and for how long: what a stream shows ends with the right to see it. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { frameOf } from './event-hub.ts';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let t: TestApp;
beforeEach(async () => {
  t = await createTestApp();
  await t.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => t.close());

it('a stream ends when its token is revoked', async () => {
  const issued = await t.call('POST', '/tokens', { body: { role: 'viewer', name: 'eve' } });
  const address = t.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const ended = new Promise<void>((resolve, reject) => {
    const headers = { host: 'mc.test:80', authorization: `Bearer ${issued.body.token}` };
    request({ port: address.port, host: '127.0.0.1', path: '/api/v1/stream', headers }, (response) => {
      response.on('end', resolve).resume();
      response.once('data', () => void t.call('DELETE', `/tokens/${issued.body.id}`));
    })
      .on('error', reject)
      .end();
  });
  await ended;
  expect(t.hub.size).toBe(0);
});

it('each watcher gets what it asked for, also beside others who asked for something else', async () => {
  const address = t.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const { port } = address;
  const opened: { end: () => void; types: () => string[] }[] = [];
  const headers = { host: 'mc.test:80', authorization: `Bearer ${t.tokens.viewer}` };
  for (const query of ['', '?type=job.', '', '?type=alert.']) {
    const sent = request({ port, host: '127.0.0.1', path: `/api/v1/stream${query}`, headers });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    await new Promise<void>((resolve) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes(': connected')) resolve();
      });
    });
    const types = (): string[] => [...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1] ?? '');
    opened.push({ end: () => sent.destroy(), types });
  }
  await t.call('POST', '/pause', { body: { paused: true, reason: 'lunch' } });
  await t.call('PATCH', '/jobs/retention', { body: { enabled: false, reason: 'lunch' } });
  await vi.waitFor(() =>
    expect(opened.map(({ types }) => types())).toEqual([
      ['policy.changed', 'job.changed'],
      ['job.changed'],
      ['policy.changed', 'job.changed'],
      [],
    ]),
  );
  for (const { end } of opened) end();
});

it('a delivery is shown without its id, which is for its consumer alone', () => {
  const event = {
    stream: 'inbox:inb_1',
    version: 2,
    seq: 2,
    type: 'inbox.delivered',
    actor: { kind: 'orchestrator', id: 'orc' } as const,
    at: 0,
    data: { deliveryId: 'dlv_1', consumer: 'orc', until: 1 },
    dataHash: '',
    hash: '',
    roll: '',
    ticket: 'MC-1',
    project: 'MC',
  };
  expect(frameOf(event)).toContain('"consumer":"orc"');
  expect(frameOf(event)).not.toContain('dlv_1');
});
