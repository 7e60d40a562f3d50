/** Several servers on one database tell everything once between them, also when the one that sends is killed. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PushKey } from '../../src/contract/notify-shapes.ts';
import { PostgresServer } from '../harness/postgres-server.ts';
import { Receiver } from '../harness/receivers.ts';
import { Fleet, problem } from './support/fleet.ts';

describe.skipIf(problem !== null)('servers that notify', () => {
  let database: PostgresServer;
  let fleet: Fleet;
  let hook: Receiver;
  beforeAll(async () => {
    database = await PostgresServer.start();
  });
  afterAll(() => database.dispose());
  afterEach(async () => {
    await fleet.stop();
    await hook.stop();
  });

  it('send each notification once, by whichever of them, and all of it when one is killed', async () => {
    hook = await new Receiver().start();
    fleet = await Fleet.on(database);
    const env = { MC_NOTIFY_HOSTS: '127.0.0.1' };
    const [one, two] = [await fleet.server(env), await fleet.server(env)];
    await one.project({ completion: { requires: ['signal'] } });
    await one.api.post('/webhooks', { name: 'chat', url: `${hook.url}/hook`, kinds: ['paused'] });
    // A change on either, again and again: both see each event, and one of them tells it.
    const rounds = 10;
    for (let n = 0; n < rounds; n += 1) {
      const mc = n % 2 === 0 ? one : two;
      await mc.api.post('/pause', { paused: true, reason: `round ${n}` });
      await mc.api.post('/pause', { paused: false });
    }
    await one.until(() => hook.received.length >= 2 * rounds, 'all of it arrived', 60_000);
    // Time for a second one of any of them to arrive.
    await two.verify();
    expect(hook.received).toHaveLength(2 * rounds);
    const reasons = hook.messages.map(({ data }) => String(data['text']));
    expect(reasons.filter((text) => text.startsWith('round'))).toEqual(
      Array.from({ length: rounds }, (_, n) => `round ${n}`),
    );
    // Both sign pushes with one key.
    const [first, second] = await Promise.all(
      [one, two].map((mc) => mc.api.get<PushKey>('/notifications/push-key')),
    );
    expect(first).toEqual(second);

    await one.endServer('SIGKILL');
    await two.api.post('/pause', { paused: true, reason: 'after the end of one' });
    await two.until(
      () => hook.messages.some(({ data }) => data['text'] === 'after the end of one'),
      'the other goes on',
      60_000,
    );
    const ids = new Map<unknown, string>();
    for (const { id, data } of hook.messages) {
      expect(ids.get(data['event']) ?? id).toBe(id);
      ids.set(data['event'], id);
    }
    await two.api.post('/pause', { paused: false });
  }, 180_000);
});
