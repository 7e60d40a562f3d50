import { describe, expect, test } from 'vitest';
import { FakeMissionControl, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import { sampleProfile, sampleProject, sampleRunner } from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });

describe('mctl doctor', () => {
  const overview = {
    version: '0.1.0',
    paused: null,
    dispatcher: {
      state: 'leader',
      epoch: 1,
      lastTick: { at: '2026-06-18T05:37:25.000Z', outcome: 'ok', detail: '' },
    },
    workers: { active: 0, max: 2 },
    runners: { ready: 1, silent: 0 },
    counts: {},
    openQuestions: 0,
    openReviews: 0,
    openAlerts: 0,
  };
  const now = new Date().toISOString();
  const healthy = (): void => {
    server
      .on('GET /livez', { body: {} })
      .on('GET /readyz', { body: { status: 'ok', store: 'postgresql' } })
      .on('GET /overview', { body: { ...overview, dispatcher: { ...overview.dispatcher, lastTick: null } } })
      .list('GET /runners', [sampleRunner({ lastSeenAt: now })])
      .list('GET /projects', [sampleProject()])
      .list('GET /profiles', [sampleProfile()]);
  };

  test('says that all is well, or works', async () => {
    healthy();
    const { code, out } = await run('doctor', { now });
    expect([code, out]).toEqual([0, expect.stringMatching(/All is well|Works, with/)]);
    expect(out).toContain('ok   Project MC');
    expect(out).toMatch(/ok +Database PostgreSQL, ready/);
  });

  test('fails with what to type next for each thing that is not well', async () => {
    healthy();
    server
      .on('GET /readyz', { status: 503, body: { reason: 'disk full' } })
      .list('GET /runners', [sampleRunner({ state: 'silent', lastSeenAt: now })])
      .list('GET /projects', [
        sampleProject({ warnings: [{ ok: false, subject: 'check test', message: 'npm is not found' }] }),
      ])
      .list('GET /profiles', [
        sampleProfile({ warnings: [{ ok: false, subject: 'command', message: 'no program "luci-agent"' }] }),
      ]);
    const { code, out } = await run('doctor', { now });
    expect(code).toBe(3);
    for (const part of [
      'FAIL Database',
      'disk full',
      'FAIL Runners',
      'mctl runner start',
      'npm is not found',
      'no program "luci-agent"',
      'mctl profile edit luci',
    ]) {
      expect(out).toContain(part);
    }
  });

  test('goes on about the machine when the server cannot be reached', async () => {
    await server.stop();
    const { code, out } = await run('doctor --json');
    expect(code).toBe(3);
    const { ok, findings } = JSON.parse(out) as {
      ok: boolean;
      findings: { subject: string; level: string }[];
    };
    expect(ok).toBe(false);
    expect(findings.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['Node', 'git', 'Process trees', 'Server']),
    );
  });
});
