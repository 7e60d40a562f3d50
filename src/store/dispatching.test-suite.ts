/** What the dispatcher reads: the part of the conformance suite about lanes and open attempts. */
import { expect, it } from 'vitest';
import { Story } from '../domain/ticket/testing.ts';
import { ticketPlan } from './finding-tickets.test-suite.ts';
import type { Store } from './port.ts';

export function dispatching(store: () => Store): void {
  it('the lanes hold what waits for a start, each in its own lane, with blockers that are not done', async () => {
    await store().commit(ticketPlan('MC-1').plan);
    await store().commit(ticketPlan('MC-2', { blockedBy: ['MC-1', 'MC-9'] }).plan);
    await store().commit(ticketPlan('MC-3', { status: 'needs_input' }).plan);
    await store().commit(ticketPlan('MC-4', { status: 'in_review' }).plan);
    await store().commit(ticketPlan('MC-5', { status: 'backlog' }).plan);
    const lanes = await store().readLanes({ limit: 10, afterTodo: null });
    expect(lanes.todo.map((c) => c.key)).toEqual(['MC-1', 'MC-2']);
    expect(lanes.needsInput.map((c) => c.key)).toEqual(['MC-3']);
    // A blocker that cannot be found is unknown, and unknown is not done.
    expect(lanes.todo[1]?.unfinishedBlockers).toEqual([
      { key: 'MC-1', status: 'todo' },
      { key: 'MC-9', status: 'unknown' },
    ]);
  });

  it('lanes are read on from where a page ended, also among equal ranks', async () => {
    for (let i = 1; i <= 7; i += 1) await store().commit(ticketPlan(`MC-${i}`).plan);
    const keys: string[] = [];
    let after = null as Awaited<ReturnType<Store['readLanes']>>['nextTodo'];
    do {
      const page = await store().readLanes({ limit: 3, afterTodo: after });
      keys.push(...page.todo.map((c) => c.key));
      after = page.nextTodo;
    } while (after !== null);
    expect(keys).toEqual(['MC-1', 'MC-2', 'MC-3', 'MC-4', 'MC-5', 'MC-6', 'MC-7']);
  });

  it('open attempts are those that hold a slot, and are counted as they are listed', async () => {
    expect(await store().countOpenAttempts()).toBe(0);
    const running = new Story().running().attempt;
    const states = ['offered', 'running', 'stopping', 'parked', 'ended', 'running'] as const;
    for (const [n, state] of states.entries()) {
      const key = `MC-${n + 1}`;
      const { ticket, plan } = ticketPlan(key, { status: 'in_progress' });
      const attempts = [{ ...running, id: `att_${n}`, state }];
      const row = {
        row: 'ticket' as const,
        state: { ...ticket, attempts },
        before: null,
        streamVersion: 1,
        toVerify: false,
      };
      await store().commit({ ...plan, rows: [row] });
    }
    expect((await store().openAttempts()).map(({ attempt }) => attempt)).toEqual([
      'att_0',
      'att_1',
      'att_2',
      'att_5',
    ]);
    expect(await store().countOpenAttempts()).toBe(4);
  });
}
