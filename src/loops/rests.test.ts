import { describe, expect, it } from 'vitest';
import { Abandoned, Rests } from './rests.ts';

describe('rests', () => {
  it('takes half of the time at most, however long a step is', async () => {
    const rests = new Rests();
    await rests.pause();
    const began = performance.now();
    let worked = 0;
    for (let step = 0; step < 10; step += 1) {
      const until = performance.now() + 5;
      while (performance.now() < until);
      worked += 5;
      await rests.pause();
    }
    // Timers may be early by less than a millisecond.
    expect(performance.now() - began).toBeGreaterThan(2 * worked - 10);
  });

  it('leaves the work where it is once its server stops', async () => {
    const rests = new Rests();
    await rests.pause();
    rests.stop();
    await expect(rests.pause()).rejects.toThrow(Abandoned);
  });
});
