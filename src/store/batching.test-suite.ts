/** Plans that share a transaction: each stands on what those before it have written, and falls alone. */
import { expect, it } from 'vitest';
import { ticketPlan } from './finding-tickets.test-suite.ts';
import type { CommitPlan, CommitResult, Effect, Guard, Store } from './port.ts';
import { append, event } from './testing/store-under-test.ts';

const DONE = { committed: true };
const fails = (conflict: object): object => ({ committed: false, conflict });

export function batching(store: () => Store): void {
  const together = (...plans: CommitPlan[]): Promise<CommitResult[]> =>
    Promise.all(plans.map((plan) => store().commit(plan)));
  const guarded = (stream: string, ...guards: Guard[]): CommitPlan => ({
    ...append(stream, 0, event('x')),
    guards,
  });
  const effects = (...all: Effect[]): CommitPlan => ({ appends: [], rows: [], effects: all });

  it('go on in a stream where the one before has ended', async () => {
    expect(
      await together(
        append('a', 0, event('x')),
        append('a', 1, event('y'), event('z')),
        append('a', 1, event('no')),
        append('a', 3, event('w')),
      ),
    ).toEqual([DONE, DONE, fails({ kind: 'stream', stream: 'a' }), DONE]);
    expect((await store().eventsAfter(0, 10)).map((e) => [e.seq, e.type])).toEqual([
      [1, 'x'],
      [2, 'y'],
      [3, 'z'],
      [4, 'w'],
    ]);
  });

  it('stand on several streams, however many have been written since one of them was', async () => {
    const batch = (from: number): CommitPlan[] =>
      Array.from({ length: 500 }, (_, n) => append(`many ${from + n}`, 0, event('x')));
    // As many as are remembered: the next one that is new makes room.
    await together(append('old', 0, event('x')));
    for (let from = 1; from < 5000; from += 500) await together(...batch(from).slice(0, 5000 - from));
    const [known] = append('old', 1, event('y')).appends;
    const [unknown] = append('new', 0, event('x')).appends;
    if (!known || !unknown) throw new Error('no append');
    expect(await together({ appends: [known, unknown], rows: [] })).toEqual([DONE]);
  });

  it('see the lease that one before has taken, changed or given up', async () => {
    const held = (epoch: number): Guard => ({ guard: 'lease_held', name: 'l', holder: 'one', epoch });
    const over: Guard = { guard: 'lease_expired', name: 'l', graceMs: 0 };
    const set = (epoch: number): Effect => ({
      effect: 'lease_set',
      name: 'l',
      holder: 'one',
      epoch,
      ttlMs: 5000,
    });
    expect(
      await together(
        guarded('a', over),
        effects(set(1)),
        guarded('b', over),
        guarded('c', held(1)),
        effects(set(2)),
        guarded('d', held(1)),
        guarded('e', held(2)),
        effects({ effect: 'lease_drop', name: 'l' }),
        guarded('f', held(2)),
        guarded('g', over),
      ),
    ).toEqual([
      DONE,
      DONE,
      fails({ kind: 'guard', guard: 'lease_expired' }),
      DONE,
      DONE,
      fails({ kind: 'guard', guard: 'lease_held' }),
      DONE,
      DONE,
      fails({ kind: 'guard', guard: 'lease_held' }),
      DONE,
    ]);
  });

  it('see a lease that was taken between two of them by something else', async () => {
    const over: Guard = { guard: 'lease_expired', name: 'l', graceMs: 0 };
    const [before, taken, after] = await Promise.all([
      store().commit(guarded('a', over)),
      store().acquireLease('l', 'one', 5000),
      store().commit(guarded('b', over)),
    ]);
    expect(before).toEqual(DONE);
    expect(taken.acquired).toBe(true);
    expect(after).toEqual(fails({ kind: 'guard', guard: 'lease_expired' }));
  });

  it('see the version of a ticket, and of the configuration, that one before has written', async () => {
    const version = await store().configVersion();
    const { plan, ticket } = ticketPlan('MC-1');
    const onTicket = (of: number): Guard => ({ guard: 'ticket_version', ticket: 'MC-1', version: of });
    const configured: CommitPlan = {
      appends: [],
      rows: [{ row: 'document', kind: 'campaign', id: 'c', state: { version: 1 } as never }],
    };
    expect(
      await together(
        guarded('a', onTicket(ticket.version)),
        plan,
        guarded('b', onTicket(ticket.version)),
        guarded('c', { guard: 'config_version', version }),
        configured,
        guarded('d', { guard: 'config_version', version }),
        guarded('e', { guard: 'config_version', version: version + 1 }),
      ),
    ).toEqual([
      fails({ kind: 'guard', guard: 'ticket_version' }),
      DONE,
      DONE,
      DONE,
      DONE,
      fails({ kind: 'guard', guard: 'config_version' }),
      DONE,
    ]);
  });

  it('see a request that one before has answered, and one that was refused is answered by nobody', async () => {
    const asked = (key: string, expected: number): CommitPlan => ({
      ...append('a', expected, event(key)),
      idempotency: {
        scope: 's',
        key,
        bodyHash: 'b',
        answer: { status: 200, headers: {}, body: '{}' },
        at: 1,
      },
    });
    expect(
      await together(asked('one', 0), asked('one', 1), asked('two', 7), asked('two', 1), asked('one', 2)),
    ).toEqual([
      DONE,
      fails({ kind: 'idempotency' }),
      fails({ kind: 'stream', stream: 'a' }),
      DONE,
      fails({ kind: 'idempotency' }),
    ]);
    // Also later, when it is asked for the version that the first one left.
    expect(await store().commit(asked('one', 2))).toEqual(fails({ kind: 'idempotency' }));
    expect((await store().eventsAfter(0, 10)).map((e) => e.type)).toEqual(['one', 'two']);
  });

  it('that stumble over what they write fall alone', async () => {
    const { plan } = ticketPlan('MC-1');
    const update = ticketPlan('MC-2');
    // The row of this one is missing, which is seen only when it is written.
    const broken: CommitPlan = {
      appends: [],
      rows: [
        {
          row: 'ticket',
          state: { ...update.ticket, version: 2 },
          before: update.ticket,
          streamVersion: 2,
          toVerify: false,
        },
      ],
    };
    const [first, second, third] = await Promise.allSettled([
      store().commit(plan),
      store().commit(broken),
      store().commit(append('a', 0, event('x'))),
    ]);
    expect([first, third].map((each) => each.status === 'fulfilled' && each.value)).toEqual([DONE, DONE]);
    if (second.status === 'rejected') expect(String(second.reason)).toMatch(/MC-2.*is missing/);
    else throw new Error('it was committed');
    expect(await store().ticket('MC-1')).not.toBeNull();
    expect((await store().head()).seq).toBe(2);
  });
}
