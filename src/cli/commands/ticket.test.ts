import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Ticket } from '../../contract/shapes.ts';
import { FakeMissionControl, refusal, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import {
  sampleAttempt,
  sampleEvidence,
  sampleProject,
  sampleQuestion,
  sampleTicket,
} from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });
const lastBody = (): unknown => server.received.at(-1)?.body;
const fileOf = (name: string, text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'mctl-')), name);
  writeFileSync(file, text);
  return file;
};

describe('mctl create', () => {
  beforeEach(() =>
    server.on('POST /tickets', { status: 201, body: sampleTicket({ key: 'MC-1', status: 'todo' }) }),
  );

  test('takes everything from flags', async () => {
    const { out } = await run(
      'create Fix the login --project mc --ready -p 0 -a luci -c spring --profile none -b mc-1,MC-2 -l "a, b" -l c --criterion "it works, always" --not-before 2h --budget-usd 1.5 --requires signal,commit --checks test --decided-by policy --on-accept leave-branch -d -',
      { input: 'From standard input.\n' },
    );
    expect(lastBody()).toEqual({
      title: 'Fix the login',
      project: 'MC',
      status: 'todo',
      description: 'From standard input.',
      priority: 0,
      assignee: 'luci',
      campaign: 'spring',
      profile: null,
      blockedBy: ['MC-1', 'MC-2'],
      labels: ['a, b', 'c'],
      acceptanceCriteria: ['it works, always'],
      notBefore: '2026-06-18T07:37:27.000Z',
      budget: { usd: 1.5 },
      completion: {
        requires: ['signal', 'commit'],
        checks: ['test'],
        decidedBy: 'policy',
        onAccept: 'leave_branch',
      },
    });
    expect(out).toContain('MC-1');
  });

  test.each([
    ['x.json', '{"title": "From a file", "project": "MC", "priority": 3}'],
    ['x.toml', 'title = "From a file"\nproject = "MC"\npriority = 3\n'],
  ])('takes %s, and flags win over it', async (name, text) => {
    await run(['create', '--file', fileOf(name, text), '--priority', '1']);
    expect(lastBody()).toEqual({ title: 'From a file', project: 'MC', priority: 1 });
  });

  test('takes JSON from standard input, and says where it is wrong', async () => {
    await run('ticket create --file -', { input: '{"title":"t","project":"MC"}' });
    expect(lastBody()).toEqual({ title: 't', project: 'MC' });
    for (const input of ['{"title":', '[]', 'null']) {
      expect((await run('create --file -', { input })).code).toBe(2);
    }
    expect((await run(['create', '--file', fileOf('x.toml', 'a = = 1')])).err).toMatch(
      /x\.toml cannot be read/,
    );
  });

  test('needs no project where there is only one, and asks which where there are two', async () => {
    server.list('GET /projects', [sampleProject()]);
    await run('create x');
    expect(lastBody()).toEqual({ title: 'x', project: 'MC' });
    server.list('GET /projects', [sampleProject(), sampleProject({ key: 'WEB' })]);
    expect(await run('create x')).toMatchObject({ code: 2, err: expect.stringContaining('MC|WEB') });
  });
});

describe('mctl list', () => {
  test('shows what is open in columns, and asks for that', async () => {
    server.list('GET /tickets', [
      sampleTicket({
        key: 'MC-1',
        status: 'todo',
        title: 'First',
        nextAction: { text: 'Waiting for a worker slot', actor: 'dispatcher' },
      }),
      sampleTicket({
        key: 'MC-12',
        status: 'needs_input',
        title: 'Zweite 日本',
        nextAction: { text: 'Answer 1 question', actor: 'human' },
      }),
    ]);
    const { out } = await run('ls');
    const [header, first, second] = out.split('\n');
    expect(header).toMatch(/^Key +State +P +Title +Next action +Owner +Age$/);
    expect(first).toMatch(/^MC-1 +Todo +2 +First +Waiting for a worker slot +Luci +5d$/);
    expect(second).toContain('Needs input');
    expect(server.received[0]?.query['status']).toBe('backlog,todo,in_progress,needs_input,in_review');
  });

  test('says where the tickets are when none is open, and when a filter lets none through', async () => {
    server.list('GET /tickets', []);
    expect((await run('list')).err).toContain('closed ones: mctl list --all');
    expect((await run('list --all')).err).toMatch(/^No tickets\. Make one/);
    expect((await run('list --label bug')).err).toMatch(/^No ticket is like that/);
  });

  test('fits the terminal', async () => {
    server.list('GET /tickets', [
      sampleTicket({ nextAction: { text: 'A next action that is rather long', actor: null } }),
    ]);
    const { out } = await run('list --all', { columns: 60, env: { NO_COLOR: '1' } });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(server.received[0]?.query['status']).toBeUndefined();
  });

  test('is exactly the API’s answer under --json, with all pages in one', async () => {
    const [first, second] = [sampleTicket({ key: 'MC-1' }), sampleTicket({ key: 'MC-2' })];
    server.onEach(
      'GET /tickets',
      { body: { items: [first], nextCursor: 'more' } },
      { body: { items: [second], nextCursor: null } },
    );
    const { out } = await run('--json list');
    expect(JSON.parse(out)).toEqual({ items: [first, second], nextCursor: null });
    expect(server.received[1]?.query['cursor']).toBe('more');
  });
});

describe('mctl why', () => {
  test.each([
    ['todo', true],
    ['in_review', false],
    ['needs_input', false],
  ] as const)('of a ticket in %s claims that nothing keeps it: %s', async (status, claims) => {
    server.on('GET /tickets/MC-1/why', { body: { current: null, history: [] } }).on('GET /tickets/MC-1', {
      body: sampleTicket({ key: 'MC-1', status, nextAction: { text: 'Somebody decides', actor: 'human' } }),
    });
    const { out } = await run('why MC-1');
    expect(out).toContain('Next: Somebody decides');
    expect(out.includes('Nothing keeps it')).toBe(claims);
  });
});

describe('mctl show', () => {
  const open = (): void => {
    server
      .on('GET /tickets/MC-4831', {
        body: sampleTicket({
          status: 'needs_input',
          runtime: 'parked',
          nextAction: { text: 'Answer 1 question', actor: 'human' },
          description: 'Line one.\n\n- a point\u001b]0;pwned\u0007',
          acceptanceCriteria: ['One pickup owner with lock'],
          questions: [sampleQuestion()],
          evidence: [
            sampleEvidence(),
            sampleEvidence({
              kind: 'commit',
              state: 'refuted',
              reason: 'its diff is empty',
              claim: { commit: 'c'.repeat(40) },
            }),
          ],
          whyNotRunning: {
            code: 'no_free_slot',
            detail: '2 of 2 slots are taken',
            at: '2026-06-18T05:35:27.000Z',
          },
        }),
      })
      .list('GET /tickets/MC-4831/attempts', [sampleAttempt()])
      .list('GET /tickets/MC-4831/comments', [
        { at: '2026-06-18T05:35:27.000Z', by: 'Luci', kind: 'progress', text: 'Reading\r\nthe code' },
      ]);
  };

  test('says how accepted work lands, and that its pull request was closed', async () => {
    const landing: NonNullable<Ticket['landing']> = {
      id: 'lnd_1',
      attempt: 'att_1',
      mode: 'pull_request',
      state: 'awaiting_merge',
      commit: 'd'.repeat(40),
      cause: null,
      reason: null,
      branch: 'mc/MC-4831/1',
      checks: [{ name: 'test', exitCode: 0, durationMs: 10 }],
      deadline: null,
      recordedAt: '2026-06-18T05:35:27.000Z',
    };
    server
      .on('GET /tickets/MC-4831', { body: sampleTicket({ status: 'in_review', landing }) })
      .list('GET /tickets/MC-4831/attempts', [sampleAttempt()])
      .list('GET /tickets/MC-4831/comments', [])
      .on('POST /tickets/MC-4831/landing/close', { body: sampleTicket({ status: 'in_review', landing }) });
    const { out } = await run('show mc-4831');
    expect(out).toContain(
      'awaiting merge (pull request) · dddddddddddd · branch mc/MC-4831/1 · passed as merged:',
    );
    expect((await run('close-merge mc-4831')).code).toBe(2);
    expect((await run('close-merge mc-4831 -r "another way"')).code).toBe(0);
    expect(server.received.at(-1)?.body).toEqual({ reason: 'another way' });
  });

  test('lays a ticket out as its page does', async () => {
    open();
    const { out, code } = await run('show mc-4831');
    expect(code).toBe(0);
    const parts = [
      'MC-4831\nFix MC operator/pickup reliability — outside review findings\n',
      'State Needs input   Next Action Answer 1 question   Owner Luci   Runtime Parked   Age 5d\n',
      'Ticket is done; runtime is closed. · profile claude_opus_1m_medium\n',
      'Done when  signal, commit, check are verified (test), decided by human',
      'Description\n  Line one.\n\n  - a point\n',
      'Acceptance criteria\n  1. One pickup owner with lock\n',
      'Why it isn’t running\n  no_free_slot 2 of 2 slots are taken 2m ago\n',
      '    Which currency?\n    1) Euro\n    2) US dollar\n',
      'mctl answer MC-4831 --choice 1',
      'Submitted',
      '✓ check test verified in 1.2 s · attempt 1',
      '✗ commit cccccccccccc refuted in 1.2 s · attempt 1\n      its diff is empty\n',
      'Luci progress 2m ago\n    Reading\n    the code\n',
    ];
    let from = 0;
    for (const part of parts) {
      expect(out.slice(from)).toContain(part);
      from = out.indexOf(part, from) + part.length;
    }
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|pwned/);
  });

  test('colours words only on a terminal', async () => {
    open();
    expect((await run('show MC-4831', { columns: 90 })).out).toContain('\u001b[33mNeeds input\u001b[39m');
    expect((await run('show MC-4831', { columns: 90, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b');
  });
});

describe('mctl move', () => {
  const before = sampleTicket({
    key: 'MC-1',
    status: 'in_review',
    version: 7,
    allowedTransitions: ['accept', 'cancel'],
  });

  test('decides on the version that it read', async () => {
    server
      .on('GET /tickets/MC-1', { body: before })
      .on('POST /tickets/MC-1/transitions', { body: { ...before, status: 'todo', version: 8 } });
    const { out } = await run('move MC-1 request-changes --feedback - -r no', {
      input: 'Test it.\n',
    });
    expect(server.received.at(-1)?.headers['if-match']).toBe('"7"');
    expect(lastBody()).toEqual({ transition: 'request_changes', feedback: 'Test it.', reason: 'no' });
    expect(out).toContain('In review → Todo');
  });

  test('sends a review with comments at lines', async () => {
    server
      .on('GET /tickets/MC-1', { body: before })
      .on('POST /tickets/MC-1/transitions', { body: { ...before, status: 'todo', version: 8 } });
    await run('move MC-1 request_changes -c src/bill.js:12-14=why?  --comment README.md:before:3=keep');
    expect(lastBody()).toEqual({
      transition: 'request_changes',
      feedback: '',
      comments: [
        { path: 'src/bill.js', side: 'after', line: 12, endLine: 14, text: 'why?' },
        { path: 'README.md', side: 'before', line: 3, endLine: 3, text: 'keep' },
      ],
    });
    const { code, err } = await run('move MC-1 request_changes -c nowhere');
    expect(code).toBe(2);
    expect(err).toContain('PATH:LINE=TEXT');
  });

  test('takes the version that a script saw', async () => {
    server.on('GET /tickets/MC-1', { body: before }).on('POST /tickets/MC-1/transitions', { body: before });
    await run('move MC-1 accept --if-version 5');
    expect(server.received.at(-1)?.headers['if-match']).toBe('"5"');
  });

  test('says what changed when somebody was faster, and does not try again', async () => {
    server
      .onEach(
        'GET /tickets/MC-1',
        { body: before },
        { body: { ...before, status: 'cancelled', title: 'Renamed', version: 9 } },
      )
      .on(
        'POST /tickets/MC-1/transitions',
        refusal('version_conflict', 'MC-1 is at version 9.', {
          current: { version: 9, status: 'cancelled' },
        }),
      );
    const { code, err } = await run('move MC-1 accept');
    expect(code).toBe(3);
    expect(err).toContain('version 7 → 9');
    expect(err).toContain('status: in_review → cancelled');
    expect(err).toContain('→ Renamed');
    expect(err).toContain('version_conflict');
    expect(server.requestsTo('POST /tickets/MC-1/transitions')).toHaveLength(1);
  });

  test('says which evidence is missing', async () => {
    server
      .on('GET /tickets/MC-1', { body: before })
      .on(
        'POST /tickets/MC-1/transitions',
        refusal('evidence_incomplete', 'Not proven.', { missing: ['commit', 'check'] }),
      );
    expect((await run('move MC-1 accept')).err).toContain('Missing: commit, check');
  });

  test('takes the state to reach where one transition leads there', async () => {
    server.on('GET /tickets/MC-1', { body: before }).on('POST /tickets/MC-1/transitions', { body: before });
    await run('move MC-1 done');
    expect(lastBody()).toEqual({ transition: 'accept' });
    expect((await run('move MC-1 backlog')).err).toContain('from in_review to backlog');
  });

  test('names what is possible when it does not know the word', async () => {
    server.on('GET /tickets/MC-1', { body: before });
    expect((await run('move MC-1 finish')).err).toContain('MC-1 takes accept, cancel now.');
  });
});

describe('mctl edit', () => {
  const before = sampleTicket({
    key: 'MC-1',
    labels: ['a', 'b'],
    blockedBy: ['MC-2'],
    acceptanceCriteria: ['one'],
    version: 3,
  });
  beforeEach(() =>
    server.on('GET /tickets/MC-1', { body: before }).on('PATCH /tickets/MC-1', { body: before }),
  );

  test('adds to lists and takes from them', async () => {
    await run(
      'edit MC-1 -l c --remove-label a --unblock mc-2 -b MC-3 --criterion two --decided-by policy -t New -a none',
    );
    expect(server.received.at(-1)?.headers['if-match']).toBe('"3"');
    expect(lastBody()).toEqual({
      title: 'New',
      assignee: null,
      labels: ['b', 'c'],
      blockedBy: ['MC-3'],
      acceptanceCriteria: ['one', 'two'],
      completion: { ...before.completion, decidedBy: 'policy' },
    });
  });

  test('leaves alone what was not named', async () => {
    await run('edit MC-1 --priority 0');
    expect(lastBody()).toEqual({ priority: 0 });
    expect((await run('edit MC-1')).code).toBe(2);
  });
});

describe('mctl answer', () => {
  const asked = sampleTicket({
    key: 'MC-1',
    status: 'needs_input',
    questions: [sampleQuestion(), sampleQuestion({ id: 'que_old', state: 'answered' })],
  });
  const route = `POST /tickets/MC-1/questions/${sampleQuestion().id}/answer`;
  beforeEach(() => server.on('GET /tickets/MC-1', { body: asked }).on(route, { body: asked }));

  test.each([
    [['--choice', '2'], { choice: 'dollar' }],
    [['--choice', 'us DOLLAR'], { choice: 'dollar' }],
    [['--choice', 'euro'], { choice: 'euro' }],
    [['Neither:', 'pounds.'], { text: 'Neither: pounds.' }],
  ])('%j answers %j', async (args, body) => {
    expect((await run(['answer', 'MC-1', ...args])).code).toBe(0);
    expect(server.requestsTo(route)[0]?.body).toEqual(body);
  });

  test('names the choices when it is none of them, and sends nothing', async () => {
    const { code, err } = await run('answer MC-1 --choice 3');
    expect(code).toBe(2);
    expect(err).toContain('1) Euro, 2) US dollar');
    expect(server.requestsTo(route)).toEqual([]);
  });

  test('asks which question where several are open', async () => {
    const second = sampleQuestion({
      id: 'que_0197a5b2-aaaa-7000-8000-00000000000b',
      text: 'And which colour?',
    });
    server
      .on('GET /tickets/MC-1', { body: { ...asked, questions: [sampleQuestion(), second] } })
      .on(`POST /tickets/MC-1/questions/${second.id}/answer`, { body: asked });
    expect((await run('answer MC-1 blue')).err).toContain('0000000b "And which colour?"');
    expect((await run('answer MC-1 blue --question 0000000b')).code).toBe(0);
  });
});
