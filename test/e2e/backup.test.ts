/**
 * Backups of a server at work, restored elsewhere; and the move from one database to the other. Whoever was given
 * something before is refused afterwards: runner, attempt, delivery.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ApiClient, ApiProblem } from '../../src/client/api-client.ts';
import type { AttemptOffer, Polled } from '../../src/contract/runner-protocol.ts';
import type { InboxItem, IssuedToken, Page, Ticket } from '../../src/contract/shapes.ts';
import { mctl } from '../harness/mctl.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { PostgresServer, whyNoPostgres } from '../harness/postgres-server.ts';

const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);
let database: PostgresServer;
beforeAll(async () => {
  if (problem === null) database = await PostgresServer.start();
}, 120_000);
afterAll(() => database?.dispose());

let running: MissionControl[];
beforeEach(() => (running = []));
afterEach(async () => {
  for (const mc of running) await mc.stop();
});

async function start(env: Record<string, string>): Promise<MissionControl> {
  const mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '20', ...env } });
  running.push(mc);
  await mc.start();
  return mc;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (error instanceof ApiProblem) return `${error.status} ${error.code}`;
    throw error;
  }
}

async function dispatcherOf(mc: MissionControl) {
  type Dispatching = { state: string; epoch: number | null; lastTick: { detail: string } | null };
  return (await mc.api.get<{ dispatcher: Dispatching }>('/overview')).dispatcher;
}

/** A runner played by hand, so that each of its messages can be sent again later. */
async function playRunner(mc: MissionControl, name: string) {
  const { token } = await mc.api.post<IssuedToken>('/tokens', { role: 'runner', name });
  const api = new ApiClient(mc.url, token);
  const registration = { name, slots: 5, version: '0.1.0' };
  const { id, instance } = await api.post<{ id: string; instance: string }>('/runners', registration);
  const offerOf = (key: string): Promise<AttemptOffer> =>
    mc.eventually(async () => {
      const { offers } = await api.post<Polled>(`/runners/${id}/poll`, { freeSlots: 5, instance });
      return offers.find((offer): offer is AttemptOffer => offer.kind === 'attempt' && offer.ticket === key);
    }, `${key} is offered`);
  const accept = async (key: string): Promise<AttemptOffer> => {
    const offer = await offerOf(key);
    await api.post(`/attempts/${offer.attempt}/accept`, { fence: offer.fence, base: 'a'.repeat(40) });
    return offer;
  };
  return { api, token, id, instance, registration, accept };
}

async function withSample(mc: MissionControl): Promise<void> {
  await mc.project();
  await mc.profile('worker', 'true', { timeoutSeconds: 600 });
}

/** All that another life of the installation gave out, and a backup from the middle of it, taken under load. */
async function liveAndBackUp(mc: MissionControl) {
  await withSample(mc);
  const runner = await playRunner(mc, 'far');
  const running = await mc.ticket('worker');
  const before = await runner.accept(running.key);
  const asked = await mc.ticket('worker');
  const asking = await runner.accept(asked.key);
  await new ApiClient(mc.url, asking.token).post(`/attempts/${asking.attempt}/signals`, {
    type: 'ask',
    text: 'Which?',
  });
  await runner.api.post(`/attempts/${before.attempt}/output`, {
    fence: before.fence,
    items: [{ seq: 0, at: new Date().toISOString(), stream: 'stdout', text: 'said before\n' }],
  });
  await runner.api.post(`/attempts/${asking.attempt}/park`, { fence: asking.fence, treeGone: true });
  const content = Buffer.from('an artifact\n').toString('base64');
  await new ApiClient(mc.url, before.token).post(`/attempts/${before.attempt}/artifacts`, {
    name: 'report.txt',
    encoding: 'base64',
    content,
  });
  const orchestrator = await mc.api.post<IssuedToken>('/tokens', { role: 'orchestrator', name: 'orc' });
  const lease = { consumer: 'me', max: 10, seconds: 3600 };
  const { items } = await new ApiClient(mc.url, orchestrator.token).post<Page<InboxItem>>(
    '/inbox/lease',
    lease,
  );
  const file = join(mc.dir, 'one.backup');
  let writing = true;
  let written = 0;
  const load = (async () => {
    while (writing) {
      await mc.api.post('/tickets', { project: 'MC', title: `under load ${(written += 1)}` });
      await mc.api.post(`/tickets/${running.key}/comments`, { text: 'more' });
    }
  })();
  await mc.until(() => written > 5, 'it is written to');
  const access = { MC_DATA_DIR: mc.dataDir, MC_ADMIN_TOKEN: mc.token };
  const made = await mctl(['backup', file, '--json'], access);
  writing = false;
  await load;
  expect(made).toMatchObject({ code: 0, err: '' });
  // What comes now is lost by restoring.
  const late = await mc.ticket('worker');
  const after = await runner.accept(late.key);
  const { epoch } = await dispatcherOf(mc);
  return { runner, running, asked, before, after, orchestrator, delivered: items, file, access, epoch };
}
type Lived = Awaited<ReturnType<typeof liveAndBackUp>>;

async function expectFenced(mc: MissionControl, lived: Lived): Promise<void> {
  const { runner, running, asked, before, after, orchestrator, delivered } = lived;
  const far = new ApiClient(mc.url, runner.token);
  const { id, instance } = runner;
  expect(await codeOf(far.post(`/runners/${id}/poll`, { freeSlots: 1, instance }))).toBe(
    '409 runner_superseded',
  );
  for (const [verb, body] of [
    ['heartbeat', {}],
    ['park', { treeGone: true }],
    ['end', { outcome: 'failed', treeGone: true }],
  ] as const) {
    const call = far.post(`/attempts/${before.attempt}/${verb}`, { fence: before.fence, ...body });
    expect(await codeOf(call), verb).toMatch(/^(403 forbidden|409 (stale_attempt|runner_superseded))$/);
  }
  const signal = (token: string, attempt: string) =>
    codeOf(
      new ApiClient(mc.url, token).post(`/attempts/${attempt}/signals`, { type: 'progress', text: 'x' }),
    );
  expect(await signal(before.token, before.attempt)).toBe('409 stale_attempt');
  expect(await signal(after.token, after.attempt)).toBe('401 unauthenticated');
  // Registered again it is welcome, and its old attempts are over for it all the same.
  const again = await far.post<{ id: string; instance: string }>('/runners', runner.registration);
  expect(again.id).toBe(id);
  const beat = far.post(`/attempts/${before.attempt}/heartbeat`, {
    fence: before.fence,
    instance: again.instance,
  });
  expect(await codeOf(beat)).toBe('409 stale_attempt');
  for (const item of delivered) {
    const act = { deliveryId: item.deliveryId, decision: 'escalate', reason: 'late' };
    const call = new ApiClient(mc.url, orchestrator.token).post(`/inbox/${item.id}/act`, act);
    expect(await codeOf(call)).toBe('409 delivery_expired');
  }
  expect((await mc.attempts(running.key))[0]).toMatchObject({
    state: 'ended',
    outcome: 'stopped',
    reason: expect.stringMatching(/restored|moved/) as string,
  });
  expect((await mc.attempts(asked.key))[0]).toMatchObject({ state: 'parked' });
  // What starts now has a number that nobody has ever had.
  const offer = await mc.eventually(async () => {
    const body = { freeSlots: 5, instance: again.instance };
    const { offers } = await far.post<Polled>(`/runners/${id}/poll`, body);
    return offers.find((o): o is AttemptOffer => o.kind === 'attempt' && o.ticket === running.key);
  }, 'it is offered again');
  expect(offer.fence).toBeGreaterThan(1_000_000);
  // Nor has anyone ever led under this one.
  expect((await dispatcherOf(mc)).epoch).toBeGreaterThan((lived.epoch ?? 0) + 1_000_000);
  expect(offer.number).toBe(2);
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
}

/** As somebody does who doubts it: the proof of a server, that its log leads through this head. */
async function proveByHand(mc: MissionControl, head: { seq: number; hash: string }): Promise<void> {
  const known = `${head.seq}:${head.hash}`;
  const proof = await mctl(['verify', '--head', known], { MC_URL: mc.url, MC_ADMIN_TOKEN: mc.token });
  expect(proof).toMatchObject({ code: 0, err: '' });
}

/** Rows that are not made from the log, and that no fence touches: a log that is whole says nothing of them. */
const BESIDE_THE_LOG = ['output', 'diffs', 'usage', 'idempotency', 'bundles', 'counters', 'skip_history'];
type Row = Record<string, unknown>;
async function rowsBeside(select: (sql: string) => Promise<Row[]>): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const table of BESIDE_THE_LOG) {
    const rows = await select(`select * from ${table}`);
    const texts = rows.map((row) => Object.entries(row).map(([name, value]) => `${name}=${String(value)}`));
    tables[table] = texts.map((columns) => columns.toSorted().join()).toSorted();
  }
  return tables;
}

async function headOf(mc: MissionControl): Promise<{ seq: number; hash: string }> {
  return (await mc.verify()).head;
}

it('a backup under load is restored into a new directory; what was given out before is refused', async () => {
  const mc = await start({});
  const lived = await liveAndBackUp(mc);
  expect(statSync(lived.file).mode & 0o077).toBe(0);
  expect((await mc.verify()).ok).toBe(true);
  const copied = JSON.parse((await mctl(['restore', lived.file, '--check', '--json'])).out) as {
    head: { seq: number; hash: string };
    blobs: number;
  };
  expect(copied.head.seq).toBeLessThan((await headOf(mc)).seq);
  await mc.endServer('SIGKILL');
  const dataDir = join(mc.dir, 'restored');
  // What was given out before is over after so long, and until then nothing is dispatched.
  const timing = { MC_LEASE_SECONDS: '5', MC_GRACE_SECONDS: '3' };
  const before = Date.now();
  const restored = await mctl(['restore', lived.file, '--data-dir', dataDir], timing);
  expect(restored).toMatchObject({ code: 0, err: '' });
  expect(restored.out).toContain('Verified: every invariant holds');
  expect(restored.out).toContain('1 attempt stopped without a retry spent');
  expect(restored.out).toContain('Dispatch begins 8 s from now');
  expect(restored.out).toMatch(/tokens revoked since then are valid again/);
  const again = await mctl(['restore', lived.file, '--data-dir', dataDir]);
  expect(again.code).toBe(3);
  expect(again.err).toContain('nothing is ever overwritten');
  const other = await start({ MC_DATA_DIR: dataDir });
  const held = await other.eventually(async () => {
    const dispatcher = await dispatcherOf(other);
    return dispatcher.lastTick === null ? undefined : dispatcher;
  }, 'its dispatcher has looked');
  if (Date.now() < before + 8000)
    expect(held).toMatchObject({
      state: 'standby',
      lastTick: { detail: expect.stringMatching(/^restored: dispatch begins at /) as string },
    });
  await expectFenced(other, lived);
  expect(Date.now()).toBeGreaterThan(before + 8000);
  const head = `${copied.head.seq}:${copied.head.hash}`;
  expect(await other.api.get('/verify', { query: { head } })).toMatchObject({ ok: true });
  const [artifact] = (await other.get(lived.running.key)).evidence;
  const content = await other.api.fetch('GET', `/evidence/${artifact?.id}/content`);
  expect(await content.text()).toBe('an artifact\n');
}, 120_000);

it('a backup that is cut off, changed, or none is refused by name, and nothing is made of it', async () => {
  const mc = await start({});
  await withSample(mc);
  for (let n = 0; n < 5; n += 1) await mc.ticket('worker', { status: 'backlog' });
  const file = join(mc.dir, 'one.backup');
  const access = { MC_DATA_DIR: mc.dataDir, MC_ADMIN_TOKEN: mc.token };
  expect((await mctl(['backup', file], access)).code).toBe(0);
  expect((await mctl(['backup', file], access)).err).toContain('is there already');
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  const packed = (...text: string[]): Buffer => gzipSync(`${text.join('\n')}\n`);
  const changed = lines.map((line) => line.replace('Make it good', 'Make it evil'));
  const cases: [string, Buffer, RegExp][] = [
    ['cut.backup', readFileSync(file).subarray(0, 900), /cut\.backup is cut off/],
    ['short.backup', packed(...lines.slice(0, -1)), /short\.backup is cut off: its last line is missing/],
    [
      'half.backup',
      packed(...lines.slice(0, 3), (lines[3] ?? '').slice(0, 40)),
      /half\.backup is cut off or was altered/,
    ],
    ['changed.backup', packed(...changed), /changed\.backup was altered/],
    ['less.backup', packed(...lines.filter((_, n) => n !== 2)), /less\.backup was altered/],
    ['none.backup', Buffer.from('hello'), /none\.backup was altered, or is no backup/],
    ['other.backup', packed('{"a":1}'), /other\.backup is no backup/],
  ];
  for (const [name, content, expected] of cases) {
    const bad = join(mc.dir, name);
    writeFileSync(bad, content);
    const dataDir = join(mc.dir, `from-${name}`);
    const refused = await mctl(['restore', bad, '--data-dir', dataDir]);
    expect(refused.code, name).toBe(3);
    expect(refused.err).toMatch(expected);
    expect(existsSync(join(dataDir, 'mission-control.db'))).toBe(false);
  }
  const inUse = await mctl(['restore', file, '--data-dir', mc.dataDir]);
  expect(inUse.code).toBe(3);
  expect(inUse.err).toMatch(/already runs on/);
});

it.skipIf(problem !== null)(
  'a backup of a server on PostgreSQL is restored there, and into the embedded database',
  async () => {
    const mc = await start({ MC_DATABASE_URL: await database.schema() });
    const lived = await liveAndBackUp(mc);
    await mc.endServer('SIGKILL');
    const empty = await database.schema();
    const dataDir = join(mc.dir, 'restored');
    const into = await mctl(['restore', lived.file, '--data-dir', dataDir], { MC_DATABASE_URL: empty });
    expect(into).toMatchObject({ code: 0, err: '' });
    const second = await mctl(['restore', lived.file, '--data-dir', dataDir], { MC_DATABASE_URL: empty });
    expect(second.err).toContain('nothing is ever overwritten');
    expect(second.err).not.toContain('secret');
    // As one that was broken off leaves it: no server takes it, and the same command makes it whole.
    const schema = /search_path=(\w+)/.exec(new URL(empty).searchParams.get('options') ?? '')?.[1];
    await database.query(`insert into ${schema}.settings (name, value) values ('unfinished', '1')`);
    await expect(start({ MC_DATA_DIR: dataDir, MC_DATABASE_URL: empty })).rejects.toThrow(
      /broken off before it was verified/,
    );
    const anew = await mctl(['restore', lived.file, '--data-dir', dataDir, '--at-once'], {
      MC_DATABASE_URL: empty,
    });
    expect(anew).toMatchObject({ code: 0, err: '' });
    const other = await start({ MC_DATA_DIR: dataDir, MC_DATABASE_URL: empty });
    await expectFenced(other, lived);
    const embedded = join(mc.dir, 'embedded');
    expect((await mctl(['restore', lived.file, '--data-dir', embedded, '--at-once'])).code).toBe(0);
    const third = await start({ MC_DATA_DIR: embedded });
    await expectFenced(third, lived);
  },
  180_000,
);

it.skipIf(problem !== null)(
  'an installation moves to PostgreSQL and back, its log the same, and nobody goes on in the old one by mistake',
  async () => {
    const mc = await start({});
    const lived = await liveAndBackUp(mc);
    const url = await database.schema();
    const env = { ...lived.access, MC_DATABASE_URL: url };
    const early = await mctl(['migrate-store', '--to', 'postgresql'], env);
    expect(early.err).toMatch(/already runs on/);
    const head = await headOf(mc);
    await proveByHand(mc, head);
    const once = { body: { project: 'MC', title: 'Told once' }, idempotencyKey: 'once' };
    const told = (await (await mc.api.fetch('POST', '/tickets', once)).json()) as Ticket;
    await mc.endServer('SIGTERM');
    const file = await mc.beside();
    const beside = await rowsBeside((sql) => file.rows(sql));
    await file.close();
    for (const table of ['output', 'idempotency', 'counters']) expect(beside[table], table).not.toEqual([]);
    const moved = await mctl(['migrate-store', '--to', 'postgresql', '--at-once'], env);
    expect(moved).toMatchObject({ code: 0, err: '' });
    const said = /the log head (\d+):([0-9a-f]{16}) is the same in both/.exec(moved.out);
    expect(Number(said?.[1])).toBeGreaterThanOrEqual(head.seq);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    expect(await rowsBeside(async (sql) => (await client.query<Row>(sql)).rows)).toEqual(beside);
    await client.end();
    const twice = await mctl(['migrate-store', '--to', 'postgresql'], env);
    expect(twice.err).toContain('was moved to the PostgreSQL database');
    await expect(mc.start()).rejects.toThrow(/was moved to the PostgreSQL database/);
    await mc.start({ MC_DATABASE_URL: url });
    // Whoever is at work there is seen, whether it dispatches or not.
    const served = await mctl(['migrate-store', '--to', 'sqlite'], {
      MC_DATA_DIR: join(mc.dir, 'too-early'),
      MC_DATABASE_URL: url,
    });
    expect(served).toMatchObject({ code: 3, err: expect.stringMatching(/A server still runs on/) as string });
    expect(await (await mc.api.fetch('POST', '/tickets', once)).json()).toEqual(told);
    const expected = { ...lived, after: { ...lived.after, token: 'mc_att_unknown' } };
    await expectFenced(mc, expected);
    await proveByHand(mc, head);
    const keys = async (): Promise<string[]> =>
      (await mc.api.get<Page<Ticket>>('/tickets', { query: { limit: 200, sort: 'created' } })).items.map(
        (t) => t.key,
      );
    const all = await keys();
    await mc.endServer('SIGTERM');
    // Back: into another directory's embedded database, as the old one is kept.
    const dataDir = join(mc.dir, 'back');
    const back = await mctl(['migrate-store', '--to', 'sqlite', '--data-dir', dataDir], {
      ...env,
      MC_DATA_DIR: dataDir,
    });
    expect(back).toMatchObject({ code: 0, err: '' });
    // Neither a server nor another move goes on from what was left.
    const again = await mctl(['migrate-store', '--to', 'sqlite'], {
      ...env,
      MC_DATA_DIR: join(mc.dir, 'again'),
    });
    expect(again).toMatchObject({
      code: 3,
      err: expect.stringMatching(
        /cannot be opened: This installation was moved to .*mission-control\.db/,
      ) as string,
    });
    await expect(mc.start({ MC_DATABASE_URL: url })).rejects.toThrow(/was moved to .*mission-control\.db/);
    await mc.start({ MC_DATA_DIR: dataDir });
    expect(await keys()).toEqual(all);
    await proveByHand(mc, head);
  },
  180_000,
);
