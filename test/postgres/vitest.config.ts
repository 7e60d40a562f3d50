import { defineConfig } from 'vitest/config';
import { whyNoPostgres } from '../harness/postgres-server.ts';

/**
 * Suites of built servers once more, on PostgreSQL: those in which the store is what could make a difference (lives and
 * deaths of servers, runners and agents, landings, races, hostile timing). With MC_TEST_DATABASE_URL any other runs there too.
 */
const FILES = [
  'test/e2e/work.test.ts',
  'test/e2e/faults.test.ts',
  'test/e2e/kill-at-random.test.ts',
  'test/e2e/landing.test.ts',
  'test/field/claims.test.ts',
  'test/field/restarts.test.ts',
  'test/field/lost-workers.test.ts',
  'test/field/review-and-proof.test.ts',
  'test/postgres/kill.test.ts',
];

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

export default defineConfig({
  test: {
    retry: 1,
    include: problem === null ? FILES : [],
    passWithNoTests: problem !== null,
    globalSetup: problem === null ? ['test/harness/postgres-for-a-suite.ts'] : [],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
