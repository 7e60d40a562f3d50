import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A real server, a real runner, a real browser: one file at a time, so that two cores are enough. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    // Servers, runners and agents share two cores here: a second try tells a slow moment from a defect, and is printed.
    retry: 1,
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
