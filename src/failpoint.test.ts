import { describe, expect, it } from 'vitest';
import { readFailpoint } from './failpoint.ts';
import type { StoredEvent } from './store/port.ts';

const offered = [{ type: 'attempt.offered' } as StoredEvent];

describe('a failpoint', () => {
  it('ends the process at the N-th passing of its point, and at no other', () => {
    let killed = 0;
    const pass = readFailpoint('after-commit/attempt.offered:kill@2', () => (killed += 1));
    pass('before-commit', offered);
    pass('after-commit', []);
    pass('after-commit', offered);
    expect(killed).toBe(0);
    pass('after-commit', offered);
    expect(killed).toBe(1);
    pass('after-commit', offered);
    expect(killed).toBe(1);
  });

  it('refuses what is no failpoint', () => {
    for (const setting of [
      '',
      'after-commit',
      'nowhere:kill@1',
      'after-commit:kill@0',
      'after-commit:exit@1',
    ])
      expect(() => readFailpoint(setting), setting).toThrow(/MC_FAILPOINT/);
  });
});
