import { beforeEach, describe, expect, test } from 'vitest';
import { FakeMissionControl, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import { sampleAttempt, sampleTicket } from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });

describe('mctl attempt', () => {
  test('finds the newest, a numbered one, and one by its id', async () => {
    const [first, second] = [
      sampleAttempt({ ticket: 'MC-1' }),
      sampleAttempt({ id: 'att_2', number: 2, ticket: 'MC-1' }),
    ];
    server
      .list('GET /tickets/MC-1/attempts', [first, second])
      .on(`GET /attempts/${second.id}`, { body: second })
      .on('GET /tickets/MC-1', { body: sampleTicket({ key: 'MC-1' }) });
    expect(JSON.parse((await run('attempt show MC-1 --json')).out)).toEqual(second);
    expect(JSON.parse((await run('attempt show mc-1/1 --json')).out)).toEqual(first);
    expect((await run('attempt show att_2')).out).toContain('MC-1/2');
    expect((await run('attempt show MC-1/9')).err).toContain('it has 1, 2');
  });

  test('shows a diff without obeying it', async () => {
    server
      .list('GET /tickets/MC-1/attempts', [sampleAttempt()])
      .on(`GET /attempts/${sampleAttempt().id}/diff`, {
        body: {
          base: 'a',
          head: 'b',
          files: [{ path: 'src/a.js', additions: 1, deletions: 1, protected: true }],
          patch: '--- a/src/a.js\n+++ b/src/a.js\n@@ -1 +1 @@\n-\told\n+\tnew\u001b[2J\n',
          truncated: false,
        },
      });
    const { out } = await run('attempt diff MC-1');
    expect(out).toContain('+1 -1 src/a.js protected');
    expect(out).toContain('\n+\tnew\n');
  });
});

describe('mctl logs', () => {
  const path = `/attempts/${sampleAttempt().id}/output`;
  const item = (seq: number, text: string, stream = 'stdout') => ({
    seq,
    at: '2026-06-18T05:35:27.000Z',
    stream,
    text,
  });
  const page = (items: ReturnType<typeof item>[], ended: boolean, nextAfter = items.at(-1)?.seq ?? 9) => ({
    body: { items, nextAfter, ended },
  });
  beforeEach(() => {
    server
      .list('GET /tickets/MC-1/attempts', [
        sampleAttempt({ ticket: 'MC-1', state: 'running', outcome: null }),
      ])
      .on(`GET /attempts/${sampleAttempt().id}`, { body: sampleAttempt({ ticket: 'MC-1' }) });
  });

  test('prints all pages, with streams on lines of their own and nothing that a terminal obeys', async () => {
    server.onEach(
      `GET ${path}`,
      page([item(1, 'one\n'), item(2, 'half '), item(3, 'line'), item(4, 'oops\u001b[3', 'stderr')], true),
      page([item(5, '1m!\u001b[0m\n', 'stderr')], true),
      page([], true, 5),
    );
    const { out } = await run('logs MC-1');
    expect(out).toBe('one\nhalf line\noops!\n');
    expect(server.requestsTo(`GET ${path}`).map(({ query }) => query['after'])).toEqual([
      undefined,
      '4',
      '5',
    ]);
  });

  test('prints a transcript as it grows, as text that nothing obeys', async () => {
    const entries = [
      { kind: 'notice', code: 'session_started', text: 'Session s1' },
      { kind: 'message', id: 'm', text: 'I loo' },
      { kind: 'message', id: 'm', text: 'k \u001b[2Jfirst.' },
      { kind: 'tool', id: 't', title: 'bash', tool: 'execute', state: 'pending' },
      { kind: 'tool', id: 't', title: 'npm test', state: 'running' },
      { kind: 'tool', id: 't', output: 'one\n' },
      { kind: 'tool', id: 't', output: 'two\n', append: true, state: 'failed', exitCode: 1 },
      { kind: 'plan', entries: [{ text: 'mend it', state: 'in_progress' }] },
      { kind: 'from a newer runner', text: 'left out' },
      { kind: 'turn_end', reason: 'end_turn' },
    ];
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    server.onEach(
      `GET ${path}`,
      page([item(1, text.slice(0, 100), 'transcript'), item(2, text.slice(100), 'transcript')], true),
      page([], true, 2),
    );
    const { out } = await run('logs MC-1');
    expect(out).toBe(
      '─ Session s1\nI look first.\n▸ npm test\n  one\n  two\n  failed, exit code 1\n☰ [>] mend it\n■ turn ended: end_turn\n',
    );
  });

  test('puts the time before every line when asked to', async () => {
    server.onEach(`GET ${path}`, page([item(1, 'one\ntwo\nhal'), item(2, 'f\n')], true), page([], true, 2));
    const { out } = await run('logs -t MC-1');
    expect(out).toBe('05:35:27.000 one\n05:35:27.000 two\n05:35:27.000 half\n');
  });

  test('follows over a restart of the server until the attempt has ended', async () => {
    let restarted: Promise<unknown> = Promise.resolve();
    server.onEach(
      `GET ${path}`,
      page([item(1, 'before\n')], false),
      page([item(2, 'after\n')], true),
      page([], true, 2),
    );
    const { out, err, code } = await run('logs -f MC-1', {
      onOut: (text) => {
        if (text === 'before\n')
          restarted = server.stop().then(() => setTimeout(() => void server.start(), 300));
      },
    });
    await restarted;
    expect([code, out]).toEqual([0, 'before\nafter\n']);
    expect(err).toContain('waiting for it');
    expect(err).toContain('MC-1/1 Submitted');
    expect(server.requestsTo(`GET ${path}`).at(-2)?.query).toMatchObject({ after: '1', wait: '20000' });
  });

  test('ends when the person interrupts', async () => {
    const interrupted = new AbortController();
    server.on(`GET ${path}`, () => {
      interrupted.abort();
      return new Promise(() => {});
    });
    expect((await run('logs -f MC-1', { signal: interrupted.signal })).code).toBe(0);
  });

  test('gives one JSON object a line while following', async () => {
    server.onEach(`GET ${path}`, page([item(1, 'a\n'), item(2, 'b')], true), page([], true, 2));
    const { out } = await run('logs -f --json MC-1');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([item(1, 'a\n'), item(2, 'b')]);
  });
});
