import { defineConfig } from 'vitest/config';

/** The built server and its runner, as processes, through the public API. Needs `node scripts/build.mjs --server`. */
export default defineConfig({
  test: {
    // Servers, runners and agents share two cores here: a second try tells a slow moment from a defect, and is printed.
    retry: 1,
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each test has processes of its own; two cores hold two at a time.
    maxWorkers: 2,
  },
});
