import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimezone, quietUntil } from './quiet-hours.ts';

const at = (iso: string): number => Date.parse(iso);
const until = (quiet: { from: string; to: string; timezone: string }, now: string): string | null => {
  const end = quietUntil(quiet, at(now));
  return end === null ? null : new Date(end).toISOString();
};
const night = (timezone: string) => ({ from: '22:00', to: '07:00', timezone });

describe('quiet hours', () => {
  it('go over midnight, and end in the morning of the person, not of the server', () => {
    expect(until(night('UTC'), '2026-11-25T23:30:00.000Z')).toBe('2026-11-26T07:00:00.000Z');
    expect(until(night('UTC'), '2026-11-25T06:59:59.999Z')).toBe('2026-11-25T07:00:00.000Z');
    expect(until(night('Asia/Kolkata'), '2026-11-25T17:00:00.000Z')).toBe('2026-11-26T01:30:00.000Z');
    expect(until(night('America/New_York'), '2026-11-25T17:00:00.000Z')).toBeNull();
  });

  it('hold from their first minute on, and no longer in their last', () => {
    expect(until(night('UTC'), '2026-11-25T21:59:59.999Z')).toBeNull();
    expect(until(night('UTC'), '2026-11-25T22:00:00.000Z')).toBe('2026-11-26T07:00:00.000Z');
    expect(until(night('UTC'), '2026-11-25T07:00:00.000Z')).toBeNull();
  });

  it('may lie within one day, and are none where they begin when they end', () => {
    const noon = { from: '12:00', to: '13:30', timezone: 'UTC' };
    expect(until(noon, '2026-11-25T12:15:00.000Z')).toBe('2026-11-25T13:30:00.000Z');
    expect(until(noon, '2026-11-25T13:45:00.000Z')).toBeNull();
    expect(until({ ...noon, to: '12:00' }, '2026-11-25T12:00:00.000Z')).toBeNull();
    expect(quietUntil(null, at('2026-11-25T12:00:00.000Z'))).toBeNull();
  });

  it('end by the wall clock when the clocks are set in the night', () => {
    // Berlin sets its clocks forward on 29 March 2026 at 02:00, and back on 25 October at 03:00.
    expect(until(night('Europe/Berlin'), '2026-03-28T22:00:00.000Z')).toBe('2026-03-29T05:00:00.000Z');
    expect(until(night('Europe/Berlin'), '2026-10-24T21:00:00.000Z')).toBe('2026-10-25T06:00:00.000Z');
  });

  it('always end later than now, within a day and an hour, at a moment that is no longer quiet', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    const zone = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    );
    fc.assert(
      fc.property(
        time,
        time,
        zone,
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') }),
        (from, to, timezone, now) => {
          const end = quietUntil({ from, to, timezone }, now);
          if (end === null) return;
          expect(end).toBeGreaterThan(now);
          expect(end - now).toBeLessThanOrEqual(25 * 3_600_000);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('know which names are time zones', () => {
    expect(isTimezone('Europe/Berlin')).toBe(true);
    expect(isTimezone('Europe/Atlantis')).toBe(false);
  });
});
