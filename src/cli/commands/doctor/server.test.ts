import { describe, expect, test } from 'vitest';
import { sampleProfile, sampleRunner } from '../../../../test/support/samples.ts';
import { checkNode } from './machine.ts';
import { checkClock, checkDispatcher, checkProfiles, checkRunners, type Overview } from './server.ts';

const NOW = Date.parse('2026-06-18T05:37:27.500Z');
const header = (offsetMs: number): string => new Date(NOW + offsetMs).toUTCString();
const overview = (changes: Partial<Overview> = {}): Overview => ({
  version: '0.1.0',
  paused: null,
  dispatcher: {
    state: 'leader',
    epoch: 1,
    lastTick: { at: new Date(NOW).toISOString(), outcome: 'ok', detail: '' },
  },
  workers: { active: 0, max: 2 },
  runners: { ready: 1, silent: 0 },
  counts: {},
  openQuestions: 0,
  openReviews: 0,
  openAlerts: 0,
  ...changes,
});
const levels = (findings: { level: string }[]): string[] => findings.map(({ level }) => level);

describe('the doctor', () => {
  test('sees a clock that is off by more than the Date header’s own second and the way there', () => {
    expect(checkClock(header(0), NOW, NOW + 5).level).toBe('ok');
    expect(checkClock(header(-900), NOW, NOW + 5).level).toBe('ok');
    expect(checkClock(header(3000), NOW, NOW + 8000).level).toBe('ok');
    expect(checkClock(header(10_000), NOW, NOW + 5)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('ahead of'),
    });
    expect(checkClock(header(-10_000), NOW, NOW + 5)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('behind'),
    });
    expect(checkClock(header(86_400_000), NOW, NOW + 5).level).toBe('fail');
    expect(checkClock(null, NOW, NOW).level).toBe('warn');
  });

  test('knows a dispatcher that leads, one that nobody is, and one that has stopped ticking', () => {
    expect(levels(checkDispatcher(overview(), NOW))).toEqual(['ok']);
    const unknown = overview({ dispatcher: { state: 'unknown', epoch: null, lastTick: null } });
    expect(levels(checkDispatcher(unknown, NOW))).toEqual(['fail']);
    expect(levels(checkDispatcher(overview(), NOW + 120_000))).toEqual(['fail']);
    expect(levels(checkDispatcher(overview({ workers: { active: null, max: 2 } }), NOW))).toEqual([
      'ok',
      'fail',
    ]);
    const paused = { by: 'ana', reason: 'deploy', at: '', stop: false };
    expect(checkDispatcher(overview({ paused }), NOW)[1]).toMatchObject({
      level: 'warn',
      next: 'mctl pause --off',
    });
  });

  test('wants one ready runner; a silent one beside it is worth a look', () => {
    const silent = sampleRunner({ state: 'silent', name: 'old' });
    expect(levels(checkRunners([], NOW))).toEqual(['fail']);
    expect(levels(checkRunners([silent], NOW))).toEqual(['warn', 'fail']);
    expect(levels(checkRunners([sampleRunner(), silent], NOW))).toEqual(['ok', 'warn']);
  });

  test('shows a profile that its provider has stopped', () => {
    expect(levels(checkProfiles([sampleProfile({ rateLimitedUntil: '2026-06-18T06:00:00.000Z' })]))).toEqual([
      'warn',
    ]);
  });

  test('knows which Node is new enough', () => {
    expect(
      ['v20.18.1', 'v20.19.0', 'v24.1.0', 'v18.20.0'].map((version) => checkNode(version).level),
    ).toEqual(['fail', 'ok', 'ok', 'fail']);
  });
});
