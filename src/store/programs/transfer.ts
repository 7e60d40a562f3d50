/**
 * What a database that was filled from another is told before anyone opens it: that it is not finished, and that
 * whatever was given out since the copy was made counts no more.
 */
import { type Kysely, sql } from 'kysely';
import { type Program, p, query, statement } from '../program.ts';
import { FORMER_TABLES, SCHEMA_VERSION, TABLES, type Tables } from '../schema.ts';
import { RESTORED, type TablePage } from '../port.ts';

/**
 * In `settings` while a database is being filled and fenced; with it no server opens the database. Its value is the id of
 * the move that fills it, and something else for a restore.
 */
export const UNFINISHED = 'unfinished';
const A_RESTORE = '1';
export const moveOf = (mark: string | null): string | null => (mark === A_RESTORE ? null : mark);

/** In `settings` of a database whose installation has moved away; with it no server opens the database. */
export const MOVED_TO = 'moved_to';
/** Beside it: the id of the move. */
export const MOVED_BY = 'moved_by';

/** @throws where two servers would each hold one of two copies for the truth */
export function refuseLeft(to: string | undefined): void {
  if (to === undefined) return;
  throw new Error(
    `This installation was moved to ${to}. Start the server there, without MC_DATABASE_URL; where it says that the move was broken off, run it again. (To start the old state all the same: delete from settings where name = '${MOVED_TO}'.)`,
  );
}

/** Where an installation moves, in words, and by which move: whether that one has ended stands at the other place. */
export interface Leaving {
  to: string;
  move: string;
}

/** The settings alone, for the mark, while there is nothing else yet. */
export const MARKED = 'create table settings (name text primary key, value text not null)';

/** @throws when a restore or a move was broken off here */
export function refuseUnfinished(mark: unknown): void {
  if (mark === undefined || mark === null) return;
  throw new Error(
    'A restore or a move into this database was broken off before it was verified. Run the same command again: it starts anew.',
  );
}

/** Far beyond what one ticket is given in the time between a copy and its first server. */
const MOST_FENCES = 1_000_000;
/** No ticket is claimed more often for long. */
const FENCES_A_SECOND = 10;

export function transferPrograms(db: Kysely<Tables>) {
  const s = {
    setting: statement<{ name: string; value: string }>(db, (k) =>
      k
        .insertInto('settings')
        .values({ name: p('name'), value: p('value') })
        .onConflict((c) => c.column('name').doUpdateSet({ value: p('value') })),
    ),
    read: statement<{ name: string }>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', p('name')),
    ),
    unset: statement<{ name: string }>(db, (k) => k.deleteFrom('settings').where('name', '=', p('name'))),
    highest: statement<object>(db, (k) =>
      k.selectFrom('attempts').select((e) => e.fn.max('fence').as('fence')),
    ),
    leasesOver: statement<{ step: number; until: number }>(db, (k) =>
      k
        .updateTable('leases')
        .set({ epoch: sql<number>`epoch + ${p('step')}`, holder: RESTORED, expires_at: p('until') }),
    ),
    dispatch: statement<{ step: number; until: number }>(db, (k) =>
      k
        .insertInto('leases')
        .values({ name: 'dispatch', holder: RESTORED, epoch: p('step'), expires_at: p('until') })
        .onConflict((c) => c.doNothing()),
    ),
    leasesGone: statement<object>(db, (k) =>
      k
        .deleteFrom('leases')
        .where((e) => e.or([e('name', 'like', 'attempt:%'), e('name', 'like', 'work:%')])),
    ),
    workOver: statement<object>(db, (k) =>
      k
        .updateTable('work')
        .set({ state: 'done', active_key: null })
        .where('state', 'in', ['pending', 'running']),
    ),
    sessionsGone: statement<object>(db, (k) =>
      k
        .deleteFrom('credentials')
        // Also of an orchestrator's run, whose token is its own.
        .where((e) => e.or([e('kind', 'in', ['session', 'code']), e('id', 'like', 'ses_wrk_%')])),
    ),
    silentFrom: statement<{ now: number }>(db, (k) =>
      k.updateTable('presence').set({ seen_at: p('now'), draining: 1 }),
    ),
  };

  return {
    /**
     * Raises every number past all that may have been given since the copy was made, `at`. Nothing is dispatched for
     * `holdMs`: until then whoever was given something before may still be at it.
     */
    *fence({ at, now, holdMs }: { at: number; now: number; holdMs: number }): Program<void> {
      const sinceMs = now - at;
      const until = holdMs === 0 ? 0 : now + holdMs;
      const step = MOST_FENCES + Math.ceil((Math.max(0, sinceMs) / 1000) * FENCES_A_SECOND);
      const floor = Number((yield s.read({ name: 'fence_floor' })).rows[0]?.['value'] ?? 0);
      const highest = Number((yield s.highest({})).rows[0]?.['fence'] ?? 0);
      yield s.setting({ name: 'fence_floor', value: String(Math.max(floor, highest) + step) });
      yield s.leasesGone({});
      yield s.leasesOver({ step, until });
      yield s.dispatch({ step, until });
      // Made anew from the tickets, under other ids.
      yield s.workOver({});
      yield s.sessionsGone({});
      // Nothing is offered to a runner before it has registered; that it is silent counts from now on, not from the copy.
      yield s.silentFrom({ now });
    },
    *mark(move: string | null): Program<void> {
      yield s.setting({ name: UNFINISHED, value: move ?? A_RESTORE });
    },
    *unmark(): Program<void> {
      yield s.unset({ name: UNFINISHED });
    },
    *leave({ to, move }: Leaving): Program<void> {
      yield s.setting({ name: MOVED_BY, value: move });
      yield s.setting({ name: MOVED_TO, value: to });
    },
    *stay(): Program<void> {
      yield s.unset({ name: MOVED_TO });
    },
    *leftBy(): Program<string | null> {
      if ((yield s.read({ name: MOVED_TO })).rows.length === 0) return null;
      return String((yield s.read({ name: MOVED_BY })).rows[0]?.['value'] ?? '');
    },
    *setSchema(): Program<void> {
      yield s.setting({ name: 'schema_version', value: String(SCHEMA_VERSION) });
    },
    *insert({ table, rows }: TablePage, schema: number): Program<void> {
      const made = TABLES[table as keyof Tables] as number | undefined;
      const isThere = made === undefined ? schema <= (FORMER_TABLES[table] ?? 0) : made <= schema;
      if (!isThere) throw new Error(`there is no table ${table} in schema ${schema}`);
      for (const row of rows) {
        const wrong = Object.keys(row).find((column) => !/^[a-z][a-z0-9_]{0,40}$/.test(column));
        if (wrong !== undefined) throw new Error(`${table} has no column ${wrong.slice(0, 50)}`);
      }
      for (const batch of batchesOf(rows))
        yield query(db.insertInto(table as 'events').values(batch as never));
    },
  };
}

/** SQLite binds at most 32766 values in one statement, and each length is another text to prepare: the sizes are few. */
function batchesOf<T>(rows: readonly T[]): T[][] {
  const SIZE = 50;
  const batches: T[][] = [];
  let at = 0;
  while (rows.length - at >= SIZE) batches.push(rows.slice(at, (at += SIZE)));
  for (; at < rows.length; at += 1) batches.push(rows.slice(at, at + 1));
  return batches;
}
