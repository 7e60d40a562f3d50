/** A PostgreSQL for all test files of a run: where MC_TEST_DATABASE_URL names none, one of our own. */
import { PostgresServer } from './postgres-server.ts';

export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['MC_TEST_DATABASE_URL'] !== undefined) return undefined;
  const server = await PostgresServer.start();
  process.env['MC_TEST_DATABASE_URL'] = server.url();
  return () => server.dispose();
}
