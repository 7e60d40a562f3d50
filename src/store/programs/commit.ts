/**
 * Applies one commit plan in two steps: all that it stands on is asked (its guards, and what its streams end with), and
 * then all of it is written, each compare-and-swap before the events that it lets in. Any failure throws `PlanRejected`,
 * and the caller rolls back this plan alone.
 */
import type { Kysely } from 'kysely';
import type { CommitPlan, Effect, Guard, Row, StoredEvent } from '../port.ts';
import {
  type Program,
  type Query,
  type QueryResult,
  type ResultRow,
  type Write,
  carryOut,
  p,
  shapes,
  statement,
  together,
} from '../program.ts';
import { type Tables, incremented } from '../schema.ts';
import { type ChainHead, appendPrograms } from './append.ts';
import { type BatchGround, CONFIG_KINDS, rowOf } from './batch-ground.ts';
import { parsedTickets } from './parsed.ts';
import { PlanRejected } from './plan-rejected.ts';
import type { StreamHead } from './stream-heads.ts';
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

type Idempotency = NonNullable<CommitPlan['idempotency']>;

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
    credentialsRevoke: statement<{ id: string }>(db, (k) =>
      // Of the tokens that have an index by their id: those of people and runners.
      k.deleteFrom('credentials').where('id', '=', p('id')).where('attempt', 'is', null),
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
    answered: statement<{ scope: string; key: string }>(db, (k) =>
      k.selectFrom('idempotency').select('at').where('scope', '=', p('scope')).where('key', '=', p('key')),
    ),
    answer: statement<Record<string, unknown>>(db, (k) =>
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
  function update<T extends 'tickets' | 'attempts'>(
    table: T,
    id: { column: keyof Tables[T] & string; value: string },
    columns: Partial<Tables[T]>,
  ): Write[] {
    const names = Object.keys(columns);
    if (names.length === 0) return [];
    const query = updates(
      `${table} ${names.join(' ')}`,
      (k) =>
        k
          .updateTable(table as 'tickets')
          .set(Object.fromEntries(names.map((name) => [name, p(name)])))
          .where(id.column as 'key', '=', p('id')),
      { ...columns, id: id.value },
    );
    return [{ query, otherwise: () => new Error(`the row of ${id.value} in ${table} is missing`) }];
  }

  function ticketWrites(row: Extract<Row, { row: 'ticket' }>): Write[] {
    const { before, state, streamVersion, toVerify } = row;
    const columns =
      before === null
        ? ticketColumns(state, streamVersion, toVerify)
        : changedTicketColumns(before, state, streamVersion, toVerify);
    const writes: Write[] =
      before === null
        ? [{ query: s.ticket(columns) }]
        : update('tickets', { column: 'key', value: state.key }, columns);
    // Whoever reads it next need not parse what is written here.
    parsedTickets.keep(state.key, columns.state, state);
    for (const [index, attempt] of state.attempts.entries()) {
      const was = before?.attempts[index];
      if (was === attempt) continue;
      const attemptRow = attemptColumns(state, index);
      if (!before || !was) writes.push({ query: s.attempt(attemptRow) });
      else {
        const changes = changed(attemptColumns(before, index), attemptRow);
        writes.push(...update('attempts', { column: 'id', value: attempt.id }, changes));
      }
    }
    for (const [index, evidence] of state.evidence.entries()) {
      if (before?.evidence[index] === undefined)
        writes.push({ query: s.evidence({ id: evidence.id, ticket: state.key }) });
    }
    return writes;
  }

  function guardQuery(guard: Guard): Query {
    switch (guard.guard) {
      case 'config_version':
        return s.setting({ name: 'config_version' });
      case 'ticket_version':
        return s.ticketVersion({ key: guard.ticket });
      default:
        return s.lease({ name: guard.name });
    }
  }

  /** @param row what `guardQuery` gave */
  function holds(guard: Guard, row: ResultRow | undefined, now: number): boolean {
    switch (guard.guard) {
      case 'config_version':
        return Number(row?.['value'] ?? 0) === guard.version;
      case 'ticket_version':
        return Number(row?.['version'] ?? 0) === guard.version;
      case 'lease_held':
        return (
          row !== undefined &&
          row['holder'] === guard.holder &&
          Number(row['epoch']) === guard.epoch &&
          Number(row['expires_at']) > now
        );
      case 'lease_expired':
        return row === undefined || Number(row['expires_at']) + guard.graceMs <= now;
    }
  }

  function rowWrites(row: Row): Write[] {
    switch (row.row) {
      case 'ticket':
        return ticketWrites(row);
      case 'inbox':
        return [{ query: s.inbox(inboxColumns(row.item, row.streamVersion)) }];
      case 'alert':
        return [{ query: s.alert(alertColumns(row.alert, row.streamVersion)) }];
      case 'document': {
        const { kind, id, state } = row;
        const written = {
          query: s.document({ kind, id, version: state.version, state: JSON.stringify(state) }),
        };
        return CONFIG_KINDS.has(kind)
          ? [written, { query: s.bumpSetting({ name: 'config_version' }) }]
          : [written];
      }
    }
  }

  function effectWrites(effect: Effect, now: number): Write[] {
    switch (effect.effect) {
      case 'lease_set': {
        const { name, holder, epoch, ttlMs } = effect;
        return [{ query: s.leaseSet({ name, holder, epoch, expires_at: Math.round(now + ttlMs) }) }];
      }
      case 'lease_drop':
        return [{ query: s.leaseDrop({ name: effect.name }) }];
      case 'credential_add': {
        const c = effect.credential;
        const query = s.credential({
          hash: c.hash,
          id: c.id,
          kind: c.kind,
          role: c.role,
          name: c.name,
          created_at: c.createdAt,
          expires_at: c.expiresAt,
          last_used_at: null,
          attempt: null,
          ticket: null,
          fence: null,
          over_at: null,
        });
        return [{ query }];
      }
      case 'credentials_revoke':
        return [{ query: s.credentialsRevoke({ id: effect.tokenId }) }];
      case 'skip_set': {
        const { ticket, code, detail, at } = effect;
        return [
          { query: s.skip({ ticket, code, detail, at }) },
          { query: s.skipHistory({ ticket, code, detail, at }) },
        ];
      }
      case 'skip_clear':
        return [{ query: s.skipClear({ ticket: effect.ticket }) }];
      case 'work_add':
      case 'work_finish':
      case 'work_withdraw':
      case 'work_release':
        return works.apply(effect);
      case 'diff_set':
        return [{ query: s.diff({ attempt: effect.attempt, diff: JSON.stringify(effect.diff) }) }];
    }
  }

  /** What these plans stand on, as far as `ground` does not know it: asked at once, and kept there. */
  function* learn(plans: readonly CommitPlan[], ground: BatchGround): Program<void> {
    const asked = new Map<string, { query: Query; keep: (result: QueryResult) => void }>();
    ground.heads.makeRoom();
    for (const { appends, guards = [], idempotency } of plans) {
      if (idempotency && ground.isAnswered(idempotency) === undefined) {
        const { scope, key } = idempotency;
        const keep = ({ rows }: QueryResult): void => ground.keepAnswered(idempotency, rows.length > 0);
        asked.set(`answer:${scope}:${key}`, { query: s.answered({ scope, key }), keep });
      }
      for (const guard of guards) {
        if (ground.row(guard) !== undefined) continue;
        const keep = ({ rows }: QueryResult): void => ground.keepRow(guard, rows[0] ?? null);
        asked.set(rowOf(guard), { query: guardQuery(guard), keep });
      }
      for (const { stream } of appends) {
        if (ground.heads.get(stream) !== undefined) continue;
        const keep = (result: QueryResult): void => ground.heads.set(stream, log.headOf(result));
        asked.set(`stream:${stream}`, { query: log.readHead(stream), keep });
      }
    }
    const questions = [...asked.values()];
    const results = yield* together(questions.map(({ query }) => query));
    for (const [n, result] of results.entries()) questions[n]?.keep(result);
  }

  function answerWrites({ scope, key, bodyHash, answer, at }: Idempotency): Write[] {
    const { status, headers, body } = answer;
    const query = s.answer({
      scope,
      key,
      body_hash: bodyHash,
      status,
      headers: JSON.stringify(headers),
      body,
      at,
    });
    return [{ query, otherwise: () => new PlanRejected({ kind: 'idempotency' }) }];
  }

  return {
    chainHead: () => log.chainHead(),

    learn,

    /** @param ground what is known already of what it stands on */
    *apply(plan: CommitPlan, now: number, chain: ChainHead, ground: BatchGround): Program<StoredEvent[]> {
      yield* learn([plan], ground);
      if (plan.idempotency && ground.isAnswered(plan.idempotency))
        throw new PlanRejected({ kind: 'idempotency' });
      for (const guard of plan.guards ?? [])
        if (!holds(guard, ground.row(guard) ?? undefined, now))
          throw new PlanRejected({ kind: 'guard', guard: guard.guard });
      const stored: StoredEvent[] = [];
      const writes: Write[] = plan.idempotency ? answerWrites(plan.idempotency) : [];
      const ends = new Map<string, StreamHead>();
      for (const append of plan.appends) {
        const head = ends.get(append.stream) ?? ground.heads.get(append.stream) ?? null;
        const appended = log.append(append, head, chain);
        stored.push(...appended.stored);
        writes.push(...appended.writes);
        ends.set(append.stream, appended.head);
      }
      for (const row of plan.rows) writes.push(...rowWrites(row));
      for (const effect of plan.effects ?? []) writes.push(...effectWrites(effect, now));
      yield* carryOut(writes);
      for (const [stream, head] of ends) ground.heads.set(stream, head);
      ground.hasWritten(plan);
      return stored;
    },

    applyEffect: (effect: Effect, now: number): Program<void> => carryOut(effectWrites(effect, now)),

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
