import { describe, expect, it } from 'vitest';
import { duration, relativeTime, shortAge } from './time.ts';

describe('times', () => {
  it('gives an age its largest unit', () => {
    expect([30, 60, 3_599, 3_600, 5 * 86_400 + 5, 400 * 86_400].map(shortAge)).toEqual([
      'now',
      '1m',
      '59m',
      '1h',
      '5d',
      '1y',
    ]);
  });
  it('says how long ago, or when', () => {
    const now = Date.parse('2026-06-13T12:00:00.000Z');
    expect(relativeTime('2026-06-08T11:00:00.000Z', now)).toBe('5d ago');
    expect(relativeTime('2026-06-13T11:59:40.000Z', now)).toBe('just now');
    expect(relativeTime('2026-06-13T14:30:00.000Z', now)).toBe('in 2h');
  });
  it('keeps the width of a running duration', () => {
    expect([5_000, 65_000, 3_725_000].map(duration)).toEqual(['5s', '1m 05s', '1h 02m']);
  });
});
