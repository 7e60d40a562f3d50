/** Where notifications go, and what people have read of them. */
import type { Kysely } from 'kysely';
import type { DestinationRow, ReadMarks } from '../port.ts';
import { type Program, p, statement } from '../program.ts';
import type { Tables } from '../schema.ts';
import { destinationRow, named } from './notify-rows.ts';

export function destinationPrograms(db: Kysely<Tables>) {
  const s = {
    destinations: statement<object>(db, (k) =>
      k.selectFrom('destinations').selectAll().orderBy('created_at'),
    ),
    saveDestination: statement<Record<string, unknown>>(db, (k) => {
      const set = named(
        'kind',
        'person',
        'token',
        'name',
        'target',
        'not_before',
        'failures',
        'failing_since',
        'last_ok_at',
        'detail',
      );
      return k
        .insertInto('destinations')
        .values({ ...named('id', 'created_at'), ...set })
        .onConflict((c) => c.column('id').doUpdateSet(set));
    }),
    removeDestination: statement<{ id: string }>(db, (k) =>
      k.deleteFrom('destinations').where('id', '=', p('id')),
    ),
    dropAll: statement<{ destination: string; at: number }>(db, (k) =>
      k
        .updateTable('deliveries')
        .set({ state: 'dropped', done_at: p('at'), answer: 'the destination is gone' })
        .where('destination', '=', p('destination'))
        .where('state', 'in', ['waiting', 'held']),
    ),
    marks: statement<{ person: string }>(db, (k) =>
      k.selectFrom('reads').selectAll().where('person', '=', p('person')),
    ),
    addMarks: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('reads')
        .values(named('person', 'version', 'until', 'also'))
        .onConflict((c) => c.doNothing()),
    ),
    setMarks: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('reads')
        .set(named('version', 'until', 'also'))
        .where('person', '=', p('person'))
        .where('version', '=', p('before')),
    ),
  };

  return {
    *readMarks(person: string): Program<ReadMarks> {
      const row = (yield s.marks({ person })).rows[0];
      return row
        ? {
            version: Number(row['version']),
            until: Number(row['until']),
            also: JSON.parse(String(row['also'])) as string[],
          }
        : { version: 0, until: 0, also: [] };
    },
    *saveReadMarks(
      person: string,
      expected: number,
      { until, also }: Omit<ReadMarks, 'version'>,
    ): Program<boolean> {
      const values = { person, version: expected + 1, until, also: JSON.stringify(also) };
      const { changes } =
        expected === 0 ? yield s.addMarks(values) : yield s.setMarks({ ...values, before: expected });
      return changes === 1;
    },
    *destinations(): Program<DestinationRow[]> {
      return (yield s.destinations({})).rows.map(destinationRow);
    },
    *saveDestination(d: DestinationRow): Program<void> {
      yield s.saveDestination({
        id: d.id,
        kind: d.kind,
        person: d.person,
        token: d.token,
        name: d.name,
        target: JSON.stringify(d.target),
        created_at: d.createdAt,
        not_before: d.notBefore,
        failures: d.failures,
        failing_since: d.failingSince,
        last_ok_at: d.lastOkAt,
        detail: d.detail,
      });
    },
    *removeDestination(id: string, at: number): Program<void> {
      yield s.removeDestination({ id });
      yield s.dropAll({ destination: id, at });
    },
  };
}
