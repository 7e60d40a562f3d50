import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowHeights } from './row-heights.ts';

describe('the heights of many rows', () => {
  it('are where adding them up one by one says, whatever was measured', () => {
    const measured = fc.array(fc.tuple(fc.nat(4999), fc.integer({ min: 1, max: 400 })), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), measured, fc.nat(), (count, rows, seed) => {
        const heights = new RowHeights(18);
        heights.setCount(count);
        const plain = Array<number>(count).fill(18);
        for (const [row, height] of rows.filter(([at]) => at < count)) {
          heights.set(row, height);
          plain[row] = height;
        }
        const total = plain.reduce((sum, height) => sum + height, 0);
        expect(heights.total).toBe(total);
        const row = seed % count;
        const offset = plain.slice(0, row).reduce((sum, height) => sum + height, 0);
        expect(heights.offsetOf(row)).toBe(offset);
        expect(heights.rowAt(offset)).toBe(row);
        expect(heights.rowAt(offset + (plain[row] ?? 0) - 0.5)).toBe(row);
      }),
    );
  });

  it('end with the last row, also for places outside', () => {
    const heights = new RowHeights(18);
    expect(heights.rowAt(100)).toBe(0);
    heights.setCount(3);
    expect(heights.rowAt(-5)).toBe(0);
    expect(heights.rowAt(10_000)).toBe(2);
  });

  it('forget rows that are gone, and everything when the width changes', () => {
    const heights = new RowHeights(10);
    heights.setCount(3000);
    expect(heights.set(2500, 40)).toBe(true);
    expect(heights.set(2500, 40)).toBe(false);
    heights.setCount(2000);
    expect(heights.total).toBe(20_000);
    heights.set(5, 30);
    heights.forget();
    expect(heights.total).toBe(20_000);
  });
});
