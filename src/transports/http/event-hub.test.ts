/** Who listens, and for how long: what a stream shows ends with the right to see it. */
import { once } from 'node:events';
import { type IncomingMessage, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import { append, event } from '../../store/testing/store-under-test.ts';
import { EventHub, frameOf } from './event-hub.ts';
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

describe('what is committed while a watcher’s question is answered, as every server on PostgreSQL may do', () => {
  let log: Store;
  let commit: (n: number) => Promise<void>;
  beforeEach(async () => {
    log = openSqliteStore({ path: ':memory:', clock: () => 0 });
    commit = async (n) => void (await log.commit(append(`s${n}`, 0, event('x', { n }))));
    for (let n = 1; n <= 3; n += 1) await commit(n);
    return () => log.close();
  });

  async function listen(store: Store, lastEventId?: string) {
    const hub = new EventHub(store);
    const server = createServer((_request, response) => {
      hub.watch(response, {}, lastEventId).catch(() => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const sent = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    sent.end();
    onTestFinished(() => {
      sent.destroy();
      hub.close();
      server.close();
    });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    response.on('error', () => undefined);
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const seen = (): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    return {
      shows: (seqs: number[]) => vi.waitFor(() => expect(seen()).toEqual(seqs)),
      ended: new Promise((resolve) => response.once('end', resolve)),
    };
  }

  it('comes to one that goes on from where it was', async () => {
    const late: Store = {
      ...log,
      eventsAfter: async (after, limit) => {
        const page = await log.eventsAfter(after, limit);
        if ((await log.head()).seq === 3) await commit(4);
        return page;
      },
    };
    const { shows } = await listen(late, '1');
    await shows([2, 3, 4]);
    await commit(5);
    await shows([2, 3, 4, 5]);
  });

  it('comes to one that begins now', async () => {
    const late: Store = {
      ...log,
      head: async () => {
        const head = await log.head();
        if (head.seq === 3) await commit(4);
        return head;
      },
    };
    const { shows } = await listen(late);
    await shows([4]);
    await commit(5);
    await shows([4, 5]);
  });

  it('what cannot be read for it ends the stream, which would else stand still for ever', async () => {
    const away: Store = { ...log, eventsAfter: () => Promise.reject(new Error('the database is away')) };
    const { ended } = await listen(away, '1');
    await ended;
  });
});
