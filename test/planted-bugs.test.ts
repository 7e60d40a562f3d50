/** Each planted bug fits the sources as they are, exactly once; finding them takes minutes: `npm run planted`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { plant } from './simulation/bundle.mjs';
import { PLANTED } from './simulation/planted-bugs.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Bug {
  name: string;
  file: string;
  find: string;
  replace: string;
  also?: Omit<Bug, 'name'>;
}

describe('planted bugs', () => {
  it('are at least thirty, and each finding of the seed page has one', () => {
    const bugs: Bug[] = PLANTED;
    expect(bugs.length).toBeGreaterThanOrEqual(30);
    for (const finding of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      expect(bugs.filter((bug) => bug.name.includes(`[${finding}]`)).length).toBeGreaterThan(0);
    }
  });

  for (const bug of PLANTED) {
    it(`fits: ${bug.name}`, () => {
      for (const mutation of bug.also ? [bug, bug.also] : [bug]) {
        const source = readFileSync(join(root, mutation.file), 'utf8');
        expect(plant(source, mutation)).not.toBe(source);
      }
    });
  }
});
