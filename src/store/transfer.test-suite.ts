/** What every store must do when it is copied, filled from a copy, or of an older schema; and with bundles. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadTarget } from './load-target.ts';
import { RESTORED, type Store, type TablePage } from './port.ts';
import { ticketPlan } from './finding-tickets.test-suite.ts';
import { type StoreUnderTest, append, event } from './testing/store-under-test.ts';

export function transferConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} that is copied`, () => {
    let t: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      t = await open();
      store = t.store;
    });
    afterEach(() => t.dispose());

    describe('a copy', () => {
      const copyOf = async (from: Store) => {
        const dump = await from.dump();
        const pages: TablePage[] = [];
        for await (const page of dump.pages()) pages.push(page);
        await dump.close();
        return {
          ...dump,
          pages: async function* () {
            yield* pages;
          },
        };
      };
      const fill = async (target: LoadTarget, from: Store, holdMs = 0): Promise<void> => {
        const copy = await copyOf(from);
        await target.load({ schema: copy.schema, at: copy.at, pages: copy.pages(), holdMs, move: null });
      };

      it('is of one moment, whatever is written while it is taken', async () => {
        for (let n = 0; n < 300; n += 1) await store.commit(append(`s${n}`, 0, event('x', { n })));
        const dump = await store.dump();
        expect(dump.head).toEqual(await store.head());
        await store.commit(append('late', 0, event('x')));
        const events: unknown[] = [];
        for await (const { table, rows } of dump.pages()) {
          await store.commit(append(`during ${table} ${events.length}`, 0, event('x')));
          if (table === 'events') events.push(...rows.map((row) => row['seq']));
        }
        await dump.close();
        expect(events).toHaveLength(300);
        expect(Math.max(...events.map(Number))).toBe(300);
      });

      it('is the same log and the same rows in another database', async () => {
        const { plan } = ticketPlan('MC-1');
        await store.commit(plan);
        await store.nextNumber('ticket:MC');
        const secret = await store.secret('s');
        await store.appendOutput('o', [{ seq: 1, at: 1, stream: 'out', text: 'line\n' }]);
        await store.recordUsage(
          { attempt: 'a', fence: 1, project: 'MC', cost: { usd: 0.1, inputTokens: 3, outputTokens: 4 } },
          7,
        );
        const { target, open } = await t.another();
        expect(await target.state()).toBe('empty');
        await fill(target, store);
        await target.finish();
        expect(await target.state()).toBe('full');
        const other = await open();
        expect(await other.head()).toEqual(await store.head());
        expect(await other.eventsAfter(0, 100)).toEqual(await store.eventsAfter(0, 100));
        expect(await other.ticket('MC-1')).toEqual(await store.ticket('MC-1'));
        expect(await other.secret('s')).toBe(secret);
        expect(await other.nextNumber('ticket:MC')).toBe(2);
        expect(await other.output('o', 0, 10)).toEqual(await store.output('o', 0, 10));
        expect(await other.usageOf('a')).toEqual(await store.usageOf('a'));
        expect(await other.commit(append('a', 0, event('x')))).toEqual({ committed: true });
        await other.close();
      });

      it('is opened by no server before it is finished, and taken from the start when it was broken off', async () => {
        await store.commit(append('a', 0, event('x')));
        const { target, open } = await t.another();
        await fill(target, store);
        expect(await target.state()).toBe('half');
        await expect(open()).rejects.toThrow(/broken off before it was verified/);
        const unfinished = await open(true);
        await unfinished.commit(append('b', 0, event('y')));
        await unfinished.close();
        await fill(target, store);
        await target.finish();
        const other = await open();
        expect(await other.head()).toEqual(await store.head());
        await other.close();
      });

      it('of an older schema is brought up to this one, with its log in order', async () => {
        await store.commit(ticketPlan('MC-1').plan);
        // More streams than one, so that their events lie between one another's.
        for (let n = 0; n < 3; n += 1)
          for (const stream of ['b', 'a']) await store.commit(append(stream, n, event('x', { n })));
        const copy = await copyOf(store);
        const { target, open } = await t.another();
        await target.load({ schema: 2, at: copy.at, pages: copy.pages(), holdMs: 0, move: null });
        await target.finish();
        const other = await open();
        expect(await other.head()).toEqual(await store.head());
        expect(await other.eventsAfter(0, 100)).toEqual(await store.eventsAfter(0, 100));
        expect(await other.streamEvents('a', 1, 100)).toEqual(await store.streamEvents('a', 1, 100));
        expect(await other.ticket('MC-1')).toEqual(await store.ticket('MC-1'));
        expect(await other.commit(append('a', 2, event('x')))).toEqual({
          committed: false,
          conflict: { kind: 'stream', stream: 'a' },
        });
        expect(await other.commit(append('a', 3, event('x')))).toEqual({ committed: true });
        await other.close();
      });

      it('leaves nothing of a dump that broke off', async () => {
        const copy = await copyOf(store);
        const { target, open } = await t.another();
        expect(await target.halfOf()).toBeNull();
        async function* broken() {
          yield* copy.pages();
          throw new Error('the source is gone');
        }
        await expect(
          target.load({ schema: copy.schema, at: copy.at, pages: broken(), holdMs: 0, move: 'mov_1' }),
        ).rejects.toThrow(/source is gone/);
        expect(await target.state()).toBe('half');
        expect(await target.halfOf()).toBe('mov_1');
        await fill(target, store);
        expect(await target.halfOf()).toBeNull();
        await target.finish();
        expect(await target.state()).toBe('full');
        await (await open()).close();
      });

      it('raises every number past what may have been given since, twice as much as once', async () => {
        const work = {
          id: 'w1',
          kind: 'verify' as const,
          ticket: 'MC-1',
          attempt: 'a1',
          key: 'verify:a1',
          createdAt: 1,
          wantsRunner: null,
        };
        await store.commit({ appends: [], rows: [], effects: [{ effect: 'work_add', work }] });
        await store.takeWork('w1', 'r1', 60_000);
        const { lease } = await store.acquireLease('dispatch', 'old', 60_000);
        await store.commit({
          appends: [],
          rows: [],
          effects: [{ effect: 'lease_set', name: 'attempt:a1', holder: 'r1', epoch: 7, ttlMs: 60_000 }],
        });
        const { target, open } = await t.another();
        await fill(target, store);
        await target.finish();
        const other = await open();
        expect(await other.fenceFloor()).toBeGreaterThan(1_000_000);
        // What the old dispatcher and the old runner held, they hold no more.
        expect(await other.renewLease('dispatch', 'old', lease.epoch, 1000)).toBe(false);
        expect(await other.renewLease('attempt:a1', 'r1', 7, 1000)).toBe(false);
        const next = await other.acquireLease('dispatch', 'new', 60_000);
        expect(next.acquired).toBe(true);
        expect(next.lease.epoch).toBeGreaterThan(lease.epoch + 1_000_000);
        expect(await other.offerableWork('r1', ['verify'], 10)).toEqual([]);
        expect(await other.workOfRunner('r1')).toEqual([]);
        const second = await t.another();
        await fill(second.target, other);
        await second.target.finish();
        const third = await second.open();
        expect(await third.fenceFloor()).toBeGreaterThan((await other.fenceFloor()) + 999_999);
        await other.close();
        await third.close();
      });

      it('counts the silence of its runners from now on, and offers them nothing before they register', async () => {
        await store.seen('r1', 1000, false);
        const { target, open } = await t.another();
        const began = Date.now();
        await fill(target, store);
        await target.finish();
        const other = await open();
        const [presence] = await other.presences();
        expect(presence).toMatchObject({ runner: 'r1', draining: true });
        expect(presence?.seenAt).toBeGreaterThanOrEqual(began);
        await other.close();
      });

      it('lets nobody dispatch while what was given out before may still run', async () => {
        await store.acquireLease('dispatch', 'old', 60_000);
        const { target, open } = await t.another();
        const began = Date.now();
        await fill(target, store, 90_000);
        await target.finish();
        const other = await open();
        const refused = await other.acquireLease('dispatch', 'new', 60_000);
        expect(refused).toMatchObject({ acquired: false, lease: { holder: RESTORED } });
        expect(refused.lease.expiresAt).toBeGreaterThanOrEqual(began + 90_000);
        expect(refused.lease.expiresAt).toBeLessThanOrEqual(Date.now() + 90_000);
        await other.close();
      });

      it('takes no table and no column that is not its own', async () => {
        const { target } = await t.another();
        for (const page of [
          { table: 'sqlite_master', rows: [{ a: 1 }] },
          { table: 'settings', rows: [{ 'name") values (1); --': 1 }] },
        ]) {
          async function* pages() {
            yield page;
          }
          await expect(
            target.load({ schema: 2, at: 0, pages: pages(), holdMs: 0, move: null }),
          ).rejects.toThrow(/there is no table|has no column/);
        }
      });
    });

    describe('an older schema', () => {
      /** What later steps have made is not there in the first one. */
      const asFirst = async (): Promise<void> => {
        for (const table of ['notifications', 'destinations', 'deliveries', 'reads', 'bundles', 'comments'])
          await t.execute(`drop table ${table}`);
        await t.execute('drop table if exists blobs');
        await t.execute('drop index tickets_created');
        await t.execute(
          'create table streams (stream text primary key, version bigint not null, hash text not null)',
        );
        await t.execute('create index credentials_attempt on credentials (attempt)');
        await t.execute('create index attempts_ended on attempts (ended_at)');
        await t.execute('create index attempts_runner on attempts (runner, state)');
        await t.execute(`delete from settings where name = 'notify_cursor'`);
        await t.execute(`update settings set value = '1' where name = 'schema_version'`);
      };

      it('is brought up to this one when it is opened, with what is in it', async () => {
        await store.commit(append('a', 0, event('x')));
        await store.commit(ticketPlan('MC-1').plan);
        const said = append('ticket:MC-1', 1, event('ticket.commented', { text: 'Seen with "Firefox"' }));
        await store.commit({ ...said, appends: said.appends.map((a) => ({ ...a, ticket: 'MC-1' })) });
        const found = async (from: Store, q: string) =>
          (await from.tickets({ q, sort: 'created', limit: 10 })).items.length;
        expect(await found(store, '"firefox"')).toBe(1);
        await store.close();
        await asFirst();
        const again = await t.reopen();
        expect((await again.head()).seq).toBe(3);
        // What was said before there was a search of it is found, and nothing of what is around it.
        expect(await found(again, '"firefox"')).toBe(1);
        expect(await found(again, 'text')).toBe(0);
        expect(await found(again, '"firefox""')).toBe(0);
        expect(await again.bundle('a')).toBeNull();
        // What happened before there were notifications is told to nobody.
        expect(await again.notifyCursor()).toBeNull();
      });

      it('stays as it is when the step breaks off half way', async () => {
        await store.close();
        // The step's last statement meets an index of that name: none of its statements may stay.
        await asFirst();
        await t.execute('create index deliveries_notification on presence (seen_at)');
        await expect(t.reopen()).rejects.toThrow(/deliveries_notification/);
        await t.execute('drop index deliveries_notification');
        const again = await t.reopen();
        expect(await again.bundle('a')).toBeNull();
      });

      it('is refused where a later version has written it', async () => {
        await store.close();
        await t.execute(`update settings set value = '99' where name = 'schema_version'`);
        await expect(t.reopen()).rejects.toThrow(/schema 99, and this version knows/);
      });
    });

    describe('bundles', () => {
      const bundle = (attempt: string, fence: number) => ({
        attempt,
        ticket: 'MC-1',
        number: 1,
        fence,
        runner: 'run_r',
        sha256: `hash ${fence}`,
        size: 10,
        head: 'h',
        wip: null,
        at: 1,
      });
      it('are kept by attempt, and a late one of an earlier run replaces none', async () => {
        expect(await store.saveBundle(bundle('a', 2))).toBe(true);
        expect(await store.saveBundle(bundle('a', 1))).toBe(false);
        expect(await store.bundle('a')).toEqual(bundle('a', 2));
        expect(await store.saveBundle(bundle('a', 3))).toBe(true);
        expect(await store.bundlesWith('hash 3')).toBe(1);
        expect(await store.bundle('b')).toBeNull();
        await store.removeBundle('a');
        expect(await store.bundle('a')).toBeNull();
      });
      it('may go once their ticket has been closed for long', async () => {
        await store.commit(ticketPlan('MC-1', { status: 'done', statusSince: 1000 }).plan);
        await store.commit(ticketPlan('MC-2', { status: 'in_review', statusSince: 1000 }).plan);
        await store.saveBundle(bundle('a', 1));
        await store.saveBundle({ ...bundle('b', 1), ticket: 'MC-2' });
        expect(await store.bundlesOfClosed(1000, 10)).toEqual([]);
        expect((await store.bundlesOfClosed(1001, 10)).map((row) => row.attempt)).toEqual(['a']);
      });
    });
  });
}
