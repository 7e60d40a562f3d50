/** Schema 4: the tables of notifications. None of them is derived from the log alone: who has read what, and what arrived. */
import type { CompiledQuery, Kysely } from 'kysely';
import type { ColumnTypes } from './schema-steps.ts';
import type { Tables } from './schema.ts';

export interface NotifyTables {
  /** What has been told, read from the log up to the setting `notify_cursor`. */
  notifications: {
    id: string;
    seq: number;
    /** Told at most once. */
    key: string;
    /** What it is about; settled with it. */
    matter: string;
    kind: string;
    project: string | null;
    ticket: string | null;
    told: string;
    at: number;
    settled_at: number | null;
    settled_by: string | null;
    settled_how: string | null;
  };
  /** Where notifications go: webhooks (their address; the rest is a document) and people's devices. */
  destinations: {
    id: string;
    kind: string;
    person: string | null;
    /** The token that its person signed in with; a device goes with it. */
    token: string | null;
    name: string;
    target: string;
    created_at: number;
    not_before: number;
    failures: number;
    failing_since: number | null;
    last_ok_at: number | null;
    detail: string | null;
  };
  deliveries: {
    destination: string;
    notification: string;
    part: string;
    state: string;
    tries: number;
    created_at: number;
    next_at: number;
    done_at: number | null;
    answer: string | null;
    body: string | null;
  };
  /** What each person has read. */
  reads: { person: string; version: number; until: number; also: string };
}

export function withNotifications(db: Kysely<Tables>, { text }: ColumnTypes): { compile(): CompiledQuery }[] {
  return [
    db.schema
      .createTable('notifications')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('seq', 'bigint', (c) => c.notNull())
      .addColumn('key', text, (c) => c.notNull().unique())
      .addColumn('matter', text, (c) => c.notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('project', text)
      .addColumn('ticket', text)
      .addColumn('told', text, (c) => c.notNull())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('settled_at', 'bigint')
      .addColumn('settled_by', text)
      .addColumn('settled_how', text),
    db.schema.createIndex('notifications_seq').on('notifications').columns(['seq', 'id']),
    db.schema.createIndex('notifications_matter').on('notifications').columns(['matter']),
    db.schema
      .createTable('destinations')
      .addColumn('id', text, (c) => c.primaryKey().notNull())
      .addColumn('kind', text, (c) => c.notNull())
      .addColumn('person', text)
      .addColumn('token', text)
      .addColumn('name', text, (c) => c.notNull())
      .addColumn('target', text, (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('not_before', 'bigint', (c) => c.notNull())
      .addColumn('failures', 'integer', (c) => c.notNull())
      .addColumn('failing_since', 'bigint')
      .addColumn('last_ok_at', 'bigint')
      .addColumn('detail', text),
    db.schema
      .createTable('deliveries')
      .addColumn('destination', text, (c) => c.notNull())
      .addColumn('notification', text, (c) => c.notNull())
      .addColumn('part', text, (c) => c.notNull())
      .addColumn('state', text, (c) => c.notNull())
      .addColumn('tries', 'integer', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('next_at', 'bigint', (c) => c.notNull())
      .addColumn('done_at', 'bigint')
      .addColumn('answer', text)
      .addColumn('body', text)
      .addPrimaryKeyConstraint('deliveries_pk', ['destination', 'notification', 'part']),
    db.schema.createIndex('deliveries_due').on('deliveries').columns(['state', 'next_at']),
    db.schema.createIndex('deliveries_notification').on('deliveries').columns(['notification']),
    db.schema
      .createTable('reads')
      .addColumn('person', text, (c) => c.primaryKey().notNull())
      .addColumn('version', 'bigint', (c) => c.notNull())
      .addColumn('until', 'bigint', (c) => c.notNull())
      .addColumn('also', text, (c) => c.notNull()),
  ];
}
