import { defineConfig } from 'vitest/config';

/** By command only: see others.test.ts. */
export default defineConfig({
  test: {
    include: ['test/agents/others/*.test.ts'],
    testTimeout: 150_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
