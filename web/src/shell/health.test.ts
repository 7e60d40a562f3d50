import { describe, expect, it } from 'vitest';
import type { Overview } from '../api/types.ts';
import { health } from './health.tsx';

const at = '2026-11-25T12:00:00.000Z';
const before = (ms: number): Overview['dispatcher'] => ({
  state: 'leader',
  epoch: 1,
  lastTick: { at: new Date(Date.parse(at) - ms).toISOString(), outcome: 'leader', detail: '' },
});
const well: Overview = {
  version: '1.0.0',
  paused: null,
  dispatcher: before(2000),
  workers: { active: 1, max: 4 },
  runners: { ready: 1, silent: 0 },
  counts: {},
  openQuestions: 0,
  openReviews: 0,
  openAlerts: 0,
  at,
};
const paused = { by: 'ada', at, reason: 'Moving house', stop: false };
const say = (more: Partial<Overview>): string => health({ ...well, ...more }).join(' | ');

describe('the health line', () => {
  it('is calm when all is well', () => {
    expect(say({})).toBe('1/4 workers · 1 runner');
    expect(say({ runners: { ready: 2, silent: 0 } })).toBe('1/4 workers · 2 runners');
    expect(say({ dispatcher: { state: 'standby', epoch: null, lastTick: null } })).toBe(
      '1/4 workers · 1 runner',
    );
  });

  it('is red for what starts nothing although it should', () => {
    const red = 'text-red font-medium';
    expect(say({ workers: { active: null, max: 4 } })).toBe(`Worker count unknown: nothing starts | ${red}`);
    expect(say({ dispatcher: { state: 'unknown', epoch: null, lastTick: null } })).toBe(
      `No dispatcher: nothing starts | ${red}`,
    );
    expect(say({ dispatcher: before(301_000) })).toBe(`Dispatcher stands still: nothing starts | ${red}`);
    expect(say({ runners: { ready: 0, silent: 1 } })).toBe(`The runner is silent | ${red}`);
    expect(say({ runners: { ready: 0, silent: 2 } })).toBe(`All 2 runners silent | ${red}`);
  });

  it('is amber for what a person should look at', () => {
    const amber = 'text-amber font-medium';
    expect(say({ runners: { ready: 0, silent: 0 } })).toBe(`No runner yet | ${amber}`);
    expect(say({ runners: { ready: 1, silent: 1 } })).toBe(`1 runner silent · 1/4 workers | ${amber}`);
    expect(say({ runners: { ready: 1, silent: 2 } })).toBe(`2 runners silent · 1/4 workers | ${amber}`);
    expect(say({ paused })).toBe(`Paused · 1/4 workers | ${amber}`);
    expect(say({ openAlerts: 1 })).toBe(`1 open alert · 1/4 workers | ${amber}`);
    expect(say({ openAlerts: 3 })).toBe(`3 open alerts · 1/4 workers | ${amber}`);
  });

  it('says the worst of several', () => {
    expect(say({ paused, openAlerts: 3, dispatcher: before(301_000) })).toMatch(/^Dispatcher stands still/);
    expect(say({ paused, openAlerts: 3, runners: { ready: 1, silent: 1 } })).toMatch(/^1 runner silent/);
  });
});
