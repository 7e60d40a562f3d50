/** Whole command lines: how they end, what they send, what they never send twice. */
import { describe, expect, test } from 'vitest';
import { FakeMissionControl, refusal, serveEachTest } from '../../test/support/fake-mission-control.ts';
import { mctl } from '../../test/support/run-command-line.ts';
import { sampleTicket } from '../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });

describe('exit codes', () => {
  test('2 for wrong usage, and nothing is sent', async () => {
    for (const args of [
      [],
      ['nonsense'],
      ['show'],
      ['show', 'no-key'],
      ['list', '--status', 'finished'],
      ['create', 'x', '--project', 'MC', '--priority', 'high'],
      ['create', 'x', '--project', 'MC', '--not-before', 'tomorrow'],
      ['waive', 'MC-1', 'commit'],
      ['waive', 'MC-1', 'vibes', '--reason', 'x'],
      ['inbox', 'act', 'MC-1'],
      ['pause', '--nonsense'],
      ['top'],
    ]) {
      const { code, err, out } = await run(args);
      expect([args, code]).toEqual([args, 2]);
      expect(err).not.toBe('');
      expect(out).toBe('');
    }
    expect(server.received.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('wrong usage says what to do next', async () => {
    for (const args of [['verify', '--head'], ['create', '--completion', 'merge'], ['nonsense']])
      expect((await run(args)).err).toContain('Next: the same with --help');
  });

  test('3 for a refusal, which is told with its code, its detail, its members and the way out', async () => {
    server.on(
      'POST /tickets',
      refusal('invalid_request', 'One member is wrong.', {
        errors: [{ path: 'profile', message: 'there is no profile "luci"' }],
      }),
    );
    const { code, err } = await run('create x --project MC');
    expect(code).toBe(3);
    expect(err).toContain('The request is not valid (invalid_request)');
    expect(err).toContain('One member is wrong.');
    expect(err).toContain('- profile: there is no profile "luci"');
    expect(err).toContain('Next: Correct the members');
  });

  test('3 for a refusal is the problem itself on standard error under --json', async () => {
    server.on('GET /tickets/MC-9', refusal('not_found', 'There is no ticket MC-9.'));
    const { code, out, err } = await run('show MC-9 --json');
    expect([code, out]).toEqual([3, '']);
    expect(JSON.parse(err)).toMatchObject({ code: 'not_found', detail: 'There is no ticket MC-9.' });
  });

  test('4 where the attempt is no longer current', async () => {
    server.on('GET /tickets/MC-1', refusal('stale_attempt', 'Attempt 1 is over.', { reason: 'superseded' }));
    const { code, err } = await run('show MC-1');
    expect(code).toBe(4);
    expect(err).toContain('superseded');
  });

  test('5 where Mission Control cannot be reached, or is not known', async () => {
    await server.stop();
    expect((await run('list')).code).toBe(5);
    const unknown = await mctl('list');
    expect(unknown.code).toBe(5);
    expect(unknown.err).toContain('npm start');
  });

  test('5 where no token is known, before anything is sent', async () => {
    const { code, err } = await mctl('list', { env: { MC_URL: server.url } });
    expect(code).toBe(5);
    expect(err).toContain('--token');
    expect(server.received).toEqual([]);
  });

  test('0 for help and version', async () => {
    expect(await run('ticket --help')).toMatchObject({ code: 0, err: '' });
    expect((await run('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe('what is sent', () => {
  test('carries the token, and a POST carries an Idempotency-Key that survives a retry', async () => {
    server.onEach('POST /tickets', refusal('store_unavailable', 'Busy.'), {
      status: 201,
      body: sampleTicket({ key: 'MC-1', status: 'backlog' }),
    });
    expect((await run('create x --project mc')).code).toBe(0);
    const [first, second, ...more] = server.requestsTo('POST /tickets');
    expect(more).toEqual([]);
    expect(first?.headers['idempotency-key']).toBe(second?.headers['idempotency-key']);
    expect(first?.headers.authorization).toBe('Bearer secret');
  });

  test('is sent again with the same key when the connection broke before the answer', async () => {
    server.onEach('POST /tickets', { lost: true }, { status: 201, body: sampleTicket({ key: 'MC-1' }) });
    expect((await run('create x --project MC')).code).toBe(0);
    const keys = server.requestsTo('POST /tickets').map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });

  test('is never sent again where it carries a version: somebody may have decided meanwhile', async () => {
    server
      .on('GET /tickets/MC-1', { body: sampleTicket({ key: 'MC-1' }) })
      .on('PATCH /tickets/MC-1', { lost: true });
    expect((await run('edit MC-1 --priority 0')).code).toBe(5);
    expect(server.requestsTo('PATCH /tickets/MC-1')).toHaveLength(1);
  });

  test('uses the Idempotency-Key that a script gave', async () => {
    server.on('POST /tickets', { status: 201, body: sampleTicket() });
    await run('create x --project MC --idempotency-key nightly-7');
    expect(server.received.at(-1)?.headers['idempotency-key']).toBe('nightly-7');
  });
});

describe('mctl watch', () => {
  test('prints events as lines until it is interrupted', async () => {
    const interrupted = new AbortController();
    const at = '2026-06-18T05:37:27.000Z';
    const frames = [
      {
        seq: 1,
        type: 'ticket.transitioned',
        ticket: 'MC-1',
        at,
        data: { from: 'todo', to: 'in_progress', transition: 'claim' },
      },
      { seq: 2, type: 'attempt.progressed', ticket: 'MC-1', at, data: { text: 'Reading\u001b[2J the code' } },
    ];
    server.on('GET /overview', { body: {} }).on('GET /stream', {
      headers: { 'content-type': 'text/event-stream' },
      raw: frames
        .map((frame) => `id: ${frame.seq}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)
        .join(''),
    });
    const { out } = await run('watch --ticket mc-1', {
      signal: interrupted.signal,
      onOut: (text) => {
        if (text.includes('Reading')) interrupted.abort();
      },
    });
    expect(out).toMatch(/MC-1 {5}todo → in progress claim/);
    expect(out).toContain('▸ Reading the code');
    expect(server.requestsTo('GET /stream')[0]?.query['ticket']).toBe('MC-1');
  });

  test('tells a wrong token at once instead of waiting for ever', async () => {
    server.on('GET /overview', refusal('unauthenticated', 'This token is not known.'));
    expect((await run('watch')).code).toBe(3);
  });
});
