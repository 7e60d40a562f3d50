/** Which commits of an attempt are stored for other runners. The newest run of an attempt has the last word. */
import { type Kysely, sql } from 'kysely';
import type { BundleRow } from '../port.ts';
import { type Program, type ResultRow, atMost, p, statement } from '../program.ts';
import type { Tables } from '../schema.ts';

const COLUMNS = [
  'attempt',
  'ticket',
  'number',
  'fence',
  'runner',
  'sha256',
  'size',
  'head',
  'wip',
  'at',
] as const satisfies readonly (keyof Tables['bundles'])[];

export function bundlePrograms(db: Kysely<Tables>) {
  const s = {
    one: statement<{ attempt: string }>(db, (k) =>
      k.selectFrom('bundles').selectAll().where('attempt', '=', p('attempt')),
    ),
    add: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('bundles')
        .values(Object.fromEntries(COLUMNS.map((c) => [c, p(c)])) as unknown as Tables['bundles']),
    ),
    remove: statement<{ attempt: string }>(db, (k) =>
      k.deleteFrom('bundles').where('attempt', '=', p('attempt')),
    ),
    ofClosed: statement<{ before: number; limit: number }>(db, (k) =>
      k
        .selectFrom('bundles')
        .innerJoin('tickets', 'tickets.key', 'bundles.ticket')
        .selectAll('bundles')
        // Not the bare column: its index would be gone through first, and most tickets are closed.
        .where((e) => e(e.fn.coalesce('tickets.status', sql.lit('')), 'in', ['done', 'cancelled']))
        .where('bundles.at', '<', p('before'))
        .where('tickets.status_since', '<', p('before'))
        .limit(atMost(p('limit'))),
    ),
    withContent: statement<{ sha256: string }>(db, (k) =>
      k
        .selectFrom('bundles')
        .select((e) => e.fn.countAll().as('n'))
        .where('sha256', '=', p('sha256')),
    ),
  };

  const bundleRow = (row: ResultRow): BundleRow => ({
    attempt: String(row['attempt']),
    ticket: String(row['ticket']),
    number: Number(row['number']),
    fence: Number(row['fence']),
    runner: String(row['runner']),
    sha256: (row['sha256'] as string | null) ?? null,
    size: Number(row['size']),
    head: String(row['head']),
    wip: (row['wip'] as string | null) ?? null,
    at: Number(row['at']),
  });

  return {
    *save(bundle: BundleRow): Program<boolean> {
      const before = (yield s.one({ attempt: bundle.attempt })).rows[0];
      if (before && Number(before['fence']) > bundle.fence) return false;
      yield s.remove({ attempt: bundle.attempt });
      yield s.add({ ...bundle });
      return true;
    },
    *one(attempt: string): Program<BundleRow | null> {
      const row = (yield s.one({ attempt })).rows[0];
      return row ? bundleRow(row) : null;
    },
    *ofClosed(before: number, limit: number): Program<BundleRow[]> {
      return (yield s.ofClosed({ before, limit })).rows.map(bundleRow);
    },
    *withContent(sha256: string): Program<number> {
      return Number((yield s.withContent({ sha256 })).rows[0]?.['n'] ?? 0);
    },
    *remove(attempt: string): Program<void> {
      yield s.remove({ attempt });
    },
  };
}
