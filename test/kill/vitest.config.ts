import { defineConfig } from 'vitest/config';

/** The built server, killed at every boundary of its transactions. Needs `node scripts/build.mjs --server`. */
export default defineConfig({
  test: {
    include: ['test/kill/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    // Each file has servers of its own; two cores hold two at a time.
    maxWorkers: 2,
  },
});
