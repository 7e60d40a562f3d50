/**
 * Rows are found, ordered and counted by their columns, and proved by their state: a column that the state beside it does
 * not give would hide a ticket from the dispatcher, or hold a slot for nobody, and no replay would show it.
 */
import type { Kysely } from 'kysely';
import type { AlertState } from '../../domain/alert/alert.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import type { OddRow, RowCounts, StreamAt } from '../port.ts';
import { LONGEST, type Program, type ResultRow, filledUp, shapes, statement, together } from '../program.ts';
import type { Tables } from '../schema.ts';
import { alertColumns, attemptColumns, inboxColumns, ticketColumns } from './rows.ts';

/** Not compared: the text of a state, which the replay is held against; the campaign that an attempt was counted in. */
const TICKET_STATE: ReadonlySet<string> = new Set(['state']);
const ATTEMPT_CAMPAIGN: ReadonlySet<string> = new Set(['campaign']);
const ITEM: ReadonlySet<string> = new Set(['item']);
const ALERT: ReadonlySet<string> = new Set(['alert']);

const COUNTED_TABLES = [
  'tickets',
  'attempts',
  'inbox',
  'alerts',
  'comments',
] as const satisfies (keyof RowCounts)[];

const KINDS = {
  ticket: { table: 'tickets', id: 'key' },
  inbox: { table: 'inbox', id: 'id' },
  alert: { table: 'alerts', id: 'fingerprint' },
} as const;
type Kind = keyof typeof KINDS;

export function oddColumnsPrograms(db: Kysely<Tables>) {
  const select = shapes(db);
  const counts = COUNTED_TABLES.map((table) =>
    statement<object>(db, (k) => k.selectFrom(table).select((e) => e.fn.countAll().as('n'))),
  );

  /** @returns the rows by their id; what is not there is missing */
  function* rowsOf(table: string, id: string, wanted: readonly string[]): Program<Map<string, ResultRow>> {
    const found = new Map<string, ResultRow>();
    for (let from = 0; from < wanted.length; from += LONGEST) {
      const ids = filledUp('id', wanted.slice(from, from + LONGEST));
      const { rows } = yield select(
        `${table} ${ids.length}`,
        (k) =>
          k
            .selectFrom(table as 'attempts')
            .selectAll()
            .where(id as 'id', 'in', ids.placeholders),
        ids.params,
      );
      for (const row of rows) found.set(String(row[id]), row);
    }
    return found;
  }

  function* ofTickets(streams: ReadonlyMap<string, StreamAt>): Program<OddRow[]> {
    const rows = yield* rowsOf('tickets', 'key', [...streams.keys()]);
    const states = [...rows.values()].map((row) => JSON.parse(String(row['state'])) as Ticket);
    const attempts = yield* rowsOf(
      'attempts',
      'id',
      states.flatMap((state) => state.attempts.map(({ id }) => id)),
    );
    return states.flatMap((state): OddRow[] => {
      const at = streams.get(state.key);
      const row = rows.get(state.key);
      if (!at || !row) return [];
      const given = ticketColumns(state, at.version, Number(row['to_verify']) === 1);
      const odd = differing(row, given, TICKET_STATE);
      for (const [index, { id }] of state.attempts.entries()) {
        const attempt = attempts.get(id);
        if (!attempt) odd.push(`the row of ${id}`);
        else {
          const names = differing(attempt, attemptColumns(state, index), ATTEMPT_CAMPAIGN);
          odd.push(...names.map((name) => `${name} of ${id}`));
        }
      }
      return [{ ...at, columns: odd }];
    });
  }

  return {
    *oddColumns(streams: readonly StreamAt[]): Program<OddRow[]> {
      const of = (kind: Kind): Map<string, StreamAt> =>
        new Map(
          streams
            .filter(({ stream }) => stream.startsWith(`${kind}:`))
            .map((at) => [at.stream.slice(kind.length + 1), at]),
        );
      const found = yield* ofTickets(of('ticket'));
      for (const kind of ['inbox', 'alert'] as const) {
        const wanted = of(kind);
        const { table, id } = KINDS[kind];
        for (const [key, row] of yield* rowsOf(table, id, [...wanted.keys()])) {
          const at = wanted.get(key);
          if (!at) continue;
          const columns =
            kind === 'inbox'
              ? differing(row, inboxColumns(JSON.parse(String(row['item'])) as InboxItem, at.version), ITEM)
              : differing(
                  row,
                  alertColumns(JSON.parse(String(row['alert'])) as AlertState, at.version),
                  ALERT,
                );
          found.push({ ...at, columns });
        }
      }
      return found.filter(({ columns }) => columns.length > 0);
    },
    *rowCounts(): Program<RowCounts> {
      const results = yield* together(counts.map((count) => count({})));
      const entries = COUNTED_TABLES.map((table, n) => [table, Number(results[n]?.rows[0]?.['n'])] as const);
      return Object.fromEntries(entries) as unknown as RowCounts;
    },
  };
}

/** The names of the columns that are not as the state gives them. */
function differing(row: ResultRow, given: object, apart: ReadonlySet<string>): string[] {
  return Object.entries(given)
    .filter(([name, value]) => !apart.has(name) && row[name] !== value)
    .map(([name]) => name);
}
