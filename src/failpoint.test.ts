import { describe, expect, it } from 'vitest';
import { readFailpoint } from './failpoint.ts';
import type { StoredEvent } from './store/port.ts';

const offered = [{ type: 'attempt.offered' } as StoredEvent];

describe('a failpoint', () => {
  it('ends the process at the N-th passing of its point, and at no other', () => {
    const struck: string[] = [];
    const pass = readFailpoint('after-commit/attempt.offered:kill@2', (signal) => struck.push(signal));
    pass('before-commit', offered);
    pass('after-commit', []);
    pass('after-commit', offered);
    expect(struck).toEqual([]);
    pass('after-commit', offered);
    expect(struck).toEqual(['SIGKILL']);
    pass('after-commit', offered);
    expect(struck).toEqual(['SIGKILL']);
  });

  it('freezes it where it is asked to', () => {
    const struck: string[] = [];
    readFailpoint('begun:stop@1', (signal) => struck.push(signal))('begun', []);
    expect(struck).toEqual(['SIGSTOP']);
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
