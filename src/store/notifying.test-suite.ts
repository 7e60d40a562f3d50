/** What every store must do with notifications: plan them once, deliver each by one sender, hold and let go. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StoreUnderTest, append, event } from './testing/store-under-test.ts';
import type { DeliveryRow, DestinationRow, NotificationRow, NotifyPlan, Store } from './port.ts';

const row = (id: string, seq: number, over: Partial<NotificationRow> = {}): NotificationRow => ({
  id,
  seq,
  key: id,
  matter: `inbox:${id}`,
  kind: 'question',
  project: 'MC',
  ticket: 'MC-1',
  title: `${id} asks`,
  text: 'Which?',
  path: '/inbox/x',
  actor: { kind: 'control_plane', id: 'mission-control' },
  at: 100,
  settled: null,
  ...over,
});
const destination = (id: string, kind: DestinationRow['kind']): DestinationRow => ({
  id,
  kind,
  person: kind === 'push' ? 'ada' : null,
  token: kind === 'push' ? 'tok_1' : null,
  name: id,
  target: { url: 'https://x.example/' },
  createdAt: 1,
  notBefore: 0,
  failures: 0,
  failingSince: null,
  lastOkAt: null,
  detail: null,
});
const to = (id: string, state: 'waiting' | 'held' = 'waiting', nextAt = 100) => ({
  destination: id,
  state,
  nextAt,
});
const plan = (over: Partial<NotifyPlan>): NotifyPlan => ({ from: 0, to: 1, told: [], settled: [], ...over });
const summary = (rows: readonly DeliveryRow[]): string[] =>
  rows.map((d) => `${d.notification} ${d.part} ${d.state}`).sort();
const words = (held: readonly NotificationRow[]): string => held.map(({ id }) => id).join(' ');

export function notifyingConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} that notifies`, () => {
    let t: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      t = await open();
      store = t.store;
    });
    afterEach(() => t.dispose());

    it('begins to read a new log at its beginning, and gives the wanted types of events only', async () => {
      expect(await store.notifyCursor()).toBe(0);
      await store.commit(append('a', 0, event('x'), event('y'), event('x'), event('z')));
      const found = await store.eventsOfTypes(['x', 'z'], 0, 3, 10);
      expect(found.map(({ seq, type }) => [seq, type])).toEqual([
        [1, 'x'],
        [3, 'x'],
      ]);
      expect(await store.eventsOfTypes(['x', 'z'], 1, 4, 1)).toHaveLength(1);
    });

    it('plans from one position once, whoever else has read the same', async () => {
      await store.saveDestination(destination('whk', 'webhook'));
      const same = plan({ told: [{ notification: row('n1', 1), deliveries: [to('whk')] }] });
      const results = await Promise.all([store.planNotifications(same), store.planNotifications(same)]);
      expect(results.sort((a, b) => Number(a) - Number(b))).toEqual([false, true]);
      expect(await store.notifyCursor()).toBe(1);
      expect((await store.notifications({ limit: 10 })).map(({ id }) => id)).toEqual(['n1']);
      expect(await store.deliveriesTo('whk', 10)).toHaveLength(1);
    });

    it('tells a key once, and leaves out what would go with it', async () => {
      await store.saveDestination(destination('whk', 'webhook'));
      const told = (id: string) => [{ notification: row(id, 1, { key: 'same' }), deliveries: [to('whk')] }];
      await store.planNotifications(plan({ told: told('n1') }));
      expect(await store.planNotifications(plan({ from: 1, to: 2, told: told('n2') }))).toBe(true);
      expect(summary(await store.deliveriesTo('whk', 10))).toEqual(['n1 new waiting']);
      expect(await store.notification('n2')).toBeNull();
    });

    it('gives the newest first, page by page', async () => {
      const told = [1, 2, 3].map((seq) => ({ notification: row(`n${seq}`, seq), deliveries: [] }));
      await store.planNotifications(plan({ to: 3, told }));
      expect((await store.notifications({ limit: 2 })).map(({ id }) => id)).toEqual(['n3', 'n2']);
      expect((await store.notifications({ before: 2, limit: 2 })).map(({ id }) => id)).toEqual(['n1']);
      expect(await store.notification('n2')).toEqual(row('n2', 2));
    });

    it('lets one sender have a delivery, and writes what only that one found out', async () => {
      await store.saveDestination(destination('whk', 'webhook'));
      await store.planNotifications(
        plan({ told: [{ notification: row('n1', 1), deliveries: [to('whk')] }] }),
      );
      const [due] = await store.dueDeliveries(100, 10);
      if (!due) throw new Error('nothing is due');
      expect(
        (await Promise.all([store.claimDelivery(due, 500), store.claimDelivery(due, 500)])).sort(
          (a, b) => Number(a) - Number(b),
        ),
      ).toEqual([false, true]);
      expect(await store.dueDeliveries(499, 10)).toEqual([]);
      expect(await store.nextDeliveryAt(100)).toBe(500);
      // Its sender has died; another takes it, and the first one wakes up again.
      const [again] = await store.dueDeliveries(500, 10);
      if (!again) throw new Error('it is not due again');
      expect(again.tries).toBe(1);
      expect(await store.claimDelivery(again, 900)).toBe(true);
      const sent = { state: 'sent' as const, answer: 'HTTP 200', at: 600, nextAt: 600 };
      await store.finishDelivery({ ...due, tries: 1 }, { ...sent, state: 'given_up' }, null);
      await store.finishDelivery({ ...again, tries: 2 }, sent, {
        notBefore: 0,
        failures: 0,
        failingSince: null,
        lastOkAt: 600,
        detail: null,
      });
      const [after] = await store.deliveriesTo('whk', 10);
      expect(after).toMatchObject({ state: 'sent', tries: 2, answer: 'HTTP 200', doneAt: 600 });
      expect((await store.destinations())[0]).toMatchObject({ lastOkAt: 600 });
      expect(await store.nextDeliveryAt(0)).toBeNull();
    });

    it('leaves a failing destination alone for as long as it says, and others not', async () => {
      await store.saveDestination(destination('bad', 'webhook'));
      await store.saveDestination({ ...destination('good', 'webhook'), createdAt: 2 });
      const told = [1, 2].map((seq) => ({
        notification: row(`n${seq}`, seq, { at: 100 + seq }),
        deliveries: [to('bad'), to('good')],
      }));
      await store.planNotifications(plan({ to: 2, told }));
      const [first] = (await store.dueDeliveries(100, 10)).filter((d) => d.destination === 'bad');
      if (!first) throw new Error('nothing is due');
      await store.claimDelivery(first, 130);
      const failed = { state: 'waiting' as const, answer: 'HTTP 500', at: 110, nextAt: 900 };
      const fared = { notBefore: 900, failures: 1, failingSince: 110, lastOkAt: null, detail: 'HTTP 500' };
      await store.finishDelivery({ ...first, tries: 1 }, failed, fared);
      expect((await store.dueDeliveries(500, 10)).map((d) => `${d.destination} ${d.notification}`)).toEqual([
        'good n1',
        'good n2',
      ]);
      expect(await store.nextDeliveryAt(500)).toBe(900);
      expect((await store.dueDeliveries(900, 10)).map((d) => d.notification)).toEqual([
        'n1',
        'n1',
        'n2',
        'n2',
      ]);
    });

    it('takes back from a device what is settled, drops what has not gone, and tells a webhook all the same', async () => {
      await store.saveDestination(destination('dev', 'push'));
      await store.saveDestination(destination('late', 'push'));
      await store.saveDestination(destination('whk', 'webhook'));
      const deliveries = [to('dev'), to('late', 'held', 5000), to('whk')];
      await store.planNotifications(plan({ told: [{ notification: row('n1', 1), deliveries }] }));
      const sent = (await store.dueDeliveries(100, 10)).find((d) => d.destination === 'dev');
      if (!sent) throw new Error('nothing is due');
      await store.claimDelivery(sent, 500);
      await store.finishDelivery(
        { ...sent, tries: 1 },
        { state: 'sent', answer: '', at: 1, nextAt: 1 },
        null,
      );
      const settled = [{ matter: 'inbox:n1', by: 'grace', how: 'answer', at: 200, seq: 2 }];
      await store.planNotifications(plan({ from: 1, to: 2, settled }));
      expect((await store.notification('n1'))?.settled).toEqual({ at: 200, by: 'grace', how: 'answer' });
      expect(summary(await store.deliveriesTo('dev', 10))).toEqual(['n1 new sent', 'n1 settled waiting']);
      expect(summary(await store.deliveriesTo('late', 10))).toEqual(['n1 new dropped']);
      expect(summary(await store.deliveriesTo('whk', 10))).toEqual(['n1 new waiting']);
    });

    it('settles what was told before, and not what comes back after', async () => {
      const told = [
        { notification: row('n1', 1, { matter: 'alert:a' }), deliveries: [] },
        { notification: row('n3', 3, { matter: 'alert:a' }), deliveries: [] },
      ];
      const settled = [{ matter: 'alert:a', by: 'operator', how: 'resolved', at: 200, seq: 2 }];
      await store.planNotifications(plan({ to: 3, told, settled }));
      expect((await store.notification('n1'))?.settled).not.toBeNull();
      expect((await store.notification('n3'))?.settled).toBeNull();
    });

    it('lets go what was held: one as it is, several as one, settled ones not, and all of it once', async () => {
      for (const id of ['one', 'many', 'none']) await store.saveDestination(destination(id, 'push'));
      const told = [1, 2, 3].map((seq) => ({
        notification: row(`n${seq}`, seq, { at: 100 + seq }),
        deliveries: [
          ...(seq === 1 ? [to('none', 'held', 1000), to('many', 'held', 1000)] : []),
          ...(seq === 2 ? [to('one', 'held', 1000), to('many', 'held', 1000)] : []),
          ...(seq === 3 ? [to('many', 'held', 1000)] : []),
        ],
      }));
      const settled = [{ matter: 'inbox:n1', by: 'grace', how: 'answer', at: 200, seq: 4 }];
      await store.planNotifications(plan({ to: 4, told, settled }));
      await store.releaseHeld(999, words);
      expect(await store.dueDeliveries(2000, 10)).toEqual([]);
      expect(await store.nextDeliveryAt(5000)).toBe(1000);
      await Promise.all([store.releaseHeld(1000, words), store.releaseHeld(1000, words)]);
      expect(summary(await store.deliveriesTo('one', 10))).toEqual(['n2 new waiting']);
      expect(summary(await store.deliveriesTo('many', 10))).toEqual([
        'n1 new dropped',
        'n2 digest waiting',
        'n2 new dropped',
        'n3 new dropped',
      ]);
      const digest = (await store.dueDeliveries(1000, 10)).find((d) => d.part === 'digest');
      expect(digest?.body).toBe('n2 n3');
      expect(summary(await store.deliveriesTo('none', 10))).toEqual(['n1 new dropped']);
    });

    it('forgets a destination with what was to go there', async () => {
      await store.saveDestination(destination('dev', 'push'));
      await store.planNotifications(
        plan({ told: [{ notification: row('n1', 1), deliveries: [to('dev')] }] }),
      );
      await store.removeDestination('dev', 300);
      expect(await store.destinations()).toEqual([]);
      expect(await store.dueDeliveries(1000, 10)).toEqual([]);
      expect(summary(await store.deliveriesTo('dev', 10))).toEqual(['n1 new dropped']);
    });

    it('keeps what a person has read, and loses no mark of two devices at once', async () => {
      expect(await store.readMarks('ada')).toEqual({ version: 0, until: 0, also: [] });
      const marks = { until: 3, also: ['n5'] };
      const both = await Promise.all([
        store.saveReadMarks('ada', 0, marks),
        store.saveReadMarks('ada', 0, { until: 2, also: [] }),
      ]);
      expect(both.sort((a, b) => Number(a) - Number(b))).toEqual([false, true]);
      expect(await store.saveReadMarks('ada', 1, marks)).toBe(true);
      expect(await store.saveReadMarks('ada', 1, marks)).toBe(false);
      expect(await store.readMarks('ada')).toEqual({ version: 2, ...marks });
    });

    it('forgets notifications after a month, but nothing that is still to be sent', async () => {
      const MONTH_MS = 30 * 86_400_000;
      await store.saveDestination(destination('whk', 'webhook'));
      await store.planNotifications(
        plan({ told: [{ notification: row('n1', 1), deliveries: [to('whk')] }] }),
      );
      await store.prune(MONTH_MS + 100);
      expect(await store.notification('n1')).not.toBeNull();
      await store.prune(MONTH_MS + 101);
      expect(await store.notification('n1')).toBeNull();
      expect(await store.deliveriesTo('whk', 10)).toHaveLength(1);
    });
  });
}
