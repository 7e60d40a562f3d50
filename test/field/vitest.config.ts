import { defineConfig } from 'vitest/config';

/** What users of such systems reported from the field, each with its cause shown on the built server and a real runner. */
export default defineConfig({
  test: {
    include: ['test/field/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // They wait for leases and graces more than they work.
    maxWorkers: 3,
  },
});
