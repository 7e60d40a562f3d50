import { defineConfig } from 'vitest/config';

/** Unit and conformance tests sit beside the code; suites that need processes have configs of their own in scripts/test.mjs. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/*.test.ts', 'web/src/**/*.test.{ts,tsx}'],
    testTimeout: 20_000,
  },
});
