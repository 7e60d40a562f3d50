/** What is not derived from the log: counters, credentials, idempotency answers, presence, job runs, output. */
import { type Kysely } from 'kysely';
import type {
  Credential,
  IdempotentAnswer,
  JobRun,
  Lease,
  OutputChunk,
  Presence,
  RunUsage,
} from '../port.ts';
import { type Program, type ResultRow, atMost, p, statement } from '../program.ts';
import type { Tables } from '../schema.ts';
import { whole } from './rows.ts';

export function sidePrograms(db: Kysely<Tables>) {
  const s = {
    lease: statement<{ name: string }>(db, (k) =>
      k.selectFrom('leases').selectAll().where('name', '=', p('name')),
    ),
    leaseDrop: statement<{ name: string; holder: string }>(db, (k) =>
      k
        .updateTable('leases')
        .set({ expires_at: 0 })
        .where('name', '=', p('name'))
        .where('holder', '=', p('holder')),
    ),
    counter: statement<{ name: string }>(db, (k) =>
      k.selectFrom('counters').select('value').where('name', '=', p('name')),
    ),
    setCounter: statement<{ name: string; value: number }>(db, (k) =>
      k
        .insertInto('counters')
        .values({ name: p('name'), value: p('value') })
        .onConflict((c) => c.column('name').doUpdateSet({ value: p('value') })),
    ),
    setting: statement<{ name: string }>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', p('name')),
    ),
    addSetting: statement<{ name: string; value: string }>(db, (k) =>
      k
        .insertInto('settings')
        .values({ name: p('name'), value: p('value') })
        .onConflict((c) => c.doNothing()),
    ),
    credential: statement<{ hash: string }>(db, (k) =>
      k.selectFrom('credentials').selectAll().where('hash', '=', p('hash')),
    ),
    credentials: statement<object>(db, (k) =>
      k
        .selectFrom('credentials')
        .selectAll()
        .where('kind', '=', 'token')
        .where('attempt', 'is', null)
        .orderBy('created_at'),
    ),
    touch: statement<{ hash: string; at: number }>(db, (k) =>
      k
        .updateTable('credentials')
        .set({ last_used_at: p('at') })
        .where('hash', '=', p('hash')),
    ),
    removeCredential: statement<{ hash: string }>(db, (k) =>
      k.deleteFrom('credentials').where('hash', '=', p('hash')),
    ),
    idempotent: statement<{ scope: string; key: string }>(db, (k) =>
      k.selectFrom('idempotency').selectAll().where('scope', '=', p('scope')).where('key', '=', p('key')),
    ),
    saveAnswer: statement<Record<string, unknown>>(db, (k) =>
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
    seen: statement<{ runner: string; seen_at: number; draining: number }>(db, (k) =>
      k
        .insertInto('presence')
        .values({ runner: p('runner'), seen_at: p('seen_at'), draining: p('draining') })
        .onConflict((c) =>
          c.column('runner').doUpdateSet({ seen_at: p('seen_at'), draining: p('draining') }),
        ),
    ),
    seenAgain: statement<{ runner: string; seen_at: number }>(db, (k) =>
      k
        .insertInto('presence')
        .values({ runner: p('runner'), seen_at: p('seen_at'), draining: 0 })
        .onConflict((c) => c.column('runner').doUpdateSet({ seen_at: p('seen_at') })),
    ),
    unanswered: statement<{ runner: string; since: number; seen_at: number }>(db, (k) =>
      k
        .updateTable('presence')
        .set({ seen_at: p('seen_at') })
        .where('runner', '=', p('runner'))
        .where('seen_at', '<=', p('since'))
        .where('seen_at', '>', p('seen_at')),
    ),
    presences: statement<object>(db, (k) => k.selectFrom('presence').selectAll()),
    jobRun: statement<JobRun & object>(db, (k) =>
      k
        .insertInto('job_runs')
        .values({ name: p('name'), at: p('at'), outcome: p('outcome'), detail: p('detail') })
        .onConflict((c) =>
          c.column('name').doUpdateSet({ at: p('at'), outcome: p('outcome'), detail: p('detail') }),
        ),
    ),
    jobRuns: statement<object>(db, (k) => k.selectFrom('job_runs').selectAll()),
    outputAdd: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('output')
        .values({ owner: p('owner'), seq: p('seq'), at: p('at'), stream: p('stream'), text: p('text') })
        .onConflict((c) => c.doNothing()),
    ),
    output: statement<{ owner: string; after: number; limit: number }>(db, (k) =>
      k
        .selectFrom('output')
        .selectAll()
        .where('owner', '=', p('owner'))
        .where('seq', '>', p('after'))
        .orderBy('seq')
        .limit(atMost(p('limit'))),
    ),
    usageOf: statement<{ attempt: string }>(db, (k) =>
      k.selectFrom('usage').selectAll().where('attempt', '=', p('attempt')),
    ),
    usageSet: statement<Record<string, unknown>>(db, (k) => {
      const used = {
        usd: p('usd'),
        input: p('input'),
        output: p('output'),
        metered: p('metered'),
        at: p('at'),
      };
      return k
        .insertInto('usage')
        .values({ attempt: p('attempt'), fence: p('fence'), project: p('project'), ...used })
        .onConflict((c) => c.columns(['attempt', 'fence']).doUpdateSet(used));
    }),
    pruneIdempotency: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('idempotency').where('at', '<', p('before')),
    ),
    pruneCredentials: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('credentials').where('expires_at', '<', p('before')),
    ),
    // Given before such tokens said themselves what they are for.
    pruneTokensOfAttempts: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('credentials').where('role', '=', 'attempt').where('created_at', '<', p('before')),
    ),
    pruneWork: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('work').where('active_key', 'is', null).where('created_at', '<', p('before')),
    ),
    pruneLooks: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('leases').where('name', 'like', 'look:%').where('expires_at', '<', p('before')),
    ),
    ping: statement<object>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', 'schema_version'),
    ),
  };

  const credentialRow = (row: ResultRow): Credential => {
    const r = row as unknown as Tables['credentials'];
    const number = (value: number | null): number | null => (value === null ? null : Number(value));
    return {
      hash: r.hash,
      id: r.id,
      kind: r.kind as Credential['kind'],
      role: r.role,
      name: r.name,
      createdAt: Number(r.created_at),
      expiresAt: number(r.expires_at),
      lastUsedAt: number(r.last_used_at),
      attempt: r.attempt,
      ticket: r.ticket,
      fence: number(r.fence),
      overAt: number(r.over_at),
    };
  };
  const DAY_MS = 86_400_000;

  return {
    *readLease(name: string): Program<Lease | null> {
      const row = (yield s.lease({ name })).rows[0] as Tables['leases'] | undefined;
      return row
        ? { name, holder: row.holder, epoch: Number(row.epoch), expiresAt: Number(row.expires_at) }
        : null;
    },
    /** Ends a lease early, but keeps its row, so that its epoch goes on rising. */
    *dropLease(name: string, holder: string): Program<void> {
      yield s.leaseDrop({ name, holder });
    },
    *nextNumber(name: string): Program<number> {
      const value = Number((yield s.counter({ name })).rows[0]?.['value'] ?? 0) + 1;
      yield s.setCounter({ name, value });
      return value;
    },
    *settingOr(name: string, fallback: string): Program<string> {
      yield s.addSetting({ name, value: fallback });
      return String((yield s.setting({ name })).rows[0]?.['value'] ?? fallback);
    },
    *credential(hash: string): Program<Credential | null> {
      const row = (yield s.credential({ hash })).rows[0];
      return row ? credentialRow(row) : null;
    },
    *credentials(): Program<Credential[]> {
      return (yield s.credentials({})).rows.map(credentialRow);
    },
    *touchCredential(hash: string, at: number): Program<void> {
      yield s.touch({ hash, at });
    },
    /** A one-time code: whoever removes it has used it. */
    *useCode(hash: string, now: number): Program<Credential | null> {
      const row = (yield s.credential({ hash })).rows[0];
      const { changes } = yield s.removeCredential({ hash });
      if (!row || changes !== 1) return null;
      const credential = credentialRow(row);
      return credential.kind === 'code' && (credential.expiresAt ?? 0) > now ? credential : null;
    },
    *idempotent(scope: string, key: string): Program<{ bodyHash: string; answer: IdempotentAnswer } | null> {
      const row = (yield s.idempotent({ scope, key })).rows[0] as Tables['idempotency'] | undefined;
      if (!row) return null;
      return {
        bodyHash: row.body_hash,
        answer: {
          status: Number(row.status),
          headers: JSON.parse(row.headers) as Record<string, string>,
          body: row.body,
        },
      };
    },
    *saveAnswer(
      scope: string,
      key: string,
      bodyHash: string,
      answer: IdempotentAnswer,
      at: number,
    ): Program<void> {
      yield s.saveAnswer({
        scope,
        key,
        body_hash: bodyHash,
        status: answer.status,
        headers: JSON.stringify(answer.headers),
        body: answer.body,
        at,
      });
    },
    *seen(runner: string, at: number, draining: boolean | null): Program<void> {
      if (draining === null) yield s.seenAgain({ runner, seen_at: at });
      else yield s.seen({ runner, seen_at: at, draining: draining ? 1 : 0 });
    },
    *unanswered(runner: string, since: number, seenAt: number): Program<void> {
      yield s.unanswered({ runner, since, seen_at: seenAt });
    },
    *presences(): Program<Presence[]> {
      return (yield s.presences({})).rows.map((row) => ({
        runner: String(row['runner']),
        seenAt: Number(row['seen_at']),
        draining: Number(row['draining']) === 1,
      }));
    },
    *recordJobRun(run: JobRun): Program<void> {
      yield s.jobRun({ ...run });
    },
    *jobRuns(): Program<JobRun[]> {
      return (yield s.jobRuns({})).rows.map((row) => ({
        name: String(row['name']),
        at: Number(row['at']),
        outcome: String(row['outcome']),
        detail: String(row['detail']),
      }));
    },
    *appendOutput(owner: string, chunks: readonly OutputChunk[]): Program<void> {
      for (const chunk of chunks) yield s.outputAdd({ owner, ...chunk });
    },
    *output(owner: string, after: number, limit: number): Program<OutputChunk[]> {
      return (yield s.output({ owner, after, limit })).rows.map((row) => ({
        seq: Number(row['seq']),
        at: Number(row['at']),
        stream: String(row['stream']),
        text: String(row['text']),
      }));
    },
    *usageOf(attempt: string): Program<RunUsage[]> {
      return (yield s.usageOf({ attempt })).rows.map((row) => ({
        attempt,
        fence: Number(row['fence']),
        project: String(row['project']),
        cost: {
          usd: Number(row['usd']),
          inputTokens: Number(row['input']),
          outputTokens: Number(row['output']),
          metered: Number(row['metered']) === 1,
        },
      }));
    },
    /** A run's usage only grows: a report that comes late takes nothing back. */
    *recordUsage({ attempt, fence, project, cost }: RunUsage, at: number): Program<void> {
      const before = (yield s.usageOf({ attempt })).rows.find((row) => Number(row['fence']) === fence);
      const most = (column: string, value: number): number => Math.max(value, Number(before?.[column] ?? 0));
      yield s.usageSet({
        attempt,
        fence,
        project,
        usd: most('usd', cost.usd),
        input: most('input', whole(cost.inputTokens)),
        output: most('output', whole(cost.outputTokens)),
        metered: cost.metered === true ? 1 : 0,
        at,
      });
    },
    *prune(now: number): Program<void> {
      yield s.pruneIdempotency({ before: now - DAY_MS });
      yield s.pruneCredentials({ before: now - DAY_MS });
      yield s.pruneTokensOfAttempts({ before: now - 30 * DAY_MS });
      yield s.pruneWork({ before: now - DAY_MS });
      yield s.pruneLooks({ before: now - DAY_MS });
    },
    *ping(): Program<void> {
      const { rows } = yield s.ping({});
      if (!rows[0]) throw new Error('the schema version is missing');
    },
  };
}
