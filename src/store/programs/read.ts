/** Reads of what the API and the services ask for: tickets, inbox, alerts, documents, the log. */
import type { Kysely } from 'kysely';
import type { AlertState } from '../../domain/alert/alert.ts';
import type { InboxItem } from '../../domain/inbox/inbox.ts';
import type { Policy, Project, Stamped } from '../../domain/config.ts';
import type {
  DocumentKind,
  PageOf,
  SkipRecord,
  StoredEvent,
  StreamAt,
  TicketBasis,
  TicketRecord,
} from '../port.ts';
import {
  type Program,
  type Query,
  type ResultRow,
  atMost,
  listed,
  p,
  shapes,
  statement,
  together,
} from '../program.ts';
import type { Tables } from '../schema.ts';
import { after, cursorOf, readCursor } from './cursor.ts';
import { parsedAlerts, parsedItems, parsedTickets } from './parsed.ts';

/** CENTS-12 is a ticket of CENTS. */
export const projectOfKey = (key: string): string => key.slice(0, Math.max(key.lastIndexOf('-'), 0));

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
    inboxItem: statement<{ id: string }>(db, (k) =>
      k.selectFrom('inbox').select(['id', 'item', 'stream_version']).where('id', '=', p('id')),
    ),
    inboxOfTicket: statement<{ ticket: string }>(db, (k) =>
      k
        .selectFrom('inbox')
        .select(['id', 'item', 'stream_version'])
        .where('ticket', '=', p('ticket'))
        .where('state', 'in', ['pending', 'delivered'])
        .orderBy('id'),
    ),
    dueInbox: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('inbox')
        .select('id')
        .where('due_at', '<=', p('now'))
        .where('state', 'in', ['pending', 'delivered'])
        .orderBy('due_at')
        .orderBy('id')
        .limit(atMost(200)),
    ),
    alert: statement<{ fingerprint: string }>(db, (k) =>
      k
        .selectFrom('alerts')
        .select(['id', 'alert', 'stream_version'])
        .where('fingerprint', '=', p('fingerprint')),
    ),
    alertById: statement<{ id: string }>(db, (k) =>
      k.selectFrom('alerts').select(['id', 'alert', 'stream_version']).where('id', '=', p('id')),
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
        .selectFrom('events')
        .select((e) => ['stream', e.fn.max('version').as('version')])
        .where('stream', '>', p('after'))
        .groupBy('stream')
        .orderBy('stream')
        .limit(atMost(p('limit'))),
    ),
    diff: statement<{ attempt: string }>(db, (k) =>
      k.selectFrom('diffs').select('diff').where('attempt', '=', p('attempt')),
    ),
  };

  const select = shapes(db);
  const inboxRow = (row: ResultRow) => ({
    item: parsedItems.parse(String(row['id']), row['item']),
    streamVersion: Number(row['stream_version']),
  });
  const alertRow = (row: ResultRow) => ({
    alert: parsedAlerts.parse(String(row['id']), row['alert']),
    streamVersion: Number(row['stream_version']),
  });
  const skipRow = (row: ResultRow): SkipRecord => ({
    code: String(row['code']),
    detail: String(row['detail']),
    at: Number(row['at']),
  });

  const ticketRecord = (key: string, row: ResultRow | undefined): TicketRecord | null =>
    row
      ? { state: parsedTickets.parse(key, row['state']), streamVersion: Number(row['stream_version']) }
      : null;
  const documentOf = <T extends object>(row: ResultRow | undefined): (T & Stamped) | null =>
    row ? parse<T & Stamped>(row['state']) : null;

  return {
    *ticket(key: string): Program<TicketRecord | null> {
      const { rows } = yield s.ticket({ key });
      return ticketRecord(key, rows[0]);
    },
    /** @param time gives the time in `now` */
    *ticketBasis(key: string, time: Query): Program<TicketBasis> {
      const asked = yield* together([
        s.ticket({ key }),
        s.document({ kind: 'policy', id: 'policy' }),
        s.document({ kind: 'project', id: projectOfKey(key) }),
        time,
      ]);
      const [ticket, policy, project, now] = asked.map(({ rows }) => rows[0]);
      return {
        record: ticketRecord(key, ticket),
        policy: documentOf<Policy>(policy),
        project: documentOf<Project>(project),
        now: Number(now?.['now']),
      };
    },
    *ticketStatuses(keys: readonly string[]): Program<Map<string, string>> {
      if (keys.length === 0) return new Map();
      const list = listed('key', keys);
      const { rows } = yield select(
        `statuses ${keys.length}`,
        (k) => k.selectFrom('tickets').select(['key', 'status']).where('key', 'in', list.placeholders),
        list.params,
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
    *inboxItem(id: string): Program<{ item: InboxItem; streamVersion: number } | null> {
      const { rows } = yield s.inboxItem({ id });
      return rows[0] ? inboxRow(rows[0]) : null;
    },
    *inbox(q: {
      states: string[];
      ticket?: string;
      for?: string;
      newestFirst?: boolean;
      limit: number;
      cursor?: string;
    }): Program<PageOf<InboxItem>> {
      const states = listed('state', q.states);
      const cursor = readCursor(q.cursor);
      const asked = [q.ticket, q.for, cursor ?? undefined].map((filter) => filter !== undefined);
      const direction = q.newestFirst ? 'desc' : 'asc';
      const { rows } = yield select(
        `inbox ${q.states.length} ${asked.join(' ')} ${direction}`,
        (k) => {
          let inbox = k
            .selectFrom('inbox')
            .select(['item', 'stream_version', 'created_at', 'id'])
            .where('state', 'in', states.placeholders);
          if (q.ticket !== undefined) inbox = inbox.where('ticket', '=', p('ticket'));
          if (q.for !== undefined) inbox = inbox.where('for_whom', '=', p('for'));
          if (cursor) inbox = inbox.where(after('created_at', q.newestFirst ? '<' : '>', 'id'));
          return inbox
            .orderBy('created_at', direction)
            .orderBy('id', direction)
            .limit(atMost(p('limit')));
        },
        {
          ...states.params,
          ticket: q.ticket,
          for: q.for,
          at: cursor?.[0],
          id: cursor?.[1],
          limit: q.limit + 1,
        },
      );
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => inboxRow(row).item),
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
      const states = listed('state', q.states ?? []);
      const cursor = readCursor(q.cursor);
      const { rows } = yield select(
        `alerts ${q.states?.length ?? '-'} ${cursor !== null}`,
        (k) => {
          let alerts = k.selectFrom('alerts').select(['alert', 'last_seen', 'id']);
          if (q.states) alerts = alerts.where('state', 'in', states.placeholders);
          if (cursor) alerts = alerts.where(after('last_seen', '<', 'id'));
          return alerts
            .orderBy('last_seen', 'desc')
            .orderBy('id', 'desc')
            .limit(atMost(p('limit')));
        },
        { ...states.params, at: cursor?.[0], id: cursor?.[1], limit: q.limit + 1 },
      );
      const page = rows.slice(0, q.limit);
      const last = rows.length > q.limit ? page.at(-1) : undefined;
      return {
        items: page.map((row) => alertRow(row).alert),
        nextCursor: last ? cursorOf([Number(last['last_seen']), String(last['id'])]) : null,
      };
    },
    *document<T extends object>(kind: DocumentKind, id: string): Program<(T & Stamped) | null> {
      const { rows } = yield s.document({ kind, id });
      return documentOf<T>(rows[0]);
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
      const list = listed('ticket', tickets);
      const { rows } = yield select(
        `skips ${tickets.length}`,
        (k) => k.selectFrom('skips').selectAll().where('ticket', 'in', list.placeholders),
        list.params,
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
    *streams(after: string, limit: number): Program<StreamAt[]> {
      const { rows } = yield s.streams({ after, limit });
      return rows.map((row) => ({ stream: String(row['stream']), version: Number(row['version']) }));
    },
    *diff(attempt: string): Program<unknown> {
      const { rows } = yield s.diff({ attempt });
      return rows[0] ? parse<unknown>(rows[0]['diff']) : null;
    },
  };
}
