import { expect, it } from 'vitest';
import { ticksOf } from './time-ticks.ts';

it('every span has a moment that is named, and no more than fit', () => {
  const from = Date.parse('2026-11-25T12:00:07.300Z');
  for (let span = 2_000; span < 30 * 86_400_000; span *= 1.07)
    for (const most of [3, 8]) {
      const ticks = ticksOf({ from, to: from + span }, most);
      expect(ticks.length, `${span} ms, ${most}`).toBeGreaterThan(0);
      expect(ticks.length, `${span} ms, ${most}`).toBeLessThanOrEqual(most + 1);
    }
});
