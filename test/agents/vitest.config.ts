import { defineConfig } from 'vitest/config';

/**
 * Real agents (opencode, codex) against a scripted model, the built server and its runner. Needs
 * `node scripts/build.mjs --server` and `node scripts/agents.mjs`, which installs them into this folder.
 */
export default defineConfig({
  test: {
    // Servers, runners and agents share two cores here: a second try tells a slow moment from a defect, and is printed.
    retry: 1,
    include: ['test/agents/**/*.test.ts'],
    exclude: ['test/agents/node_modules/**', 'test/agents/others/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Each test has a server, a runner and an agent of its own.
    maxWorkers: 2,
  },
});
