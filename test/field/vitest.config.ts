import { defineConfig } from 'vitest/config';

/** What users of such systems reported from the field, each with its cause shown on the built server and a real runner. */
export default defineConfig({
  test: {
    // Servers, runners and agents share two cores here: a second try tells a slow moment from a defect, and is printed.
    retry: 1,
    include: ['test/field/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // They wait for leases and graces more than they work.
    maxWorkers: 3,
  },
});
