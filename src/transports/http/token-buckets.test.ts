import { expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.ts';

it('lets a burst through, then the rate, each caller by itself; zero is no limit', () => {
  let now = 0;
  const buckets = new TokenBuckets(() => now);
  const passed = (caller: string, tries: number, perSecond = 5): number =>
    Array.from({ length: tries }, () => buckets.take(caller, perSecond)).filter(Boolean).length;
  expect(passed('a', 100)).toBe(50);
  expect(passed('b', 10)).toBe(10);
  now += 1000;
  expect(passed('a', 100)).toBe(5);
  now += 100;
  expect(passed('a', 10)).toBe(0);
  now += 3_600_000;
  expect(passed('a', 100)).toBe(50);
  expect(passed('c', 1000, 0)).toBe(1000);
});

it('keeps no more callers than there have been lately', () => {
  let now = 0;
  const buckets = new TokenBuckets(() => now);
  for (let n = 0; n < 10_000; n += 1) buckets.take(`caller ${n}`, 1);
  now += 10_000;
  buckets.take('new', 1);
  // Full again, and forgotten: the same as one that never called.
  expect(Array.from({ length: 11 }, () => buckets.take('caller 1', 1)).filter(Boolean)).toHaveLength(10);
});
