import { defineConfig } from 'vitest/config';
import { whyNoPostgres } from '../harness/postgres-server.ts';

/**
 * The suites of built servers once more, on PostgreSQL. Not those that stand on a database of their own choosing, on
 * either store (backups and moves, test/e2e/postgres.test.ts), nor the demo, which is embedded.
 */
const FILES = ['test/e2e/**/*.test.ts', 'test/field/**/*.test.ts', 'test/kill/**/*.test.ts'];
const OWN_DATABASE = [
  'test/e2e/backup.test.ts',
  'test/e2e/broken-off.test.ts',
  'test/e2e/demo.test.ts',
  'test/e2e/disk-full.test.ts',
  'test/e2e/postgres.test.ts',
  'test/kill/moves.test.ts',
];

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

export default defineConfig({
  test: {
    retry: 1,
    include: problem === null ? FILES : [],
    exclude: OWN_DATABASE,
    passWithNoTests: problem !== null,
    globalSetup: problem === null ? ['test/harness/postgres-for-a-suite.ts'] : [],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
