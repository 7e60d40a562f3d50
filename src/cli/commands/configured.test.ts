/** Decisions, and everything that is configured: what the flags become in the request. */
import { describe, expect, test } from 'vitest';
import { FakeMissionControl, refusal, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import {
  sampleAlert,
  sampleInboxItem,
  samplePolicy,
  sampleProfile,
  sampleProject,
} from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });
const lastBody = (): unknown => server.received.at(-1)?.body;

describe('mctl inbox', () => {
  test('lists what waits and decides it by its ticket', async () => {
    const item = sampleInboxItem({ ticket: 'MC-1' });
    server.list('GET /inbox', [item]).on(`POST /inbox/${item.id}/act`, {
      body: {
        ...item,
        state: 'acted',
        result: { decision: 'accept', reason: 'good', by: 'ana', via: 'inbox' },
      },
    });
    expect((await run('inbox')).out).toContain('000000ff');
    const { out } = await run('inbox act mc-1 request-changes -r "no test" --feedback "Add one."');
    expect(lastBody()).toEqual({ decision: 'request_changes', reason: 'no test', feedback: 'Add one.' });
    expect(out).toContain('accept by ana');
    await run('inbox act 0000ff retry -r again --profile luci --budget-usd 2');
    expect(lastBody()).toEqual({ decision: 'retry', reason: 'again', profile: 'luci', budget: { usd: 2 } });
    expect((await run('inbox act MC-1 accept')).code).toBe(2);
    expect(await run('inbox act MC-1 accpt')).toMatchObject({
      code: 2,
      err: expect.stringContaining('accept, request_changes'),
    });
  });

  test('says what was decided when somebody was faster', async () => {
    server.list('GET /inbox', [sampleInboxItem()]).on(
      `POST /inbox/${sampleInboxItem().id}/act`,
      refusal('already_acted', 'It is decided.', {
        result: { decision: 'cancel', reason: 'obsolete', by: 'ben', via: 'transition' },
      }),
    );
    const { code, err } = await run('inbox act 0000ff accept -r good');
    expect(code).toBe(3);
    expect(err).toContain('cancel by ben, because: obsolete');
  });
});

describe('configured things', () => {
  test('a project is made from flags, with its path made absolute', async () => {
    server.on('POST /projects', { status: 201, body: sampleProject() });
    await run(
      'project create mc --path . --check "test=npm test -- --a=b" --check "lint=npm run lint" --decided-by policy --protect test/** --setup "npm ci" --max-attempts 2 --backoff 1',
    );
    expect(lastBody()).toEqual({
      key: 'MC',
      name: 'MC',
      repository: { path: process.cwd() },
      checks: [
        { name: 'test', command: 'npm test -- --a=b' },
        { name: 'lint', command: 'npm run lint' },
      ],
      completion: { decidedBy: 'policy' },
      protectedPaths: ['test/**'],
      setup: { command: 'npm ci' },
      limits: { maxAttempts: 2, backoffSeconds: 1 },
    });
  });

  test('a project’s checks are added to and dropped by name', async () => {
    server
      .on('GET /projects/MC', { body: sampleProject() })
      .on('PATCH /projects/MC', { body: sampleProject() });
    await run('project edit mc --check lint=x --remove-check test');
    expect(lastBody()).toEqual({ checks: [{ name: 'lint', command: 'x' }] });
    expect(server.received.at(-1)?.headers['if-match']).toBe('"3"');
    expect((await run('project edit MC --remove-check deploy')).code).toBe(2);
    expect((await run('project edit MC --check nothing')).code).toBe(2);
  });

  test('a project says how accepted work lands, and where its deploy is seen', async () => {
    const deploy = { environment: 'prod', probe: { url: 'https://e.invalid/v' }, timeoutSeconds: 60 };
    server
      .on('GET /projects/MC', { body: sampleProject({ deploy }) })
      .on('PATCH /projects/MC', { body: sampleProject({ deploy }) });
    await run('project edit mc --on-accept squash --deploy-command ./version --deploy-within 90');
    expect(lastBody()).toMatchObject({
      completion: { onAccept: 'squash' },
      deploy: { environment: 'prod', probe: { command: './version' }, timeoutSeconds: 90 },
    });
    await run('project edit mc --deploy-to none');
    expect(lastBody()).toEqual({ deploy: null });
    expect((await run('project edit mc --deploy-url https://a --deploy-command b')).code).toBe(2);
    server.on('GET /projects/MC', { body: sampleProject() });
    expect((await run('project edit mc --deploy-to prod')).code).toBe(2);
  });

  test('a profile’s command stands after --, with its own flags untouched', async () => {
    server.on('POST /profiles', { status: 201, body: sampleProfile() });
    await run('profile create luci --timeout 45m --env A=b=c -- node agent.mjs --json -f');
    expect(lastBody()).toEqual({
      id: 'luci',
      adapter: 'command',
      command: ['node', 'agent.mjs', '--json', '-f'],
      timeoutSeconds: 2700,
      env: { A: 'b=c' },
    });
  });

  test('the policy is put whole, with the change laid over what stands', async () => {
    server
      .on('GET /policy', { body: samplePolicy({ remedies: ['enable_job'] }) })
      .on('PUT /policy', { body: samplePolicy() });
    await run('policy edit --max-workers 5 --forbid-remedy enable_job --add-window "0 3 * * 0/2h"');
    expect(lastBody()).toEqual({
      maxWorkers: 5,
      budget: null,
      remedies: [],
      windows: [{ cron: '0 3 * * 0', minutes: 120 }],
    });
    expect(server.received.at(-1)?.headers['if-match']).toBe('"4"');
  });

  test('a job is disabled with a reason', async () => {
    const job = {
      name: 'audit',
      kind: 'system',
      title: null,
      ticket: null,
      enabled: true,
      schedule: 'every day',
      lastRun: null,
      nextRun: null,
      changedBy: null,
      reason: null,
      version: 1,
    };
    server.list('GET /jobs', [job]).on('PATCH /jobs/audit', { body: { ...job, enabled: false } });
    expect((await run('job disable audit -r "too loud"')).out).toContain('Disabled');
    expect(lastBody()).toEqual({ enabled: false, reason: 'too loud' });
  });

  test('a recurring ticket is set up from a cron line, a title and the flags of a ticket', async () => {
    const made = {
      id: 'sch_12345678',
      project: 'MC',
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      missedRun: 'skip',
      ticket: {
        title: 'Update the dependencies',
        description: '',
        priority: 2,
        assignee: null,
        campaign: null,
        profile: 'claude',
        labels: ['chore'],
        acceptanceCriteria: [],
        completion: null,
        budget: null,
      },
      key: null,
      enabled: true,
      lastRun: null,
      nextRun: '2026-06-19T01:00:00.000Z',
      createdBy: 'ada',
      changedBy: null,
      reason: null,
      version: 1,
    };
    server.on('POST /schedules', { status: 201, body: made });
    const { out } = await run(
      'schedule create "0 3 * * *" Update the dependencies --project mc --timezone Europe/Berlin --missed-run skip -l chore --profile claude',
    );
    expect(lastBody()).toEqual({
      project: 'MC',
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      missedRun: 'skip',
      ticket: { title: 'Update the dependencies', labels: ['chore'], profile: 'claude' },
    });
    expect(out).toContain('made at its first slot');
    server
      .list('GET /schedules', [made])
      .on(`PATCH /schedules/${made.id}`, { body: { ...made, enabled: false } });
    expect((await run(`schedule disable ${made.id.slice(-6)} -r holidays`)).out).toContain('Disabled');
    expect(lastBody()).toEqual({ enabled: false, reason: 'holidays' });
    expect((await run('schedule create --help')).out).not.toMatch(/--not-before|--blocked-by/);
    expect(await run('schedule create "0 3 * * *"')).toMatchObject({ code: 2 });
    expect(await run('schedule create "0 3 * * *" x --project MC --not-before 2h')).toMatchObject({
      code: 2,
    });
  });

  test('a new token alone is on standard output', async () => {
    server.on('POST /tokens', {
      status: 201,
      body: {
        id: 'tok_12345678',
        role: 'runner',
        name: 'box',
        token: 'mcr_x',
        expiresAt: null,
        createdAt: '2026-06-18T05:37:27.000Z',
        lastUsedAt: null,
      },
    });
    expect(await run('token create --role runner --name box')).toMatchObject({
      code: 0,
      out: 'mcr_x\n',
    });
  });

  test('an alert is acknowledged by the end of its id', async () => {
    server
      .list('GET /alerts', [sampleAlert()])
      .on(`POST /alerts/${sampleAlert().id}/acknowledge`, { body: sampleAlert({ state: 'acknowledged' }) });
    expect((await run('alert ack 000000aa')).out).toContain('Acknowledged');
    expect((await run('alert ack ffff')).code).toBe(2);
  });

  test('pausing says who paused and how to go on', async () => {
    server.on('POST /pause', {
      body: samplePolicy({
        paused: { by: 'ana', reason: 'deploy', at: '2026-06-18T05:37:27.000Z', stop: true },
      }),
    });
    const { out } = await run('pause --stop -r deploy');
    expect(server.received[0]?.body).toEqual({ paused: true, stop: true, reason: 'deploy' });
    expect(out).toContain('mctl pause --off');
  });
});

describe('mctl verify', () => {
  const invariant = { id: '1', name: 'at most one attempt', ok: true, checked: 12, violations: [] };
  const found = {
    ok: true,
    head: { seq: 42, hash: 'abcdef'.repeat(8) },
    events: 42,
    invariants: [invariant],
  };

  test('ends with 0 when all hold, and with 3 when one does not', async () => {
    server.on('GET /verify', { body: found });
    expect(await run('verify')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Every invariant holds.'),
    });
    const broken = {
      ...found,
      ok: false,
      invariants: [{ ...invariant, ok: false, violations: ['MC-1 has two'] }],
    };
    server.on('GET /verify', { body: broken });
    const { code, out, err } = await run('verify');
    expect(code).toBe(3);
    expect(out).toContain('MC-1 has two');
    expect(err).toContain('Violated: 1');
    const json = await run('verify --json');
    expect([json.code, JSON.parse(json.out)]).toEqual([3, broken]);
  });
});
