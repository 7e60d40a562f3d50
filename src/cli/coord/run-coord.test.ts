import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../contract/errors.ts';
import { signal } from '../../contract/requests.ts';
import { runCoord } from './run-coord.ts';

let dir: string;
let server: Server;
let seen: { path: string; key: string; token: string; body: unknown }[];
let answers: (() => { status: number; body: unknown } | 'cut')[];

const accepted = () => ({ status: 200, body: { accepted: true } });
const problem =
  (code: ErrorCode, more: object = {}) =>
  () => ({
    status: ERRORS[code].status,
    body: { ...ERRORS[code], type: 'about:blank', code, detail: 'because', ...more },
  });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mc-coord-'));
  seen = [];
  answers = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      seen.push({
        path: request.url ?? '',
        key: String(request.headers['idempotency-key']),
        token: String(request.headers.authorization),
        body: text === '' ? null : JSON.parse(text),
      });
      const answer = (answers.shift() ?? accepted)();
      if (answer === 'cut') return response.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function coord(args: string[], input = '', env: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const code = await runCoord(args, {
    env: { MC_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, MC_TOKEN: 'mca_x', ...env },
    cwd: dir,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readInput: () => Promise.resolve(input),
    retryForMs: 1500,
  });
  return { code, out, err };
}

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], { cwd: dir })
    .toString()
    .trim();

describe('a signal', () => {
  it.each<[string[], object]>([
    [['progress', 'half', 'done', '--percent', '50%'], { type: 'progress', text: 'half done', percent: 50 }],
    [['ask', 'Which?', '--choice', 'A', '--choice=B'], { type: 'ask', text: 'Which?', choices: ['A', 'B'] }],
    [['ask', 'Which?', '--context', 'long story'], { type: 'ask', text: 'Which?', context: 'long story' }],
    [['evidence', 'check', 'test'], { type: 'evidence', kind: 'check', name: 'test' }],
    [
      ['evidence', 'deploy', 'prod', '--version', '2'],
      { type: 'evidence', kind: 'deploy', environment: 'prod', version: '2' },
    ],
    [['fail', '--no-retry', 'no access'], { type: 'fail', reason: 'no access', retry: false }],
    [['fail', '--', '--odd'], { type: 'fail', reason: '--odd', retry: true }],
    [['submit', '--summary', 'did it'], { type: 'submit', summary: 'did it' }],
    [['submit', 'did it'], { type: 'submit', summary: 'did it' }],
  ])('%j is sent as the contract has it', async (args, expected) => {
    expect((await coord(args)).code).toBe(0);
    expect(seen[0]?.body).toEqual(expected);
    expect(signal.parse(seen[0]?.body)).toEqual(expected);
    expect(seen[0]).toMatchObject({ path: '/api/v1/attempts/self/signals', token: 'Bearer mca_x' });
  });

  it('of a submit carries the full id of HEAD, or of the revision that was named', async () => {
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'one');
    const first = git('rev-parse', 'HEAD');
    git('commit', '-q', '--allow-empty', '-m', 'two');
    writeFileSync(join(dir, 'left.txt'), '');
    const result = await coord(['submit', '--summary', 's']);
    expect(result).toMatchObject({ code: 0, out: 'Submitted. Stop now: the work is being verified.\n' });
    expect(result.err).toMatch(/1 changed file\(s\) are not committed/);
    await coord(['submit', '--summary', 's', '--commit', 'HEAD~1']);
    await coord(['evidence', 'commit', first.slice(0, 8)]);
    expect(seen.map(({ body }) => (body as { commit: string }).commit)).toEqual([
      git('rev-parse', 'HEAD'),
      first,
      first,
    ]);
    expect((await coord(['submit', '--summary', 's', '--commit', 'nowhere'])).code).toBe(2);
    expect((await coord(['evidence', 'commit', '--option'])).code).toBe(2);
  });

  it('may read its text from standard input', async () => {
    await coord(['ask', '-'], 'a long\nquestion\n');
    await coord(['submit', '--summary', '-'], 'a summary');
    expect(seen.map(({ body }) => body)).toEqual([
      { type: 'ask', text: 'a long\nquestion' },
      { type: 'submit', summary: 'a summary' },
    ]);
  });

  it('is sent again under the same key when the answer is lost or the server is not able', async () => {
    answers = [() => 'cut', problem('store_unavailable'), accepted];
    expect((await coord(['progress', 'x'])).code).toBe(0);
    expect(seen.length).toBe(3);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('exit codes', () => {
  it('2 for usage, with what is wrong', async () => {
    for (const args of [
      ['progress'],
      ['dance'],
      ['ask', 'x', '--colour', 'red'],
      ['submit'],
      ['evidence', 'luck', 'x'],
      ['progress', 'x', '--percent', '200'],
      ['evidence', 'artifact', 'none.txt'],
    ]) {
      const { code, err } = await coord(args);
      expect(code).toBe(2);
      expect(err).toContain('Usage: mc-coord');
    }
    expect(seen).toEqual([]);
    expect((await coord(['progress', 'x'], '', { MC_TOKEN: '' })).err).toMatch(
      /MC_URL and MC_TOKEN are not set/,
    );
  });

  it('3 for a refusal, with the reason and what is missing', async () => {
    answers = [
      problem('evidence_incomplete', { detail: 'The commit abc is not a full id.', missing: ['commit'] }),
    ];
    const { code, err } = await coord(['submit', '--summary', 's']);
    expect(code).toBe(3);
    expect(err).toContain('The commit abc is not a full id.');
    expect(err).toContain('Missing: commit.');
    expect(err).toContain('commit the work, and submit the full commit id');
  });

  it('4 for an attempt that is over', async () => {
    answers = [problem('stale_attempt', { reason: 'superseded' }), problem('unauthenticated')];
    const first = await coord(['progress', 'x']);
    expect(first.code).toBe(4);
    expect(first.err).toContain('Stop working');
    const second = await coord(['progress', 'x', '--json']);
    expect(second.code).toBe(4);
    expect(JSON.parse(second.out)).toMatchObject({ code: 'unauthenticated' });
  });

  it('5 when nobody answers', async () => {
    const { code, err } = await coord(['progress', 'x'], '', { MC_URL: 'http://127.0.0.1:9' });
    expect(code).toBe(5);
    expect(err).toMatch(/Cannot reach Mission Control at http:\/\/127\.0\.0\.1:9/);
  });
});

describe('the ticket', () => {
  it('is printed for reading, without control characters, or as JSON', async () => {
    const ticket = {
      key: 'MC-7',
      title: 'Fix \u001b[31mit',
      description: 'Broken.\n',
      acceptanceCriteria: ['works'],
      status: 'in_progress',
      attempt: 2,
      feedback: ['add tests'],
      answers: [{ question: 'Which?', answer: 'B' }],
      earlierAttempts: [{ number: 1, outcome: 'failed', reason: 'stalled' }],
      checks: ['test'],
    };
    answers = [() => ({ status: 200, body: ticket }), () => ({ status: 200, body: ticket })];
    expect((await coord(['ticket'])).out).toBe(
      '# MC-7: Fix it\n\nStatus in_progress; you are attempt 2.\n\nBroken.\n\n## Acceptance criteria\n- works\n\n' +
        '## Feedback on earlier work\n- add tests\n\n## Answers to your questions\n- Which?\n  Answer: B\n\n' +
        '## Earlier attempts\n- attempt 1: failed (stalled)\n\n## Checks that Mission Control will run on your commit\n- test\n',
    );
    expect(JSON.parse((await coord(['ticket', '--json'])).out)).toEqual(ticket);
    expect(seen[0]?.path).toBe('/api/v1/attempts/self/ticket');
  });
});
