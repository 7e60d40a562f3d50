/** How tickets are found for lists and boards, page by page, and counted. */
import type { Kysely } from 'kysely';
import type { Ticket } from '../../domain/ticket/state.ts';
import { TICKET_STATUSES } from '../../domain/words.ts';
import type { PageOf, TicketFilter, TicketGroup, TicketGrouping, TicketQuery } from '../port.ts';
import {
  type Program,
  type Query,
  type ResultRow,
  LONGEST,
  atMost,
  filledUp,
  p,
  shapes,
  statement,
  together,
} from '../program.ts';
import type { Tables } from '../schema.ts';
import { after, cursorOf, readCursor } from './cursor.ts';
import { parsedTickets } from './parsed.ts';
import { COUNTED, type CountedColumns } from './rows.ts';
import { agentOf, conditionOf } from './ticket-filter.ts';

const SORTS = {
  dispatch: { column: 'rank', direction: 'asc' },
  priority: { column: 'priority', direction: 'asc' },
  age: { column: 'status_since', direction: 'asc' },
  updated: { column: 'updated_at', direction: 'desc' },
  created: { column: 'created_at', direction: 'desc' },
} as const;

/** What may leave few tickets of those that it is asked of: they are found sooner by one look at all of them. */
const NARROWING = [
  'project',
  'priorities',
  'assignee',
  'campaign',
  'profile',
  'agent',
  'label',
  'keys',
] as const satisfies readonly (keyof TicketFilter)[];

/**
 * Whether it is asked for each status: where their rows lie in that order, so that nobody has to sort all of them. It takes
 * several queries, which have to see the same moment.
 */
export function isByStatus(q: TicketQuery): boolean {
  return (
    (q.sort === 'dispatch' || q.sort === 'updated') &&
    q.statuses?.length !== 1 &&
    NARROWING.every((part) => q[part] === undefined) &&
    (q.q ?? '').trim() === ''
  );
}

const textOrNull = (value: unknown): string | null =>
  value === null ? null : String(value as string | number);

export function findPrograms(db: Kysely<Tables>) {
  const s = {
    counts: statement<object>(db, (k) =>
      k
        .selectFrom('tickets')
        .select(['status', (e) => e.fn.countAll().as('n')])
        .groupBy('status'),
    ),
    countTickets: statement<object>(db, (k) =>
      k
        .selectFrom('tickets')
        .select([...COUNTED, (e) => e.fn.countAll().as('n')])
        .groupBy(COUNTED),
    ),
  };
  const select = shapes(db);

  function ticketsQuery(q: TicketQuery, withState = true): Query {
    const { column, direction } = SORTS[q.sort];
    const condition = conditionOf(q);
    const cursor = readCursor(q.cursor);
    return select(
      `tickets ${q.sort} ${cursor !== null} ${withState} ${condition.shape}`,
      (k) => {
        let tickets = k
          .selectFrom('tickets')
          .select([...(withState ? (['state'] as const) : []), column, 'key'])
          .where(condition.of);
        if (cursor) tickets = tickets.where(after(column, direction === 'asc' ? '>' : '<', 'key'));
        return tickets
          .orderBy(column, direction)
          .orderBy('key', direction)
          .limit(atMost(p('limit')));
      },
      { ...condition.params, at: cursor?.[0], id: cursor?.[1], limit: q.limit + 1 },
    );
  }

  /** The page across states: first only where its tickets are, which the indexes know, and then these alone. */
  function* pageByStatus(q: TicketQuery): Program<ResultRow[]> {
    const statuses = [...new Set<string>(q.statuses ?? TICKET_STATUSES)];
    const parts = yield* together(
      statuses.map((status) => ticketsQuery({ ...q, statuses: [status] }, false)),
    );
    const places = parts
      .flatMap(({ rows }) => rows)
      .sort(comparing(q.sort))
      .slice(0, q.limit + 1);
    const states = new Map<unknown, ResultRow>();
    const keys = places.slice(0, q.limit).map((row) => row['key']);
    for (let from = 0; from < keys.length; from += LONGEST) {
      const list = filledUp('key', keys.slice(from, from + LONGEST));
      const { rows } = yield select(
        `states ${list.length}`,
        (k) => k.selectFrom('tickets').select(['key', 'state']).where('key', 'in', list.placeholders),
        list.params,
      );
      for (const row of rows) states.set(row['key'], row);
    }
    return places.map((row) => ({ ...row, ...states.get(row['key']) }));
  }

  return {
    *tickets(q: TicketQuery): Program<PageOf<Ticket>> {
      if (q.statuses?.length === 0) return { items: [], nextCursor: null };
      const { column } = SORTS[q.sort];
      const rows = isByStatus(q) ? yield* pageByStatus(q) : (yield ticketsQuery(q)).rows;
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => parsedTickets.parse(String(row['key']), row['state'])),
        nextCursor: last ? cursorOf([Number(last[column]), String(last['key'])]) : null,
      };
    },
    *countByStatus(): Program<Record<string, number>> {
      const { rows } = yield s.counts({});
      return Object.fromEntries(rows.map((row) => [String(row['status']), Number(row['n'])]));
    },
    *groupTickets(filter: TicketFilter, by: TicketGrouping): Program<TicketGroup[]> {
      const condition = conditionOf(filter);
      const { rows } = yield select(
        `groups ${by} ${condition.shape}`,
        (k) =>
          k
            .selectFrom('tickets')
            .select((e) => [
              (by === 'agent' ? agentOf(e) : e.ref(by)).as('value'),
              'status',
              e.fn.countAll().as('n'),
            ])
            .where(condition.of)
            .groupBy((e) => [by === 'agent' ? agentOf(e) : e.ref(by), 'status']),
        condition.params,
      );
      return rows.map((row) => ({
        value: textOrNull(row['value']),
        status: String(row['status']),
        count: Number(row['n']),
      }));
    },
    /** All of them, by all that they are counted by. */
    *countTickets(): Program<(CountedColumns & { count: number })[]> {
      const { rows } = yield s.countTickets({});
      return rows.map((row) => ({
        project: String(row['project']),
        status: String(row['status']),
        priority: Number(row['priority']),
        campaign: textOrNull(row['campaign']),
        assignee: textOrNull(row['assignee']),
        profile: textOrNull(row['profile']),
        count: Number(row['n']),
      }));
    },
  };
}

/** Orders rows as `ticketsQuery` does: keys are compared by their bytes, and they are ASCII. */
function comparing(by: TicketQuery['sort']): (a: ResultRow, b: ResultRow) => number {
  const { column, direction } = SORTS[by];
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => {
    const difference = Number(a[column]) - Number(b[column]);
    return sign * (difference === 0 ? (String(a['key']) < String(b['key']) ? -1 : 1) : difference);
  };
}
