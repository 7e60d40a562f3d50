/**
 * A network between runners and their server, and between servers and their database, that fails in each of its ways.
 * Safe throughout: no two agents work on one ticket at once, and nothing that was answered is lost. Live again once it heals.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { PostgresServer } from '../harness/postgres-server.ts';
import { Fleet, GOOD, LIVING, dispatcherOf, lastAlive, problem } from './support/fleet.ts';
import { RemoteRunner } from './support/remote-runner.ts';
import { TcpProxy, type Weather } from './support/tcp-proxy.ts';
import { UnrulyMail } from './support/unruly-mail.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const WEATHERS: Exclude<Weather, 'open'>[] = ['cut', 'deaf', 'mute', 'half-open', 'slow', 'flapping'];

describe('between a runner and its server', () => {
  it('whatever the network does, no two agents are at one ticket, and each ends with one result', async () => {
    const proxies = new Map<Weather, TcpProxy>();
    let url = '';
    for (const [seed, weather] of WEATHERS.entries())
      proxies.set(weather, await TcpProxy.open(() => url, seed + 1));
    const hosts = [...proxies.values()].map((proxy) => proxy.host).join(',');
    const mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_MAX_WORKERS: '20', MC_HOSTS: hosts } });
    const runners: RemoteRunner[] = [];
    try {
      await mc.start();
      url = mc.url;
      mc.makeRepository();
      await mc.profile('worker', `${LIVING} while [ ! -e $OUT/go-$MC_TICKET ]; do sleep 0.05; done; ${GOOD}`);
      const tickets = new Map<Weather, string>();
      // Each has a machine behind the weather, and one with a clear view that may go on with its work.
      for (const [n, weather] of WEATHERS.entries()) {
        const key = `W${n + 1}`;
        const proxy = proxies.get(weather);
        if (!proxy) throw new Error('no proxy');
        await mc.api.post('/projects', {
          key,
          name: weather,
          repository: { path: mc.repo },
          runnerLabels: [weather],
          limits: { maxAttempts: 5, backoffSeconds: 0 },
        });
        const runner = new RemoteRunner(mc, `behind-${weather}`);
        runners.push(await runner.start(proxy.url, '--labels', weather));
        const ticket = { project: key, title: weather, status: 'todo', profile: 'worker' };
        tickets.set(weather, (await mc.api.post<{ key: string }>('/tickets', ticket)).key);
      }
      for (const [weather, key] of tickets)
        await mc.until(() => lastAlive(mc, key, 1) !== null, `the agent behind ${weather} works`, 60_000);
      const clear = new RemoteRunner(mc, 'clear');
      runners.push(await clear.start(undefined, '--labels', WEATHERS.join(','), '--slots', '8'));
      for (const [weather, proxy] of proxies) proxy.weather = weather;
      // More than lease, grace and the reaper's look after it.
      await wait(9000);
      for (const proxy of proxies.values()) proxy.weather = 'open';
      for (const key of tickets.values()) mc.touch(`go-${key}`);
      for (const [weather, key] of tickets) {
        expect(proxies.get(weather)?.lost, weather).toBeGreaterThan(0);
        await mc.inStatus(key, 'in_review', 60_000);
        const attempts = await mc.attempts(key);
        expect(
          attempts.filter(({ outcome }) => outcome === 'submitted'),
          weather,
        ).toHaveLength(1);
        if (weather === 'cut' || weather === 'half-open' || weather === 'mute')
          expect(attempts[0], weather).toMatchObject({
            outcome: expect.stringMatching(/lost|stopped/) as string,
          });
      }
      // The last word of an earlier agent is older than the first word of the next one: agents say when they begin, too.
      for (const key of tickets.values()) {
        for (const { number, runner, startedAt } of await mc.attempts(key)) {
          if (number === 1 || startedAt === null) continue;
          const before = lastAlive(mc, key, number - 1);
          const began = BigInt(Date.parse(startedAt)) * 1_000_000n;
          if (before !== null) expect(before < began, `${key} ${number} on ${runner}`).toBe(true);
        }
      }
      const { ok, invariants } = await mc.verify();
      expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
      expect(ok).toBe(true);
    } finally {
      for (const proxy of proxies.values()) proxy.weather = 'open';
      for (const runner of runners) await runner.stop();
      await mc.stop();
      for (const proxy of proxies.values()) await proxy.close();
    }
  }, 180_000);

  it('messages that are lost, doubled, late or come again long after have each their effect once', async () => {
    let url = '';
    const mail = await UnrulyMail.open(() => url, Number(process.env['MC_SEED'] ?? 4831));
    const mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_HOSTS: mail.host } });
    const runner = new RemoteRunner(mc, 'far');
    try {
      await mc.start();
      url = mc.url;
      await mc.project({ limits: { maxAttempts: 10, backoffSeconds: 0 } });
      await mc.profile('worker', `echo "$MC_TICKET $MC_ATTEMPT" >> $OUT/worked; ${GOOD}`);
      mail.isCalm = true;
      await runner.start(`http://${mail.host}`);
      mail.isCalm = false;
      const keys: string[] = [];
      for (let n = 0; n < 6; n += 1) keys.push((await mc.ticket('worker')).key);
      for (const key of keys) await mc.inStatus(key, 'in_review', 120_000);
      expect(Math.min(...Object.values(mail.did)), JSON.stringify(mail.did)).toBeGreaterThan(0);
      mail.isCalm = true;
      for (const key of keys) {
        await mc.settled(key);
        const submitted = (await mc.attempts(key)).filter(({ outcome }) => outcome === 'submitted');
        expect(submitted, key).toHaveLength(1);
      }
      // Each attempt's agent was started once, however often its offer arrived.
      const worked = mc.read('worked').split('\n');
      expect(new Set(worked).size).toBe(worked.length);
      const { ok, invariants } = await mc.verify();
      expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
      expect(ok).toBe(true);
    } finally {
      await runner.stop();
      await mc.stop();
      mail.close();
    }
  }, 180_000);
});

describe.skipIf(problem !== null)('between a server and its database', () => {
  let database: PostgresServer;
  let fleet: Fleet;
  beforeAll(async () => {
    database = await PostgresServer.start();
  }, 120_000);
  afterAll(() => database?.dispose());
  beforeEach(async () => {
    fleet = await Fleet.on(database);
  });
  afterEach(() => fleet.stop());

  it.each(['cut', 'deaf', 'mute', 'half-open', 'flapping', 'slow'] as const)(
    'a leader whose way to it is %s loses its lead to the other, says 503, and serves again when it heals',
    async (weather) => {
      const proxy = await TcpProxy.open(() => fleet.url.replace('postgres://', 'http://'), 7);
      fleet.closes(() => proxy.close());
      const behind = await fleet.server({ MC_DATABASE_URL: proxy.through(fleet.url) });
      await behind.project();
      await behind.profile('worker', GOOD);
      expect(await fleet.leader([behind])).toBe(behind);
      const clear = await fleet.server();
      await fleet.runner('far', [clear.url]);
      const answered: string[] = [];
      const refused: number[] = [];
      let writing = true;
      const load = (async () => {
        const api = new ApiClient(behind.url, behind.token);
        while (writing) {
          const ticket = { project: 'MC', title: 'under weather' };
          const key = await api.post<{ key: string }>('/tickets', ticket, { timeoutMs: 60_000 }).then(
            (made) => made.key,
            (error: { status?: number }) => {
              refused.push(error.status ?? 0);
              return null;
            },
          );
          if (key !== null) answered.push(key);
          await wait(50);
        }
      })();
      await behind.until(() => answered.length > 3, 'it writes');
      proxy.weather = weather;
      if (weather !== 'flapping' && weather !== 'slow') {
        expect(await fleet.leader([clear])).toBe(clear);
        const { key } = await clear.ticket('worker');
        await clear.inStatus(key, 'in_review', 60_000);
      } else await wait(8000);
      expect(proxy.lost).toBeGreaterThan(0);
      proxy.weather = 'open';
      const before = answered.length;
      await clear.until(() => answered.length > before + 3, 'it writes again', 60_000);
      writing = false;
      await load;
      expect(refused.every((status) => status === 503)).toBe(true);
      const ready = await behind.eventually(
        async () => (await behind.api.fetch('GET', '//readyz')).status === 200,
        'it is ready',
        60_000,
      );
      expect(ready).toBe(true);
      for (const key of answered) expect((await clear.get(key)).key).toBe(key);
      expect(new Set(answered).size).toBe(answered.length);
      expect(['leader', 'standby']).toContain(await dispatcherOf(behind));
    },
    120_000,
  );

  it.each(['forgotten', 'forgotten-answers'] as const)(
    'connections that the network has silently %s are given up within seconds, and work goes on',
    async (weather) => {
      const proxy = await TcpProxy.open(() => fleet.url.replace('postgres://', 'http://'), 7);
      fleet.closes(() => proxy.close());
      const behind = await fleet.server({ MC_DATABASE_URL: proxy.through(fleet.url) });
      await behind.project();
      await behind.profile('worker', GOOD);
      expect(await fleet.leader([behind])).toBe(behind);
      const clear = await fleet.server();
      await fleet.runner('far', [behind.url]);
      const answered: string[] = [];
      const reads: number[] = [];
      const failed: number[] = [];
      let writing = true;
      const count = (error: { status?: number }): void => {
        failed.push(error.status ?? 0);
      };
      const writer = async (): Promise<void> => {
        const api = new ApiClient(behind.url, behind.token);
        while (writing) {
          const ticket = { project: 'MC', title: 'under weather' };
          const made = api.post<{ key: string }>('/tickets', ticket, { timeoutMs: 60_000 });
          await made.then(({ key }) => answered.push(key)).catch(count);
          await wait(20);
        }
      };
      const reader = async (): Promise<void> => {
        const api = new ApiClient(behind.url, behind.token);
        while (writing) {
          await api.get('/tickets?limit=5', { timeoutMs: 60_000 }).then(() => reads.push(0), count);
          await wait(20);
        }
      };
      // As many readers as make it use all of its connections.
      const load = Promise.all([writer(), writer(), ...Array.from({ length: 12 }, reader)]);
      const tookMs: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        const before = answered.length;
        await behind.until(() => answered.length > before + 3, 'it writes');
        proxy.weather = weather;
        const [writes, looks, began] = [answered.length, reads.length, performance.now()];
        // Those under way when it began may have been answered in time.
        await behind.until(
          () => answered.length > writes + 4 && reads.length > looks + 24,
          'it answers again',
          60_000,
        );
        tookMs.push(performance.now() - began);
      }
      const { key } = await behind.ticket('worker');
      await behind.inStatus(key, 'in_review', 60_000);
      writing = false;
      await load;
      expect(proxy.lost).toBeGreaterThan(0);
      // A query's time limit is 35 s.
      expect(Math.max(...tookMs)).toBeLessThan(20_000);
      expect(failed.every((status) => status === 503)).toBe(true);
      expect(new Set(answered).size).toBe(answered.length);
      for (const made of answered) expect((await clear.get(made)).key).toBe(made);
      const { items } = await clear.api.get<{ items: { key: string }[] }>('/tickets?limit=200');
      const unasked = items.filter((ticket) => ticket.key !== key && !answered.includes(ticket.key));
      expect(unasked.length).toBeLessThanOrEqual(failed.length);
    },
    120_000,
  );

  it('the database is stopped at once under the load of two servers, and every answered change is there', async () => {
    const [one, two] = [await fleet.server(), await fleet.server()];
    await one.project();
    await one.profile('worker', GOOD);
    await fleet.runner('far', [one.url, two.url]);
    await fleet.runner('near', [two.url, one.url]);
    const answered: string[] = [];
    let writing = true;
    const loads = [one, two].map(async (mc) => {
      while (writing) {
        const ticket = { project: 'MC', title: 'under load', profile: 'worker' };
        await mc.api
          .post<{ key: string }>('/tickets', ticket, { timeoutMs: 60_000 })
          .then(({ key }) => answered.push(key))
          .catch(() => undefined);
        await wait(20);
      }
    });
    const { key } = await two.ticket('worker');
    for (let round = 0; round < 2; round += 1) {
      const before = answered.length;
      await one.until(() => answered.length > before + 10, 'both write');
      await database.stopImmediately();
      await wait(500);
      await database.startAgain();
    }
    const before = answered.length;
    await one.until(() => answered.length > before + 10, 'both write again', 60_000);
    writing = false;
    await Promise.all(loads);
    await one.inStatus(key, 'in_review', 60_000);
    for (const made of answered) expect((await two.get(made)).key).toBe(made);
    expect(new Set(answered).size).toBe(answered.length);
  }, 120_000);
});
