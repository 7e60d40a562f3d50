/** What a commit does to the work of runners: added once per key, finished under its fence, or withdrawn. */
import type { Kysely } from 'kysely';
import type { Effect } from '../port.ts';
import { type Write, p, statement } from '../program.ts';
import type { Tables } from '../schema.ts';
import { PlanRejected } from './plan-rejected.ts';

type WorkEffect = Extract<Effect, { effect: `work_${string}` }>;

export function workPrograms(db: Kysely<Tables>) {
  const s = {
    workAdd: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('work')
        .values({
          id: p('id'),
          kind: p('kind'),
          ticket: p('ticket'),
          attempt: p('attempt'),
          key: p('key'),
          active_key: p('key'),
          state: 'pending',
          runner: null,
          wants_runner: p('wants_runner'),
          fence: 0,
          created_at: p('created_at'),
        })
        .onConflict((c) => c.doNothing()),
    ),
    workFinish: statement<{ id: string; fence: number; state: string }>(db, (k) =>
      k
        .updateTable('work')
        .set({ state: p('state'), active_key: null })
        .where('id', '=', p('id'))
        .where('fence', '=', p('fence'))
        .where('state', '=', 'running'),
    ),
    workWithdraw: statement<{ ticket: string; kind: string }>(db, (k) =>
      k
        .updateTable('work')
        .set({ state: 'done', active_key: null })
        .where('ticket', '=', p('ticket'))
        .where('kind', '=', p('kind'))
        .where('state', 'in', ['pending', 'running']),
    ),
    workRelease: statement<{ id: string }>(db, (k) =>
      k.updateTable('work').set({ wants_runner: null }).where('id', '=', p('id')),
    ),
    leaseDrop: statement<{ name: string }>(db, (k) => k.deleteFrom('leases').where('name', '=', p('name'))),
  };

  return {
    apply(effect: WorkEffect): Write[] {
      switch (effect.effect) {
        case 'work_add': {
          const { id, kind, ticket, attempt, key, wantsRunner, createdAt } = effect.work;
          const wants_runner = wantsRunner;
          return [
            { query: s.workAdd({ id, kind, ticket, attempt, key, wants_runner, created_at: createdAt }) },
          ];
        }
        case 'work_finish':
          return [
            {
              query: s.workFinish({ id: effect.id, fence: effect.fence, state: effect.state }),
              otherwise: () => new PlanRejected({ kind: 'unique', what: `work ${effect.id}` }),
            },
            { query: s.leaseDrop({ name: `work:${effect.id}` }) },
          ];
        case 'work_withdraw':
          return [{ query: s.workWithdraw({ ticket: effect.ticket, kind: effect.kind }) }];
        case 'work_release':
          return [{ query: s.workRelease({ id: effect.id }) }];
      }
    },
  };
}
