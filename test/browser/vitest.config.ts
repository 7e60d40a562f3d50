import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A real server, a real runner, a real browser: one file at a time, so that two cores are enough. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
