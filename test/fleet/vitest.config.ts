import { defineConfig } from 'vitest/config';

/** Servers, runners and databases as processes of their own. Needs `node scripts/build.mjs --server`. */
export default defineConfig({
  test: {
    retry: 1,
    include: ['test/fleet/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
