/**
 * Rows are found, ordered and counted by their columns, and proved by their state: a column that the state beside it does
 * not give would hide a ticket from the dispatcher, or hold a slot for nobody, and no replay would show it.
 */
import type { Kysely } from 'kysely';
import type { AlertState } from '../../domain/alert/alert.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import type { RowCounts } from '../port.ts';
import { type Program, type ResultRow, listed, p, shapes, statement, together } from '../program.ts';
import type { Tables } from '../schema.ts';
import { alertColumns, attemptColumns, inboxColumns, ticketColumns } from './rows.ts';

/** Not compared: the text of a state, which the replay is held against; the campaign that an attempt was counted in. */
const TICKET_STATE: ReadonlySet<string> = new Set(['state']);
const ATTEMPT_CAMPAIGN: ReadonlySet<string> = new Set(['campaign']);
const ITEM: ReadonlySet<string> = new Set(['item']);
const ALERT: ReadonlySet<string> = new Set(['alert']);

export function oddColumnsPrograms(db: Kysely<Tables>) {
  const s = {
    ticket: statement<{ id: string }>(db, (k) =>
      k.selectFrom('tickets').selectAll().where('key', '=', p('id')),
    ),
    inbox: statement<{ id: string }>(db, (k) => k.selectFrom('inbox').selectAll().where('id', '=', p('id'))),
    alert: statement<{ id: string }>(db, (k) =>
      k.selectFrom('alerts').selectAll().where('fingerprint', '=', p('id')),
    ),
  };
  const counts = (['tickets', 'attempts', 'inbox', 'alerts'] as const).map((table) =>
    statement<object>(db, (k) => k.selectFrom(table).select((e) => e.fn.countAll().as('n'))),
  );
  const ofTicket = shapes(db);

  function* ticket(key: string, version: number): Program<string[]> {
    const row = (yield s.ticket({ id: key })).rows[0];
    if (!row) return [];
    const state = JSON.parse(String(row['state'])) as Ticket;
    const odd = differing(row, ticketColumns(state, version, Number(row['to_verify']) === 1), TICKET_STATE);
    if (state.attempts.length === 0) return odd;
    const ids = listed(
      'id',
      state.attempts.map(({ id }) => id),
    );
    const attempts = (yield ofTicket(
      `attempts ${state.attempts.length}`,
      (k) => k.selectFrom('attempts').selectAll().where('id', 'in', ids.placeholders),
      ids.params,
    )).rows;
    for (const [index, { id }] of state.attempts.entries()) {
      const found = attempts.find((attempt) => attempt['id'] === id);
      if (found)
        odd.push(
          ...differing(found, attemptColumns(state, index), ATTEMPT_CAMPAIGN).map(
            (name) => `${name} of ${id}`,
          ),
        );
      else odd.push(`the row of ${id}`);
    }
    return odd;
  }

  return {
    *oddColumns(stream: string, version: number): Program<string[]> {
      const id = stream.slice(stream.indexOf(':') + 1);
      if (stream.startsWith('ticket:')) return yield* ticket(id, version);
      if (stream.startsWith('inbox:')) {
        const row = (yield s.inbox({ id })).rows[0];
        return row
          ? differing(row, inboxColumns(JSON.parse(String(row['item'])) as InboxItem, version), ITEM)
          : [];
      }
      if (stream.startsWith('alert:')) {
        const row = (yield s.alert({ id })).rows[0];
        return row
          ? differing(row, alertColumns(JSON.parse(String(row['alert'])) as AlertState, version), ALERT)
          : [];
      }
      return [];
    },
    *rowCounts(): Program<RowCounts> {
      const [tickets, attempts, inbox, alerts] = (yield* together(counts.map((count) => count({})))).map(
        ({ rows }) => Number(rows[0]?.['n']),
      );
      return { tickets: tickets ?? 0, attempts: attempts ?? 0, inbox: inbox ?? 0, alerts: alerts ?? 0 };
    },
  };
}

/** The names of the columns that are not as the state gives them. */
function differing(row: ResultRow, given: object, apart: ReadonlySet<string>): string[] {
  return Object.entries(given)
    .filter(([name, value]) => !apart.has(name) && row[name] !== value)
    .map(([name]) => name);
}
