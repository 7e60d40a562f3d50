/**
 * What every store must do, run against real databases only. A second implementation passes this unchanged.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENESIS, chainText, rollText } from '../domain/log/chain.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { CommitPlan, Effect, Store, StoredEvent } from './port.ts';
import { batching } from './batching.test-suite.ts';
import { dispatching } from './dispatching.test-suite.ts';
import { sha256 } from './programs/append.ts';
import { notifyingConformance } from './notifying.test-suite.ts';
import { findingTickets, ticketPlan } from './finding-tickets.test-suite.ts';
import { type StoreUnderTest, append, event } from './testing/store-under-test.ts';
import { transferConformance } from './transfer.test-suite.ts';

/** @param moves whether its content can be moved to another database, which is no part of the port */
export function storeConformance(name: string, open: () => Promise<StoreUnderTest>, moves = true): void {
  describe(`${name} as a store`, () => {
    let t: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      t = await open();
      store = t.store;
    });
    afterEach(() => t.dispose());

    describe('compare-and-swap', () => {
      it('commits the first write to a stream and refuses a second first write', async () => {
        expect(await store.commit(append('a', 0, event('x')))).toEqual({ committed: true });
        expect(await store.commit(append('a', 0, event('y')))).toEqual({
          committed: false,
          conflict: { kind: 'stream', stream: 'a' },
        });
        expect(await store.streamEvents('a', 0, 10)).toHaveLength(1);
      });

      it('lets exactly one of many concurrent writers on the same version win', async () => {
        await store.commit(append('a', 0, event('x')));
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) => store.commit(append('a', 1, event(`y${i}`)))),
        );
        expect(results.filter((result) => result.committed)).toHaveLength(1);
        expect(await store.streamEvents('a', 0, 10)).toHaveLength(2);
      });

      it('changes nothing at all when one stream of a plan conflicts', async () => {
        await store.commit(append('b', 0, event('x')));
        const { plan } = ticketPlan('MC-1');
        const result = await store.commit({
          ...plan,
          appends: [...plan.appends, { stream: 'b', expected: 0, events: [event('z')] }],
        });
        expect(result.committed).toBe(false);
        expect(await store.ticket('MC-1')).toBeNull();
        expect(await store.streamEvents('ticket:MC-1', 0, 10)).toEqual([]);
        expect((await store.head()).seq).toBe(1);
      });

      it('rejects only the plan that fails among those of one batch', async () => {
        const [first, second, third] = await Promise.all([
          store.commit(append('a', 0, event('x'))),
          store.commit(append('a', 5, event('y'))),
          store.commit(append('b', 0, event('z'))),
        ]);
        expect([first.committed, second.committed, third.committed]).toEqual([true, false, true]);
        expect((await store.eventsAfter(0, 10)).map((e) => e.seq)).toEqual([1, 2]);
      });
    });

    describe('plans of one batch', () => batching(() => store));

    describe('the log', () => {
      it('numbers committed events without gaps and chains their hashes', async () => {
        await Promise.all([
          store.commit(append('a', 0, event('x', { n: 1 }), event('y'))),
          store.commit(append('b', 0, event('z'))),
        ]);
        await store.commit(append('a', 2, event('w')));
        const events = await store.eventsAfter(0, 10);
        expect(events.map((e) => e.seq)).toEqual([1, 2, 3, 4]);
        const previous: Record<string, string> = {};
        let roll = GENESIS;
        for (const e of events) {
          expect(e.dataHash).toBe(sha256(JSON.stringify(e.data)));
          expect(e.hash).toBe(sha256(chainText(previous[e.stream] ?? GENESIS, e)));
          previous[e.stream] = e.hash;
          roll = sha256(rollText(roll, e.seq, e.hash));
          expect(e.roll).toBe(roll);
        }
        expect(await store.head()).toEqual({ seq: 4, hash: roll });
      });

      it('goes on with the chain after it was opened again', async () => {
        await store.commit(append('a', 0, event('x')));
        const again = await t.reopen();
        await again.commit(append('a', 1, event('y')));
        const events = await again.eventsAfter(0, 10);
        expect(events.map((e) => [e.seq, e.version])).toEqual([
          [1, 1],
          [2, 2],
        ]);
        expect(events[1]?.roll).toBe(sha256(rollText(events[0]?.roll ?? '', 2, events[1]?.hash ?? '')));
      });

      it('tells subscribers of committed events only, each once, in seq order', async () => {
        const seen: StoredEvent[] = [];
        const stop = store.subscribe((events) => seen.push(...events));
        await Promise.all([
          store.commit(append('a', 0, event('x'))),
          store.commit(append('a', 0, event('no'))),
          store.commit(append('b', 0, event('y'))),
        ]);
        expect(seen.map((e) => [e.seq, e.type])).toEqual([
          [1, 'x'],
          [2, 'y'],
        ]);
        stop();
        await store.commit(append('c', 0, event('z')));
        expect(seen).toHaveLength(2);
      });
    });

    describe('leases', () => {
      it('are held by one holder, and change hands with a higher epoch once they expire', async () => {
        const first = await store.acquireLease('dispatch', 'one', 1000);
        expect(first).toMatchObject({ acquired: true, lease: { epoch: 1 } });
        expect(await store.acquireLease('dispatch', 'two', 1000)).toMatchObject({
          acquired: false,
          lease: { holder: 'one' },
        });
        expect(await store.acquireLease('dispatch', 'one', 1000)).toMatchObject({
          acquired: true,
          lease: { epoch: 1 },
        });
        t.advance(1001);
        expect(await store.acquireLease('dispatch', 'two', 1000)).toMatchObject({
          acquired: true,
          lease: { epoch: 2 },
        });
        expect(await store.renewLease('dispatch', 'one', 1, 1000)).toBe(false);
        expect(await store.renewLease('dispatch', 'two', 2, 1000)).toBe(true);
      });

      it('are extended for their holder once half of them is over', async () => {
        const { lease: first } = await store.acquireLease('dispatch', 'one', 1000);
        t.advance(400);
        const { lease: second } = await store.acquireLease('dispatch', 'one', 1000);
        expect(second).toEqual(first);
        t.advance(200);
        const { lease: third } = await store.acquireLease('dispatch', 'one', 1000);
        expect(third).toEqual({ ...first, expiresAt: first.expiresAt + 600 });
        expect(await store.readLease('dispatch')).toEqual(third);
      });

      it('raise the epoch also for their old holder after an expiry or a release', async () => {
        await store.acquireLease('dispatch', 'one', 1000);
        t.advance(2000);
        expect(await store.acquireLease('dispatch', 'one', 1000)).toMatchObject({
          acquired: true,
          lease: { epoch: 2 },
        });
        await store.dropLease('dispatch', 'one');
        expect(await store.acquireLease('dispatch', 'two', 1000)).toMatchObject({
          acquired: true,
          lease: { epoch: 3 },
        });
      });

      it('guard a commit by holder, epoch and the database clock', async () => {
        await store.acquireLease('dispatch', 'one', 1000);
        const guarded = (stream: string, epoch: number, holder = 'one') =>
          store.commit({
            ...append(stream, 0, event('x')),
            guards: [{ guard: 'lease_held', name: 'dispatch', holder, epoch }],
          });
        expect(await guarded('a', 1)).toEqual({ committed: true });
        expect(await guarded('b', 2)).toEqual({
          committed: false,
          conflict: { kind: 'guard', guard: 'lease_held' },
        });
        expect(await guarded('b', 1, 'two')).toMatchObject({ committed: false });
        t.advance(1000);
        expect(await guarded('b', 1)).toMatchObject({ committed: false });
      });

      it('guard an expiry by lease and grace', async () => {
        await store.commit({
          ...append('a', 0, event('x')),
          effects: [{ effect: 'lease_set', name: 'attempt:1', holder: 'r', epoch: 1, ttlMs: 1000 }],
        });
        const expire = () =>
          store.commit({
            ...append('b', 0, event('lost')),
            guards: [{ guard: 'lease_expired', name: 'attempt:1', graceMs: 500 }],
          });
        t.advance(1499);
        expect((await expire()).committed).toBe(false);
        t.advance(1);
        expect((await expire()).committed).toBe(true);
      });
    });

    describe('guards of the configuration', () => {
      it('refuse a plan that was made on an older configuration', async () => {
        const version = await store.configVersion();
        const state = { version: 1, createdAt: 0, updatedAt: 0, id: 'p' };
        await store.commit({
          ...append('profile:p', 0, event('profile.created')),
          rows: [{ row: 'document', kind: 'profile', id: 'p', state }],
        });
        const plan = (v: number): CommitPlan => ({
          ...append('a', 0, event('x')),
          guards: [{ guard: 'config_version', version: v }],
        });
        expect(await store.commit(plan(version))).toMatchObject({
          committed: false,
          conflict: { guard: 'config_version' },
        });
        expect(await store.commit(plan(version + 1))).toEqual({ committed: true });
      });
    });

    describe('idempotency', () => {
      const answer = { status: 201, headers: { etag: '"1"' }, body: '{"ok":true}' };
      it('keeps the answer with the effect, and lets one of two equal requests have an effect', async () => {
        const plan = (stream: string): CommitPlan => ({
          ...append(stream, 0, event('x')),
          idempotency: { scope: 's', key: 'k', bodyHash: 'h', answer, at: 1000 },
        });
        const [first, second] = await Promise.all([store.commit(plan('a')), store.commit(plan('b'))]);
        expect(first).toEqual({ committed: true });
        expect(second).toEqual({ committed: false, conflict: { kind: 'idempotency' } });
        expect(await store.idempotent('s', 'k')).toEqual({ bodyHash: 'h', answer });
        expect(await store.streamEvents('b', 0, 1)).toEqual([]);
      });

      it('keeps no answer when the effect is refused', async () => {
        await store.commit(append('a', 0, event('x')));
        await store.commit({
          ...append('a', 0, event('y')),
          idempotency: { scope: 's', key: 'k', bodyHash: 'h', answer, at: 1000 },
        });
        expect(await store.idempotent('s', 'k')).toBeNull();
      });
    });

    describe('tickets', () => {
      it('are read back as they were written', async () => {
        const { plan, ticket } = ticketPlan('MC-1');
        await store.commit(plan);
        expect(await store.ticket('MC-1')).toEqual({ state: ticket, streamVersion: 1 });
      });

      it('are listed in dispatch order, in pages that neither skip nor repeat', async () => {
        for (let i = 1; i <= 25; i += 1) await store.commit(ticketPlan(`MC-${i}`, { priority: i % 3 }).plan);
        const seen: Ticket[] = [];
        let cursor: string | undefined;
        do {
          const page = await store.tickets({ sort: 'dispatch', limit: 10, cursor });
          seen.push(...page.items);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(new Set(seen.map((ticket) => ticket.key)).size).toBe(25);
        expect(seen.map((ticket) => ticket.priority)).toEqual(
          seen.map((ticket) => ticket.priority).sort((a, b) => a - b),
        );
      });

      findingTickets(() => store);
    });

    describe('what starts and what runs', () => dispatching(() => store));

    describe('work', () => {
      const add = (id: string, key = 'verify:att') =>
        store.commit({
          appends: [],
          rows: [],
          effects: [
            {
              effect: 'work_add',
              work: {
                id,
                kind: 'verify',
                ticket: 'MC-1',
                attempt: 'att',
                key,
                createdAt: 1,
                wantsRunner: null,
              },
            },
          ],
        });
      it('exists once per key while it is unfinished', async () => {
        await add('w1');
        await add('w2');
        expect((await store.workOfAttempt('att')).map((w) => w.id)).toEqual(['w1']);
      });

      it('is taken by one runner, and again with a higher fence once its lease ran out', async () => {
        await add('w1');
        expect(await store.takeWork('w1', 'r1', 1000)).toMatchObject({ runner: 'r1', fence: 1 });
        expect(await store.takeWork('w1', 'r2', 1000)).toBeNull();
        expect(await store.offerableWork('r2', ['verify'], 5)).toEqual([]);
        t.advance(1000);
        expect((await store.offerableWork('r2', ['verify'], 5)).map((w) => w.id)).toEqual(['w1']);
        expect(await store.takeWork('w1', 'r2', 1000)).toMatchObject({ runner: 'r2', fence: 2 });
        const finish = (fence: number) =>
          store.commit({
            appends: [],
            rows: [],
            effects: [{ effect: 'work_finish', id: 'w1', fence, state: 'done', reason: null }],
          });
        expect((await finish(1)).committed).toBe(false);
        expect((await finish(2)).committed).toBe(true);
        expect((await finish(2)).committed).toBe(false);
        expect(await store.workOfAttempt('att')).toEqual([]);
      });

      it('that is withdrawn is over for whoever has it, and its key is free', async () => {
        const add = (id: string, ticket: string) =>
          store.commit({
            appends: [],
            rows: [],
            effects: [
              {
                effect: 'work_add',
                work: {
                  id,
                  kind: 'land',
                  ticket,
                  attempt: `att ${ticket}`,
                  key: 'land:MC',
                  createdAt: 1,
                  wantsRunner: null,
                },
              },
            ],
          });
        await add('l1', 'MC-1');
        await store.takeWork('l1', 'r1', 1000);
        await add('l2', 'MC-2');
        expect(await store.workOfAttempt('att MC-2')).toEqual([]);
        await store.commit({
          appends: [],
          rows: [],
          effects: [{ effect: 'work_withdraw', ticket: 'MC-1', kind: 'land' }],
        });
        expect((await store.work('l1'))?.state).toBe('done');
        await add('l2', 'MC-2');
        expect(await store.offerableWork('r2', ['land'], 5)).toMatchObject([{ id: 'l2', ticket: 'MC-2' }]);
      });
    });

    describe('presence', () => {
      it('is taken back from a runner that did not answer, unless it was heard of since', async () => {
        const seenAt = async (): Promise<number | undefined> => (await store.presences())[0]?.seenAt;
        await store.seen('r1', 1000, false);
        await store.unanswered('r1', 900, 100);
        expect(await seenAt()).toBe(1000);
        await store.unanswered('r1', 1000, 400);
        expect(await seenAt()).toBe(400);
        // It is never brought forward.
        await store.unanswered('r1', 1000, 700);
        expect(await seenAt()).toBe(400);
        await store.unanswered('nobody', 1000, 400);
        expect(await store.presences()).toHaveLength(1);
      });
    });

    describe('output', () => {
      it('is kept once per sequence number, in order, and read on from any of them', async () => {
        const chunk = (seq: number, text: string) => ({ seq, at: 1, stream: 'stdout', text });
        await store.appendOutput('att', [chunk(0, 'a'), chunk(1, 'b')]);
        await store.appendOutput('att', [chunk(1, 'again'), chunk(2, 'c')]);
        expect((await store.output('att', -1, 10)).map((c) => c.text)).toEqual(['a', 'b', 'c']);
        expect((await store.output('att', 1, 10)).map((c) => c.seq)).toEqual([2]);
      });
    });

    describe('usage', () => {
      it('is kept by run, only grows, and is summed by project since a moment', async () => {
        const cost = (usd: number) => ({ usd, inputTokens: 10, outputTokens: 2 });
        const run = { attempt: 'a', fence: 1, project: 'MC' };
        await store.recordUsage({ ...run, cost: cost(0.5) }, 1000);
        await store.recordUsage({ ...run, cost: cost(0.25) }, 2000);
        await store.recordUsage({ ...run, fence: 2, cost: cost(1) }, 3000);
        await store.recordUsage({ ...run, attempt: 'b', project: 'OT', cost: cost(2) }, 3000);
        expect(
          (await store.usageOf('a')).map((r) => [r.fence, r.cost.usd]).sort(([a = 0], [b = 0]) => a - b),
        ).toEqual([
          [1, 0.5],
          [2, 1],
        ]);
        const since = async (at: number) =>
          Object.fromEntries((await store.spentSince(at)).map((r) => [r.project, [r.usd, r.inputTokens]]));
        expect(await since(0)).toEqual({ MC: [1.5, 20], OT: [2, 10] });
        expect(await since(2500)).toEqual({ MC: [1, 10], OT: [2, 10] });
      });
    });

    describe('counters and secrets', () => {
      it('count without repeating under concurrency', async () => {
        const numbers = await Promise.all(Array.from({ length: 50 }, () => store.nextNumber('ticket:MC')));
        expect(new Set(numbers).size).toBe(50);
        expect(Math.max(...numbers)).toBe(50);
      });

      it('keep a secret across restarts', async () => {
        const secret = await store.secret('s');
        expect(secret.length).toBeGreaterThan(40);
        const again = await t.reopen();
        expect(await again.secret('s')).toBe(secret);
      });

      it('let a one-time code be used once', async () => {
        const credential = {
          id: 'tok',
          kind: 'code' as const,
          role: 'admin',
          name: 'ada',
          hash: 'h',
          createdAt: 0,
          expiresAt: 5_000_000_000_000,
        };
        await store.commit({ appends: [], rows: [], effects: [{ effect: 'credential_add', credential }] });
        const uses = await Promise.all([store.useCode('h', 1000), store.useCode('h', 1000)]);
        expect(uses.filter((use) => use !== null)).toHaveLength(1);
      });

      it('know a credential as it is, whoever asked for it before', async () => {
        const credential = (hash: string, id: string) => ({
          id,
          kind: 'token' as const,
          role: 'member',
          name: 'ada',
          hash,
          createdAt: 0,
          expiresAt: null,
        });
        const apply = (effect: Effect) => store.commit({ appends: [], rows: [], effects: [effect] });
        expect(await store.credential('h')).toBeNull();
        await apply({ effect: 'credential_add', credential: credential('h', 'tok') });
        await apply({ effect: 'credential_add', credential: credential('a', 'tok_2') });
        expect(await store.credential('h')).toMatchObject({ id: 'tok', lastUsedAt: null });
        await store.touchCredential('h', 1000);
        expect(await store.credential('h')).toMatchObject({ id: 'tok', lastUsedAt: 1000 });
        await apply({ effect: 'credentials_revoke', tokenId: 'tok' });
        expect(await store.credential('h')).toBeNull();
        expect(await store.credential('a')).toMatchObject({ id: 'tok_2' });
        await store.useCode('a', 3000);
        expect(await store.credential('a')).toBeNull();
      });
    });
  });
  notifyingConformance(name, open);
  if (moves) transferConformance(name, open);
}
