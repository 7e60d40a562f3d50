/** The schema as this version knows it: made where there is none, brought up where it is older, refused where it is newer. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { type ResultRow, runAsync } from '../program.ts';
import {
  MOVED_TO,
  UNFINISHED,
  refuseLeft,
  refuseUnfinished,
  transferPrograms,
} from '../programs/transfer.ts';
import { FIRST_SETTINGS, SCHEMA_VERSION, type Tables, refuseNewerSchema } from '../schema.ts';
import { StoreBusy } from '../store-errors.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import { LOCK_LANE, OPEN_MIGRATION, postgresSchema } from './dialect.ts';
import { connectionConfig, executeText, executorOn } from './driver.ts';

/**
 * In one transaction; of two servers that start at once, one does it and the other waits for it. An older server that
 * still runs writes nothing from then on: whoever opens the lane looks at the schema's version.
 */
export async function prepareSchema(
  db: Kysely<Tables>,
  url: string,
  watch: ConnectionWatch,
  unfinished: boolean,
): Promise<{ channel: string; head: number }> {
  // A step may take as long as the tables are large.
  const client = new pg.Client({ ...connectionConfig(url), query_timeout: 0, statement_timeout: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await watch.add(client);
    const [found] = (await executeText(client, OPEN_MIGRATION)).at(-1) ?? [];
    const setting = async (name: string): Promise<string | undefined> =>
      (await client.query<{ value: string }>('select value from settings where name = $1', [name])).rows[0]
        ?.value;
    const isThere = Boolean(found?.['present']);
    if (isThere && !unfinished) {
      refuseUnfinished(await setting(UNFINISHED));
      refuseLeft(await setting(MOVED_TO));
    }
    const version = isThere ? Number(await setting('schema_version')) : 0;
    refuseNewerSchema(version);
    if (version > 0 && version < SCHEMA_VERSION) await client.query(LOCK_LANE);
    for (const statement of postgresSchema(db, version)) await client.query(statement);
    if (version === 0) {
      for (const row of FIRST_SETTINGS)
        await client.query('insert into settings (name, value) values ($1, $2)', [...row]);
    } else if (version < SCHEMA_VERSION) await runAsync(transferPrograms(db).setSchema(), executorOn(client));
    const { rows } = await client.query<{ schema: string; seq: number }>(
      'select current_schema() as schema, coalesce((select max(seq) from events), 0) as seq',
    );
    await client.query('commit');
    const schema = createHash('sha256').update(String(rows[0]?.schema)).digest('hex');
    return { channel: `mission_control_${schema.slice(0, 12)}`, head: Number(rows[0]?.seq) };
  } finally {
    // Also ends the transaction of a schema that was refused.
    await client.end().catch(() => undefined);
  }
}

/** @throws where another version has changed the schema since this server has opened it */
export function refuseOtherSchema(opened: ResultRow | undefined): void {
  const found = Number(opened?.['schema']);
  if (found === SCHEMA_VERSION) return;
  throw new StoreBusy(
    `another version of Mission Control has brought the database to schema ${found}, and this one knows ${SCHEMA_VERSION}: update this server, and start it again`,
    null,
  );
}
