/**
 * Applies one commit plan: guards, then the compare-and-swap of each stream, then rows and effects. Any failure throws
 * `PlanRejected`, and the caller rolls back this plan alone.
 */
import type { Kysely } from 'kysely';
import type { CommitPlan, Effect, Guard, Row, StoredEvent } from '../port.ts';
import { type Program, p, shapes, statement } from '../program.ts';
import { type Tables, incremented } from '../schema.ts';
import { type ChainHead, appendPrograms } from './append.ts';
import { parsedTickets } from './parsed.ts';
import { PlanRejected } from './plan-rejected.ts';
import type { StreamHeads } from './stream-heads.ts';
import {
  ATTEMPT_COLUMNS,
  CREDENTIAL_COLUMNS,
  INBOX_COLUMNS,
  TICKET_COLUMNS,
  alertColumns,
  attemptColumns,
  changed,
  changedTicketColumns,
  inboxColumns,
  proposed,
  ticketColumns,
} from './rows.ts';
import { workPrograms } from './work.ts';

const CONFIG_KINDS: ReadonlySet<string> = new Set(['project', 'profile', 'campaign', 'policy', 'job']);

export function commitPrograms(db: Kysely<Tables>) {
  const log = appendPrograms(db);
  const works = workPrograms(db);
  const s = {
    lease: statement<{ name: string }>(db, (k) =>
      k.selectFrom('leases').selectAll().where('name', '=', p('name')),
    ),
    ticketVersion: statement<{ key: string }>(db, (k) =>
      k.selectFrom('tickets').select('version').where('key', '=', p('key')),
    ),
    setting: statement<{ name: string }>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', p('name')),
    ),
    bumpSetting: statement<{ name: string }>(db, (k) =>
      k.updateTable('settings').set({ value: incremented }).where('name', '=', p('name')),
    ),
    ticket: statement<Record<string, unknown>>(db, (k) => {
      const values = Object.fromEntries(TICKET_COLUMNS.map((c) => [c, p(c)])) as unknown as Tables['tickets'];
      return k.insertInto('tickets').values(values);
    }),
    attempt: statement<Record<string, unknown>>(db, (k) => {
      const values = Object.fromEntries(
        ATTEMPT_COLUMNS.map((c) => [c, p(c)]),
      ) as unknown as Tables['attempts'];
      return k.insertInto('attempts').values(values);
    }),
    evidence: statement<{ id: string; ticket: string }>(db, (k) =>
      k
        .insertInto('evidence')
        .values({ id: p('id'), ticket: p('ticket') })
        .onConflict((c) => c.doNothing()),
    ),
    inbox: statement<Record<string, unknown>>(db, (k) => {
      const values = Object.fromEntries(INBOX_COLUMNS.map((c) => [c, p(c)])) as unknown as Tables['inbox'];
      return k
        .insertInto('inbox')
        .values(values)
        .onConflict((c) => c.column('id').doUpdateSet(proposed(INBOX_COLUMNS, ['id', 'kind', 'created_at'])));
    }),
    alert: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('alerts')
        .values({
          id: p('id'),
          fingerprint: p('fingerprint'),
          state: p('state'),
          last_seen: p('last_seen'),
          stream_version: p('stream_version'),
          alert: p('alert'),
        })
        .onConflict((c) =>
          c.column('id').doUpdateSet({
            state: p('state'),
            last_seen: p('last_seen'),
            stream_version: p('stream_version'),
            alert: p('alert'),
          }),
        ),
    ),
    document: statement<{ kind: string; id: string; version: number; state: string }>(db, (k) =>
      k
        .insertInto('documents')
        .values({ kind: p('kind'), id: p('id'), version: p('version'), state: p('state') })
        .onConflict((c) =>
          c.columns(['kind', 'id']).doUpdateSet({ version: p('version'), state: p('state') }),
        ),
    ),
    leaseSet: statement<{ name: string; holder: string; epoch: number; expires_at: number }>(db, (k) =>
      k
        .insertInto('leases')
        .values({ name: p('name'), holder: p('holder'), epoch: p('epoch'), expires_at: p('expires_at') })
        .onConflict((c) =>
          c
            .column('name')
            .doUpdateSet({ holder: p('holder'), epoch: p('epoch'), expires_at: p('expires_at') }),
        ),
    ),
    leaseDrop: statement<{ name: string }>(db, (k) => k.deleteFrom('leases').where('name', '=', p('name'))),
    credential: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('credentials')
        .values(
          Object.fromEntries(CREDENTIAL_COLUMNS.map((c) => [c, p(c)])) as unknown as Tables['credentials'],
        )
        .onConflict((c) => c.doNothing()),
    ),
    credentialsOver: statement<{ attempt: string; at: number }>(db, (k) =>
      k
        .updateTable('credentials')
        .set({ over_at: p('at') })
        .where('attempt', '=', p('attempt'))
        .where('over_at', 'is', null),
    ),
    credentialsRevoke: statement<{ id: string }>(db, (k) =>
      k.deleteFrom('credentials').where('id', '=', p('id')),
    ),
    skip: statement<{ ticket: string; code: string; detail: string; at: number }>(db, (k) =>
      k
        .insertInto('skips')
        .values({ ticket: p('ticket'), code: p('code'), detail: p('detail'), at: p('at') })
        .onConflict((c) =>
          c.column('ticket').doUpdateSet({ code: p('code'), detail: p('detail'), at: p('at') }),
        ),
    ),
    skipHistory: statement<{ ticket: string; code: string; detail: string; at: number }>(db, (k) =>
      k
        .insertInto('skip_history')
        .values({ ticket: p('ticket'), code: p('code'), detail: p('detail'), at: p('at') }),
    ),
    skipClear: statement<{ ticket: string }>(db, (k) =>
      k.deleteFrom('skips').where('ticket', '=', p('ticket')),
    ),
    diff: statement<{ attempt: string; diff: string }>(db, (k) =>
      k
        .insertInto('diffs')
        .values({ attempt: p('attempt'), diff: p('diff') })
        .onConflict((c) => c.column('attempt').doUpdateSet({ diff: p('diff') })),
    ),
    idempotency: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('idempotency')
        .values({
          scope: p('scope'),
          key: p('key'),
          body_hash: p('body_hash'),
          status: p('status'),
          headers: p('headers'),
          body: p('body'),
          at: p('at'),
        })
        .onConflict((c) => c.doNothing()),
    ),
  };

  const updates = shapes(db);

  /** Only what has changed is written: an index whose columns stay as they are costs nothing. */
  function* update<T extends 'tickets' | 'attempts'>(
    table: T,
    id: { column: keyof Tables[T] & string; value: string },
    columns: Partial<Tables[T]>,
  ): Program<void> {
    const names = Object.keys(columns);
    if (names.length === 0) return;
    const { changes } = yield updates(
      `${table} ${names.join(' ')}`,
      (k) =>
        k
          .updateTable(table as 'tickets')
          .set(Object.fromEntries(names.map((name) => [name, p(name)])))
          .where(id.column as 'key', '=', p('id')),
      { ...columns, id: id.value },
    );
    if (changes !== 1) throw new Error(`the row of ${id.value} in ${table} is missing`);
  }

  function* writeTicket(row: Extract<Row, { row: 'ticket' }>): Program<void> {
    const { before, state, streamVersion, toVerify } = row;
    const columns =
      before === null
        ? ticketColumns(state, streamVersion, toVerify)
        : changedTicketColumns(before, state, streamVersion, toVerify);
    if (before === null) yield s.ticket(columns);
    else yield* update('tickets', { column: 'key', value: state.key }, columns);
    // Whoever reads it next need not parse what was just written.
    parsedTickets.keep(state.key, columns.state, state);
    for (const [index, attempt] of state.attempts.entries()) {
      const was = before?.attempts[index];
      if (was === attempt) continue;
      const attemptRow = attemptColumns(state, index);
      if (!before || !was) yield s.attempt(attemptRow);
      else
        yield* update(
          'attempts',
          { column: 'id', value: attempt.id },
          changed(attemptColumns(before, index), attemptRow),
        );
    }
    for (const [index, evidence] of state.evidence.entries()) {
      if (before?.evidence[index] === undefined) yield s.evidence({ id: evidence.id, ticket: state.key });
    }
  }

  function* checkGuard(guard: Guard, now: number): Program<void> {
    if (guard.guard === 'config_version') {
      const { rows } = yield s.setting({ name: 'config_version' });
      if (Number(rows[0]?.['value'] ?? 0) !== guard.version)
        throw new PlanRejected({ kind: 'guard', guard: guard.guard });
      return;
    }
    if (guard.guard === 'ticket_version') {
      const { rows } = yield s.ticketVersion({ key: guard.ticket });
      if (Number(rows[0]?.['version'] ?? 0) !== guard.version)
        throw new PlanRejected({ kind: 'guard', guard: guard.guard });
      return;
    }
    const { rows } = yield s.lease({ name: guard.name });
    const lease = rows[0] as Tables['leases'] | undefined;
    const holds =
      guard.guard === 'lease_held'
        ? lease !== undefined &&
          lease.holder === guard.holder &&
          Number(lease.epoch) === guard.epoch &&
          Number(lease.expires_at) > now
        : lease === undefined || Number(lease.expires_at) + guard.graceMs <= now;
    if (!holds) throw new PlanRejected({ kind: 'guard', guard: guard.guard });
  }

  function* writeRow(row: Row): Program<void> {
    switch (row.row) {
      case 'ticket':
        yield* writeTicket(row);
        return;
      case 'inbox':
        yield s.inbox(inboxColumns(row.item, row.streamVersion));
        return;
      case 'alert':
        yield s.alert(alertColumns(row.alert, row.streamVersion));
        return;
      case 'document':
        yield s.document({
          kind: row.kind,
          id: row.id,
          version: row.state.version,
          state: JSON.stringify(row.state),
        });
        if (CONFIG_KINDS.has(row.kind)) yield s.bumpSetting({ name: 'config_version' });
        return;
    }
  }

  function* applyEffect(effect: Effect, now: number): Program<void> {
    switch (effect.effect) {
      case 'lease_set':
        yield s.leaseSet({
          name: effect.name,
          holder: effect.holder,
          epoch: effect.epoch,
          expires_at: Math.round(now + effect.ttlMs),
        });
        return;
      case 'lease_drop':
        yield s.leaseDrop({ name: effect.name });
        return;
      case 'credential_add': {
        const c = effect.credential;
        yield s.credential({
          hash: c.hash,
          id: c.id,
          kind: c.kind,
          role: c.role,
          name: c.name,
          created_at: c.createdAt,
          expires_at: c.expiresAt,
          last_used_at: null,
          attempt: c.attempt,
          ticket: c.ticket,
          fence: c.fence,
          over_at: null,
        });
        return;
      }
      case 'credentials_over':
        yield s.credentialsOver({ attempt: effect.attempt, at: effect.at });
        return;
      case 'credentials_revoke':
        yield s.credentialsRevoke({ id: effect.tokenId });
        return;
      case 'skip_set': {
        const { ticket, code, detail, at } = effect;
        yield s.skip({ ticket, code, detail, at });
        yield s.skipHistory({ ticket, code, detail, at });
        return;
      }
      case 'skip_clear':
        yield s.skipClear({ ticket: effect.ticket });
        return;
      case 'work_add':
      case 'work_finish':
      case 'work_withdraw':
      case 'work_release':
        yield* works.apply(effect);
        return;
      case 'diff_set':
        yield s.diff({ attempt: effect.attempt, diff: JSON.stringify(effect.diff) });
        return;
    }
  }

  return {
    chainHead: () => log.chainHead(),

    /** @param heads what the streams are known to end with, where this process alone writes them */
    *apply(plan: CommitPlan, now: number, chain: ChainHead, heads?: StreamHeads): Program<StoredEvent[]> {
      if (plan.idempotency) {
        const { scope, key, bodyHash, answer, at } = plan.idempotency;
        const { changes } = yield s.idempotency({
          scope,
          key,
          body_hash: bodyHash,
          status: answer.status,
          headers: JSON.stringify(answer.headers),
          body: answer.body,
          at,
        });
        if (changes !== 1) throw new PlanRejected({ kind: 'idempotency' });
      }
      for (const guard of plan.guards ?? []) yield* checkGuard(guard, now);
      const stored: StoredEvent[] = [];
      for (const stream of plan.appends) stored.push(...(yield* log.append(stream, chain, heads)));
      for (const row of plan.rows) yield* writeRow(row);
      for (const effect of plan.effects ?? []) yield* applyEffect(effect, now);
      return stored;
    },

    applyEffect,
    /** Takes, extends (once half of it is over) or refuses a named lease, by the database's clock. */
    *acquireLease(
      name: string,
      holder: string,
      ttlMs: number,
      now: number,
    ): Program<{
      acquired: boolean;
      lease: { name: string; holder: string; epoch: number; expiresAt: number };
    }> {
      const { rows } = yield s.lease({ name });
      const found = rows[0] as Tables['leases'] | undefined;
      const expired = found === undefined || Number(found.expires_at) <= now;
      if (found && !expired && found.holder !== holder) {
        return {
          acquired: false,
          lease: {
            name,
            holder: found.holder,
            epoch: Number(found.epoch),
            expiresAt: Number(found.expires_at),
          },
        };
      }
      // A tick that finds most of its lease ahead has nothing to write, and so no disk to wait for.
      if (found && !expired && found.holder === holder && Number(found.expires_at) - now > ttlMs / 2) {
        const lease = { name, holder, epoch: Number(found.epoch), expiresAt: Number(found.expires_at) };
        return { acquired: true, lease };
      }
      const epoch = found === undefined ? 1 : expired ? Number(found.epoch) + 1 : Number(found.epoch);
      const expiresAt = Math.round(now + ttlMs);
      yield s.leaseSet({ name, holder, epoch, expires_at: expiresAt });
      return { acquired: true, lease: { name, holder, epoch, expiresAt } };
    },
    *renewLease(name: string, holder: string, epoch: number, ttlMs: number, now: number): Program<boolean> {
      const { rows } = yield s.lease({ name });
      const found = rows[0] as Tables['leases'] | undefined;
      if (!found || found.holder !== holder || Number(found.epoch) !== epoch) return false;
      yield s.leaseSet({ name, holder, epoch, expires_at: Math.round(now + ttlMs) });
      return true;
    },
  };
}
