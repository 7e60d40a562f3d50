import { describe, expect, it } from 'vitest';
import { duration, inZone, relativeTime, shortAge } from './time.ts';

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
  it('says the moments of a sentence in the person’s zone, and leaves all else', () => {
    const there = (at: string): string =>
      new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
    expect(inZone('Not before 2030-01-15T00:00:04.859Z.')).toBe(
      `Not before ${there('2030-01-15T00:00:04.859Z')}.`,
    );
    expect(inZone('Waiting until 2030-01-15 00:00 UTC')).toBe(`Waiting until ${there('2030-01-15T00:00Z')}`);
    expect(inZone('Waits for MC-12, due 2030-01-15.')).toBe('Waits for MC-12, due 2030-01-15.');
  });
  it('keeps the width of a running duration', () => {
    expect([5_000, 65_000, 3_725_000].map(duration)).toEqual(['5s', '1m 05s', '1h 02m']);
  });
});
