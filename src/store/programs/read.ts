/** Reads of what the API and the services ask for: tickets, inbox, alerts, documents, the log. */
import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { AlertState } from '../../domain/alert/alert.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import type { Stamped } from '../../domain/config.ts';
import type { Ticket } from '../../domain/ticket/state.ts';
import type {
  DocumentKind,
  PageOf,
  SkipRecord,
  StoredEvent,
  TicketFilter,
  TicketGroup,
  TicketGrouping,
  TicketQuery,
  TicketRecord,
} from '../port.ts';
import { type Program, type ResultRow, atMost, p, query, statement } from '../program.ts';
import type { Tables } from '../schema.ts';

const parse = <T>(value: unknown): T => JSON.parse(String(value)) as T;

export function storedEvent(row: ResultRow): StoredEvent {
  const r = row as unknown as Tables['events'];
  return {
    stream: r.stream,
    version: Number(r.version),
    seq: Number(r.seq),
    type: r.type,
    actor: { kind: r.actor_kind, id: r.actor_id } as StoredEvent['actor'],
    at: Number(r.at),
    data: parse(r.data),
    dataHash: r.data_hash,
    hash: r.hash,
    roll: r.roll,
    ticket: r.ticket,
    project: r.project,
  };
}

/** Tickets whose states are kept parsed; a few megabytes at most. */
const PARSED_TICKETS = 500;

/** A cursor is the sort value and the key of the last item, so that a page is stable while items come and go. */
function cursorOf(values: (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function readCursor(cursor: string | undefined): [at: number, key: string] | null {
  if (cursor === undefined) return null;
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(values) || values.length !== 2) return null;
    const [at, key] = values as unknown[];
    // A typed column takes no other value: a cursor that nobody was given begins at the start.
    return Number.isSafeInteger(at) && typeof key === 'string' ? [at as number, key] : null;
  } catch {
    return null;
  }
}

const SORTS = {
  dispatch: { column: 'rank', direction: 'asc' },
  priority: { column: 'priority', direction: 'asc' },
  age: { column: 'status_since', direction: 'asc' },
  updated: { column: 'updated_at', direction: 'desc' },
  created: { column: 'created_at', direction: 'desc' },
} as const;

export function readPrograms(db: Kysely<Tables>) {
  const s = {
    ticket: statement<{ key: string }>(db, (k) =>
      k.selectFrom('tickets').select(['state', 'stream_version']).where('key', '=', p('key')),
    ),
    attemptTicket: statement<{ id: string }>(db, (k) =>
      k.selectFrom('attempts').select('ticket').where('id', '=', p('id')),
    ),
    evidenceTicket: statement<{ id: string }>(db, (k) =>
      k.selectFrom('evidence').select('ticket').where('id', '=', p('id')),
    ),
    counts: statement<object>(db, (k) =>
      k
        .selectFrom('tickets')
        .select(['status', (e) => e.fn.countAll().as('n')])
        .groupBy('status'),
    ),
    inboxItem: statement<{ id: string }>(db, (k) =>
      k.selectFrom('inbox').select(['item', 'stream_version']).where('id', '=', p('id')),
    ),
    inboxOfTicket: statement<{ ticket: string }>(db, (k) =>
      k
        .selectFrom('inbox')
        .select(['item', 'stream_version'])
        .where('ticket', '=', p('ticket'))
        .where('state', 'in', ['pending', 'delivered']),
    ),
    dueInbox: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('inbox')
        .select('id')
        .where('due_at', '<=', p('now'))
        .where('state', 'in', ['pending', 'delivered'])
        .limit(atMost(200)),
    ),
    alert: statement<{ fingerprint: string }>(db, (k) =>
      k.selectFrom('alerts').select(['alert', 'stream_version']).where('fingerprint', '=', p('fingerprint')),
    ),
    alertById: statement<{ id: string }>(db, (k) =>
      k.selectFrom('alerts').select(['alert', 'stream_version']).where('id', '=', p('id')),
    ),
    document: statement<{ kind: string; id: string }>(db, (k) =>
      k.selectFrom('documents').select('state').where('kind', '=', p('kind')).where('id', '=', p('id')),
    ),
    documents: statement<{ kind: string }>(db, (k) =>
      k.selectFrom('documents').select('state').where('kind', '=', p('kind')).orderBy('id'),
    ),
    setting: statement<{ name: string }>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', p('name')),
    ),
    skip: statement<{ ticket: string }>(db, (k) =>
      k.selectFrom('skips').selectAll().where('ticket', '=', p('ticket')),
    ),
    skipHistory: statement<{ ticket: string }>(db, (k) =>
      k
        .selectFrom('skip_history')
        .selectAll()
        .where('ticket', '=', p('ticket'))
        .orderBy('at', 'desc')
        .limit(atMost(100)),
    ),
    eventsAfter: statement<{ seq: number; limit: number }>(db, (k) =>
      k
        .selectFrom('events')
        .selectAll()
        .where('seq', '>', p('seq'))
        .orderBy('seq')
        .limit(atMost(p('limit'))),
    ),
    streamEvents: statement<{ stream: string; after: number; limit: number }>(db, (k) =>
      k
        .selectFrom('events')
        .selectAll()
        .where('stream', '=', p('stream'))
        .where('version', '>', p('after'))
        .orderBy('version')
        .limit(atMost(p('limit'))),
    ),
    head: statement<object>(db, (k) =>
      k.selectFrom('events').select(['seq', 'roll']).orderBy('seq', 'desc').limit(atMost(1)),
    ),
    streams: statement<{ after: string; limit: number }>(db, (k) =>
      k
        .selectFrom('streams')
        .selectAll()
        .where('stream', '>', p('after'))
        .orderBy('stream')
        .limit(atMost(p('limit'))),
    ),
    diff: statement<{ attempt: string }>(db, (k) =>
      k.selectFrom('diffs').select('diff').where('attempt', '=', p('attempt')),
    ),
  };

  /**
   * Tickets are read many times for each time that they change, and parsing is most of such a read. The row is read in
   * any case: what is kept is what its very text meant last. It is shared, and nobody may change it.
   */
  const parsed = new Map<string, { text: string; state: Ticket }>();
  const parseTicket = (key: string, row: ResultRow): Ticket => {
    const text = String(row['state']);
    const known = parsed.get(key);
    if (known?.text === text) return known.state;
    if (parsed.size >= PARSED_TICKETS) parsed.clear();
    const state = parse<Ticket>(text);
    parsed.set(key, { text, state });
    return state;
  };
  const inboxRow = (row: ResultRow) => ({
    item: parse<InboxItem>(row['item']),
    streamVersion: Number(row['stream_version']),
  });
  const alertRow = (row: ResultRow) => ({
    alert: parse<AlertState>(row['alert']),
    streamVersion: Number(row['stream_version']),
  });
  const skipRow = (row: ResultRow): SkipRecord => ({
    code: String(row['code']),
    detail: String(row['detail']),
    at: Number(row['at']),
  });

  return {
    *ticket(key: string): Program<TicketRecord | null> {
      const { rows } = yield s.ticket({ key });
      const row = rows[0];
      return row ? { state: parseTicket(key, row), streamVersion: Number(row['stream_version']) } : null;
    },
    *tickets(q: TicketQuery): Program<PageOf<Ticket>> {
      const sort = SORTS[q.sort];
      const operator = sort.direction === 'asc' ? ('>' as const) : ('<' as const);
      let select = db
        .selectFrom('tickets')
        .select(['state', sort.column, 'key'])
        .where((e) => matches(e, q));
      const cursor = readCursor(q.cursor);
      if (cursor) {
        const [value, key] = cursor;
        select = select.where((e) =>
          e.or([
            e(sort.column, operator, value),
            e.and([e(sort.column, '=', value), e('key', operator, key)]),
          ]),
        );
      }
      const { rows } = yield query(
        select
          .orderBy(sort.column, sort.direction)
          .orderBy('key', sort.direction)
          .limit(atMost(q.limit + 1)),
      );
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => parse<Ticket>(row['state'])),
        nextCursor: last ? cursorOf([Number(last[sort.column]), String(last['key'])]) : null,
      };
    },
    *groupTickets(filter: TicketFilter, by: TicketGrouping): Program<TicketGroup[]> {
      const { rows } = yield query(
        db
          .selectFrom('tickets')
          .select((e) => [
            (by === 'agent' ? agentOf(e) : e.ref(by)).as('value'),
            'status',
            e.fn.countAll().as('n'),
          ])
          .where((e) => matches(e, filter))
          .groupBy((e) => [by === 'agent' ? agentOf(e) : e.ref(by), 'status']),
      );
      return rows.map((row) => ({
        value: row['value'] === null ? null : String(row['value']),
        status: String(row['status']),
        count: Number(row['n']),
      }));
    },
    *ticketStatuses(keys: readonly string[]): Program<Map<string, string>> {
      if (keys.length === 0) return new Map();
      const { rows } = yield query(
        db
          .selectFrom('tickets')
          .select(['key', 'status'])
          .where('key', 'in', [...keys]),
      );
      return new Map(rows.map((row) => [String(row['key']), String(row['status'])]));
    },
    *ticketOfAttempt(id: string): Program<string | null> {
      const { rows } = yield s.attemptTicket({ id });
      return rows[0] ? String(rows[0]['ticket']) : null;
    },
    *ticketOfEvidence(id: string): Program<string | null> {
      const { rows } = yield s.evidenceTicket({ id });
      return rows[0] ? String(rows[0]['ticket']) : null;
    },
    *countByStatus(): Program<Record<string, number>> {
      const { rows } = yield s.counts({});
      return Object.fromEntries(rows.map((row) => [String(row['status']), Number(row['n'])]));
    },
    *inboxItem(id: string): Program<{ item: InboxItem; streamVersion: number } | null> {
      const { rows } = yield s.inboxItem({ id });
      return rows[0] ? inboxRow(rows[0]) : null;
    },
    *inbox(q: {
      states: string[];
      ticket?: string;
      for?: string;
      limit: number;
      cursor?: string;
    }): Program<PageOf<InboxItem>> {
      let select = db
        .selectFrom('inbox')
        .select(['item', 'stream_version', 'created_at', 'id'])
        .where('state', 'in', q.states);
      if (q.ticket !== undefined) select = select.where('ticket', '=', q.ticket);
      if (q.for !== undefined) select = select.where('for_whom', '=', q.for);
      const cursor = readCursor(q.cursor);
      if (cursor) {
        const [at, id] = cursor;
        select = select.where((e) =>
          e.or([e('created_at', '>', at), e.and([e('created_at', '=', at), e('id', '>', id)])]),
        );
      }
      const { rows } = yield query(
        select
          .orderBy('created_at')
          .orderBy('id')
          .limit(atMost(q.limit + 1)),
      );
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => parse<InboxItem>(row['item'])),
        nextCursor: last ? cursorOf([Number(last['created_at']), String(last['id'])]) : null,
      };
    },
    *openInboxOf(ticket: string): Program<{ item: InboxItem; streamVersion: number }[]> {
      const { rows } = yield s.inboxOfTicket({ ticket });
      return rows.map(inboxRow);
    },
    *dueInbox(now: number): Program<string[]> {
      const { rows } = yield s.dueInbox({ now });
      return rows.map((row) => String(row['id']));
    },
    *alert(fingerprint: string): Program<{ alert: AlertState; streamVersion: number } | null> {
      const { rows } = yield s.alert({ fingerprint });
      return rows[0] ? alertRow(rows[0]) : null;
    },
    *alertById(id: string): Program<{ alert: AlertState; streamVersion: number } | null> {
      const { rows } = yield s.alertById({ id });
      return rows[0] ? alertRow(rows[0]) : null;
    },
    *alerts(q: { states?: string[]; limit: number; cursor?: string }): Program<PageOf<AlertState>> {
      let select = db.selectFrom('alerts').select(['alert', 'last_seen', 'id']);
      if (q.states) select = select.where('state', 'in', q.states);
      const cursor = readCursor(q.cursor);
      if (cursor) {
        const [at, id] = cursor;
        select = select.where((e) =>
          e.or([e('last_seen', '<', at), e.and([e('last_seen', '=', at), e('id', '<', id)])]),
        );
      }
      const { rows } = yield query(
        select
          .orderBy('last_seen', 'desc')
          .orderBy('id', 'desc')
          .limit(atMost(q.limit + 1)),
      );
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => parse<AlertState>(row['alert'])),
        nextCursor: last ? cursorOf([Number(last['last_seen']), String(last['id'])]) : null,
      };
    },
    *document<T extends object>(kind: DocumentKind, id: string): Program<(T & Stamped) | null> {
      const { rows } = yield s.document({ kind, id });
      return rows[0] ? parse<T & Stamped>(rows[0]['state']) : null;
    },
    *documents<T extends object>(kind: DocumentKind): Program<(T & Stamped)[]> {
      const { rows } = yield s.documents({ kind });
      return rows.map((row) => parse<T & Stamped>(row['state']));
    },
    *configVersion(): Program<number> {
      const { rows } = yield s.setting({ name: 'config_version' });
      return Number(rows[0]?.['value'] ?? 0);
    },
    *setting(name: string): Program<string | null> {
      const { rows } = yield s.setting({ name });
      return rows[0] ? String(rows[0]['value']) : null;
    },
    *skipOf(ticket: string): Program<SkipRecord | null> {
      const { rows } = yield s.skip({ ticket });
      return rows[0] ? skipRow(rows[0]) : null;
    },
    *skipsOf(tickets: readonly string[]): Program<Map<string, SkipRecord>> {
      if (tickets.length === 0) return new Map();
      const { rows } = yield query(
        db
          .selectFrom('skips')
          .selectAll()
          .where('ticket', 'in', [...tickets]),
      );
      return new Map(rows.map((row) => [String(row['ticket']), skipRow(row)]));
    },
    *skipHistory(ticket: string): Program<SkipRecord[]> {
      const { rows } = yield s.skipHistory({ ticket });
      return rows.map(skipRow);
    },
    *eventsAfter(seq: number, limit: number): Program<StoredEvent[]> {
      const { rows } = yield s.eventsAfter({ seq, limit });
      return rows.map(storedEvent);
    },
    *streamEvents(stream: string, after: number, limit: number): Program<StoredEvent[]> {
      const { rows } = yield s.streamEvents({ stream, after, limit });
      return rows.map(storedEvent);
    },
    *head(): Program<{ seq: number; hash: string }> {
      const { rows } = yield s.head({});
      return { seq: Number(rows[0]?.['seq'] ?? 0), hash: String(rows[0]?.['roll'] ?? '0'.repeat(64)) };
    },
    *streams(after: string, limit: number): Program<{ stream: string; version: number; hash: string }[]> {
      const { rows } = yield s.streams({ after, limit });
      return rows.map((row) => ({
        stream: String(row['stream']),
        version: Number(row['version']),
        hash: String(row['hash']),
      }));
    },
    *diff(attempt: string): Program<unknown> {
      const { rows } = yield s.diff({ attempt });
      return rows[0] ? parse<unknown>(rows[0]['diff']) : null;
    },
  };
}

type TicketExpressions = ExpressionBuilder<Tables, 'tickets'>;

const agentOf = (e: TicketExpressions) => e.fn.coalesce('assignee', 'profile');

/** The filter as one condition. */
function matches(e: TicketExpressions, q: TicketFilter): Expression<SqlBool> {
  const all: Expression<SqlBool>[] = [];
  if (q.project !== undefined) all.push(e('project', '=', q.project));
  if (q.statuses !== undefined) all.push(e('status', 'in', q.statuses));
  if (q.priorities !== undefined) all.push(e('priority', 'in', q.priorities));
  for (const column of ['assignee', 'campaign', 'profile'] as const) {
    const value = q[column];
    if (value !== undefined) all.push(value === null ? e(column, 'is', null) : e(column, '=', value));
  }
  if (q.agent !== undefined) {
    all.push(
      q.agent === null
        ? e.and([e('assignee', 'is', null), e('profile', 'is', null)])
        : e.or([e('assignee', '=', q.agent), e.and([e('assignee', 'is', null), e('profile', '=', q.agent)])]),
    );
  }
  if (q.keys !== undefined) all.push(e('key', 'in', q.keys));
  if (q.label !== undefined)
    all.push(sql<boolean>`labels like ${`%${escapeLike(JSON.stringify(q.label))}%`} escape '\\'`);
  for (const word of (q.q ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8))
    all.push(sql<boolean>`search like ${`%${escapeLike(word)}%`} escape '\\'`);
  return e.and(all);
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (c) => `\\${c}`);
}
