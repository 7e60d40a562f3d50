/** The server on PostgreSQL: the same ways of a ticket, a database that goes away, and two servers on one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { FIRST_SETTINGS } from '../../src/store/schema.ts';
import { postgresCompiler, postgresSchema } from '../../src/store/postgres/dialect.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { PostgresServer, whyNoPostgres } from '../harness/postgres-server.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);
let database: PostgresServer;
beforeAll(async () => {
  if (problem !== null) return;
  database = await PostgresServer.start();
}, 120_000);
afterAll(() => database?.dispose());

const servers: MissionControl[] = [];
async function start(env: Record<string, string>): Promise<MissionControl> {
  const mc = new MissionControl({ env });
  servers.push(mc);
  await mc.start();
  return mc;
}
afterEach(async () => {
  for (const mc of servers) {
    const { ok, invariants } = await mc.verify();
    expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
    expect(ok).toBe(true);
  }
  for (const mc of servers.splice(0)) await mc.stop();
});

const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';
const WAIT = 'echo yes > $OUT/started; while [ ! -e $OUT/go ]; do sleep 0.05; done';

async function isDone(mc: MissionControl, key: string): Promise<void> {
  await mc.inStatus(key, 'in_review', 60_000);
  await mc.settled(key);
  const [attempt, ...others] = await mc.attempts(key);
  expect(others).toEqual([]);
  expect(attempt).toMatchObject({ outcome: 'submitted', summary: 'made it good' });
}

it.skipIf(problem !== null)(
  'a ticket is worked on, submitted and verified',
  async () => {
    const mc = await start({ MC_DATABASE_URL: await database.schema() });
    const ready = (await (await mc.api.fetch('GET', '//readyz')).json()) as object;
    expect(ready).toEqual({ status: 'ok', store: 'postgresql' });
    await mc.project();
    await mc.profile('worker', GOOD);
    const { key } = await mc.ticket('worker', { acceptanceCriteria: ['value is good'] });
    await isDone(mc, key);
  },
  120_000,
);

it.skipIf(problem !== null)(
  'a server that is killed finds all in the database, and the work goes on',
  async () => {
    const mc = await start({ MC_DATABASE_URL: await database.schema(), MC_LEASE_SECONDS: '20' });
    await mc.project();
    await mc.profile('worker', `${WAIT}; ${GOOD}`);
    const { key } = await mc.ticket('worker');
    await mc.until(() => mc.read('started'), 'the agent runs');
    await mc.endServer('SIGKILL');
    await mc.start();
    writeFileSync(join(mc.dir, 'go'), '');
    await isDone(mc, key);
  },
  120_000,
);

it.skipIf(problem !== null)(
  'the database is stopped at once and comes back, and the work goes on',
  async () => {
    const mc = await start({ MC_DATABASE_URL: await database.schema(), MC_LEASE_SECONDS: '60' });
    await mc.project();
    await mc.profile('worker', `${WAIT}; ${GOOD}`);
    const { key } = await mc.ticket('worker');
    await mc.until(() => mc.read('started'), 'the agent runs');
    await database.stopImmediately();
    await database.startAgain();
    writeFileSync(join(mc.dir, 'go'), '');
    await isDone(mc, key);
  },
  120_000,
);

it.skipIf(problem !== null)(
  'what one of two servers is told, the other knows and does; one of them dispatches',
  async () => {
    const env = { MC_DATABASE_URL: await database.schema() };
    const one = await start(env);
    const two = await start({ ...env, MC_RUNNER: 'none' });
    await one.project();
    await one.profile('worker', GOOD);
    const { key } = await two.api.post<{ key: string }>('/tickets', {
      project: 'MC',
      title: 'Told to the other server',
      profile: 'worker',
      status: 'todo',
    });
    await isDone(one, key);
    expect(await two.get(key)).toEqual(await one.get(key));
    const states = await Promise.all(
      [one, two].map(async (mc) => {
        const { dispatcher } = await mc.api.get<{ dispatcher: { state: string } }>('/overview');
        return dispatcher.state;
      }),
    );
    expect(states.sort()).toEqual(['leader', 'standby']);
  },
  120_000,
);

const schemaOf = (url: string): string =>
  /search_path=(\w+)/.exec(new URL(url).searchParams.get('options') ?? '')?.[1] ?? '';

it.skipIf(problem !== null)(
  'a server that is killed while it brings the schema on leaves all as it was, and the next one does it',
  async () => {
    const url = await database.schema();
    const schema = schemaOf(url);
    const settings = FIRST_SETTINGS.filter(([name]) => name !== 'notify_cursor').map(
      ([name, value]) => `('${name}', '${name === 'schema_version' ? '1' : value}')`,
    );
    await database.query(
      `set search_path = ${schema}; ${postgresSchema(postgresCompiler(), 0, 1).join(';')}; insert into settings values ${settings.join()}`,
    );
    const tables = async (): Promise<unknown[]> =>
      database.query(`select tablename from pg_tables where schemaname = '${schema}' order by tablename`);
    const before = await tables();
    // Somebody reads tickets for long: the step that changes them waits, behind others that are done.
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    await reader.query('begin; lock table tickets in access share mode');
    const mc = new MissionControl({ env: { MC_DATABASE_URL: url, MC_RUNNER: 'none' } });
    servers.push(mc);
    const first = mc.start().catch((error: unknown) => String(error));
    await mc.eventually(
      async () =>
        (await database.query(`select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'`))
          .length > 0,
      'it waits in the middle of it',
    );
    mc.server?.kill('SIGKILL');
    expect(await first).toContain('the server left');
    await reader.query('rollback');
    await reader.end();
    await mc.eventually(
      async () =>
        (await database.query(`select 1 from pg_stat_activity where application_name = 'mission-control'`))
          .length === 0,
      'the database has noticed',
    );
    expect(await tables()).toEqual(before);
    expect(
      await database.query(`select value from ${schema}.settings where name = 'schema_version'`),
    ).toEqual([{ value: '1' }]);
    await mc.start();
    await mc.project();
    expect((await mc.api.fetch('POST', '/tickets', { body: { project: 'MC', title: 'First' } })).status).toBe(
      201,
    );
  },
  120_000,
);

it.skipIf(problem !== null)(
  'a newer schema is refused by an older server, at its start and while it runs',
  async () => {
    const url = await database.schema();
    const set = (version: string): Promise<unknown> =>
      database.query(
        `update ${schemaOf(url)}.settings set value = '${version}' where name = 'schema_version'`,
      );
    const mc = await start({ MC_DATABASE_URL: url });
    await mc.project();
    const [was] = await database.query(
      `select value from ${schemaOf(url)}.settings where name = 'schema_version'`,
    );
    const ticket = { body: { project: 'MC', title: 'on a newer schema' } };
    await set('99');
    const refused = await mc.api.fetch('POST', '/tickets', ticket);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('schema 99');
    expect((await mc.api.fetch('GET', '//readyz')).status).toBe(503);
    const other = new MissionControl({ env: { MC_DATABASE_URL: url, MC_RUNNER: 'none' } });
    await expect(other.start()).rejects.toThrow(/schema 99, and this version knows/);
    await other.stop();
    expect((await mc.api.get<{ items: unknown[] }>('/tickets')).items).toEqual([]);
    await set(String(was?.['value']));
    expect((await mc.api.fetch('POST', '/tickets', ticket)).status).toBe(201);
  },
  120_000,
);
