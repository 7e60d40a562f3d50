/** Two and three servers on one database: leaders that are killed and paused, a stream that goes on elsewhere, clocks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { parseEventStream } from '../../src/client/event-stream.ts';
import type { MissionControl } from '../harness/mission-control.ts';
import { PostgresServer } from '../harness/postgres-server.ts';
import { Fleet, GOOD, dispatcherOf, problem } from './support/fleet.ts';

let database: PostgresServer;
let fleet: Fleet;
beforeAll(async () => {
  if (problem === null) database = await PostgresServer.start();
}, 120_000);
afterAll(() => database?.dispose());
beforeEach(async () => {
  if (problem === null) fleet = await Fleet.on(database);
});
afterEach(() => fleet?.stop());

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function reviewed(mc: MissionControl, keys: string[], ms = 90_000): Promise<void> {
  for (const key of keys) await mc.inStatus(key, 'in_review', ms);
  for (const key of keys) {
    const submitted = (await mc.attempts(key)).filter((attempt) => attempt.outcome === 'submitted');
    expect(submitted, key).toHaveLength(1);
  }
}

describe.skipIf(problem !== null)('several servers', () => {
  it('the leader is killed: another dispatches, runners go to servers that answer, and no claim is made twice', async () => {
    const [one, two, three] = [await fleet.server(), await fleet.server(), await fleet.server()];
    await one.project();
    await one.profile('worker', `sleep 0.3; ${GOOD}`);
    const urls = [one.url, two.url, three.url];
    const far = await fleet.runner('far', urls);
    const near = await fleet.runner('near', urls.toReversed());
    const keys: string[] = [];
    for (let n = 0; n < 4; n += 1) keys.push((await one.ticket('worker')).key);
    const leader = await fleet.leader();
    const others = fleet.servers.filter((mc) => mc !== leader);
    await leader.endServer('SIGKILL');
    const [survivor] = others;
    if (!survivor) throw new Error('nobody is left');
    for (let n = 0; n < 4; n += 1) {
      const ticket = { project: 'MC', title: 'after', status: 'todo', profile: 'worker' };
      keys.push((await survivor.api.post<{ key: string }>('/tickets', ticket)).key);
    }
    await fleet.leader(others);
    await reviewed(survivor, keys);
    for (const runner of [far, near]) expect(runner.child?.exitCode).toBeNull();
    // Back at once, it stands by.
    await leader.start();
    expect(await dispatcherOf(leader)).not.toBe('leader');
    expect((await leader.get(keys[0] ?? '')).status).toBe('in_review');
  });

  it('the leader is paused for three leases and woken: it has lost its lead, and what it was about to write is refused', async () => {
    const [one, two] = [await fleet.server(), await fleet.server()];
    await one.project();
    await one.profile('worker', GOOD);
    const leader = await fleet.leader();
    const other = leader === one ? two : one;
    const first = await fleet.runner('first', [leader.url]);
    await fleet.runner('second', [other.url]);
    // Claims of the paused leader may be under way: they are what must not come late.
    const keys = await Promise.all(Array.from({ length: 6 }, async () => (await other.ticket('worker')).key));
    leader.server?.kill('SIGSTOP');
    // Told to a server that does not hear: it is done when that wakes, once.
    const late = new ApiClient(leader.url, leader.token).post<{ key: string }>(
      '/tickets',
      { project: 'MC', title: 'told to the paused one' },
      { timeoutMs: 90_000 },
    );
    const DISPATCH_LEASE_MS = 10_000;
    const paused = wait(3 * DISPATCH_LEASE_MS + 500);
    expect(await fleet.leader([other])).toBe(other);
    await reviewed(other, keys);
    await paused;
    const before = await other.api.get<{ dispatcher: { epoch: number } }>('/overview');
    leader.server?.kill('SIGCONT');
    await leader.eventually(
      async () => (await dispatcherOf(leader)) === 'standby',
      'it knows that it has lost its lead',
    );
    expect((await other.get((await late).key)).title).toBe('told to the paused one');
    const more = await Promise.all([one, two].map(async (mc) => (await mc.ticket('worker')).key));
    await reviewed(leader, more);
    const after = await other.api.get<{ dispatcher: { epoch: number; state: string } }>('/overview');
    expect(after.dispatcher).toMatchObject({ state: 'leader', epoch: before.dispatcher.epoch });
    expect(first.child?.exitCode).toBeNull();
  });

  it.each(['plan', 'before-commit', 'after-commit'])(
    'the leader freezes in the middle of a claim (%s): another makes it, and the first wakes up too late',
    async (point) => {
      const one = await fleet.server({
        MC_FAILPOINT: `${point}/attempt.offered:stop@1`,
        MC_OFFER_SECONDS: '5',
      });
      await one.project();
      await one.profile('worker', `echo "$MC_ATTEMPT" >> $OUT/worked-$MC_TICKET; ${GOOD}`);
      expect(await fleet.leader([one])).toBe(one);
      const two = await fleet.server({ MC_OFFER_SECONDS: '5' });
      await fleet.runner('far', [two.url]);
      const { key } = await two.ticket('worker');
      const pid = one.server?.pid ?? 0;
      await two.until(() => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), 'it is frozen', 30_000);
      // The transaction that it holds open is taken from it, and then its lead.
      expect(await fleet.leader([two])).toBe(two);
      await reviewed(two, [key]);
      const before = await two.get(key);
      one.server?.kill('SIGCONT');
      await two.eventually(
        async () => (await dispatcherOf(one)) === 'standby',
        'it has lost its lead',
        30_000,
      );
      const more = (await two.ticket('worker')).key;
      await reviewed(one, [key, more]);
      expect((await two.get(key)).version).toBeGreaterThanOrEqual(before.version);
      for (const each of [key, more]) expect(two.read(`worked-${each}`).trim().split('\n')).toHaveLength(1);
    },
    120_000,
  );

  it('a stream goes on from server to server without a gap and without a repetition, while all of them write', async () => {
    const [one, two] = [await fleet.server(), await fleet.server()];
    await one.project();
    const from = (await one.verify()).head.seq;
    let dead: MissionControl | null = null;
    /** @param seen goes on behind its last */
    const read = async (mc: MissionControl, seen: number[], isEnough: () => boolean): Promise<void> => {
      const abort = new AbortController();
      const query = { lastEventId: String(seen.at(-1) ?? from) };
      try {
        const response = await new ApiClient(mc.url, mc.token).download('GET', '/stream', {
          query,
          signal: abort.signal,
          timeoutMs: 60_000,
        });
        for await (const { id, event } of parseEventStream(response.body as never)) {
          expect(event).not.toBe('reset');
          if (id !== null) seen.push(Number(id));
          if (isEnough()) return;
        }
        throw new Error('the stream ended');
      } catch (error) {
        if (dead !== mc) throw error;
      } finally {
        abort.abort();
      }
    };
    let writing = true;
    const load = Array.from({ length: 24 }, async (_, n) => {
      const mc = n % 2 ? one : two;
      const api = new ApiClient(mc.url, mc.token);
      while (writing && dead !== mc)
        await api.post('/tickets', { project: 'MC', title: `of ${n}` }).catch((error: unknown) => {
          if (dead !== mc) throw error;
        });
    });
    const readers = [0, 1, 2, 3].map((n) => ({ n, seen: [] as number[] }));
    // Again and again, in the middle of what is written: each time there is something to catch up with.
    const hops = readers.map(async ({ n, seen }) => {
      for (let turn = 0; turn < 20; turn += 1) {
        const until = performance.now() + 150;
        await read((n + turn) % 2 ? one : two, seen, () => performance.now() > until);
      }
    });
    await Promise.all(hops);
    const killed = readers.map(({ seen }) => read(one, seen, () => false));
    const lengths = readers.map(({ seen }) => seen.length);
    await one.until(() => readers.every(({ seen }, n) => seen.length > (lengths[n] ?? 0)), 'they read');
    dead = one;
    await one.endServer('SIGKILL');
    await Promise.all(killed);
    await Promise.all(
      readers.map(({ seen }) => {
        const until = performance.now() + 1000;
        return read(two, seen, () => performance.now() > until);
      }),
    );
    writing = false;
    await Promise.all(load);
    const { head } = await two.verify();
    for (const { seen } of readers) {
      if (seen.at(-1) !== head.seq) await read(two, seen, () => seen.at(-1) === head.seq);
      expect(seen).toEqual(Array.from({ length: head.seq - from }, (_, n) => from + 1 + n));
    }
    await one.start();
  });

  it('clocks of servers and runners jump by hours, and no lease ends before its time, nor is anything done twice', async () => {
    const shift = fileURLToPath(new URL('support/shift-clock.mjs', import.meta.url));
    const one = await fleet.server();
    const clock = join(one.dir, 'clock');
    writeFileSync(clock, '0');
    const shifted = { NODE_OPTIONS: `--import=${shift}`, MC_TEST_CLOCK: clock };
    const two = await fleet.server(shifted);
    await one.project();
    await one.profile('worker', `while [ ! -e $OUT/go ]; do sleep 0.05; done; ${GOOD}`);
    const runner = await fleet.runner('far', [two.url]);
    const { key } = await one.ticket('worker');
    await one.inStatus(key, 'in_progress');
    await one.eventually(async () => (await one.attempts(key))[0]?.state === 'running', 'it runs');
    const HOUR_MS = 3_600_000;
    for (const hours of [5, -5, 24 * 365]) {
      writeFileSync(clock, String(hours * HOUR_MS));
      // Longer than lease and grace together.
      await wait(6000);
      expect((await one.attempts(key)).map(({ state }) => state)).toEqual(['running']);
    }
    one.touch('go');
    await reviewed(one, [key]);
    expect(await one.attempts(key)).toHaveLength(1);
    expect(runner.child?.exitCode).toBeNull();
    // What the server with the wrong clock writes down is dated by the database.
    const { createdAt } = await two.ticket('worker', { status: 'backlog' });
    expect(Math.abs(Date.parse(createdAt) - Date.now())).toBeLessThan(60_000);
  });
});
