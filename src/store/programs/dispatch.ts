/** What the loops read: the two lanes with the workers, open attempts with their leases, work to hand out. */
import { type Kysely, sql } from 'kysely';
import type { ActiveWorker, NeedsInputCandidate, TodoCandidate } from '../../domain/dispatch/snapshot.ts';
import type { SkipReason } from '../../domain/words.ts';
import type { LanePosition, LaneRead, OpenAttempt, Work } from '../port.ts';
import { type Program, type ResultRow, atMost, listed, p, shapes, statement } from '../program.ts';
import type { Tables } from '../schema.ts';

const LANE_START: LanePosition = { after: -1, afterKey: '' };
const HOLDING = ['offered', 'running', 'stopping'];

export function dispatchPrograms(db: Kysely<Tables>) {
  const candidateColumns = [
    'tickets.key',
    'tickets.version',
    'tickets.project',
    'tickets.profile',
    'tickets.assignee',
    'tickets.campaign',
    'tickets.not_before',
    'tickets.blocked_by',
    'tickets.budget',
    'tickets.cost_usd',
    'tickets.cost_input',
    'tickets.cost_output',
    'tickets.stopping',
    'tickets.parked_on',
    'tickets.rank',
    'skips.code as skip_code',
    'skips.detail as skip_detail',
  ] as const;
  const lane = (of: { column: 'tickets.status' | 'tickets.lane'; value: 'todo' | 'needs_input' }) =>
    statement<{ after: number; afterKey: string; limit: number }>(db, (k) =>
      k
        .selectFrom('tickets')
        .leftJoin('skips', 'skips.ticket', 'tickets.key')
        .select(candidateColumns)
        // The lane is the query's, not an argument: a needs_input candidate cannot come from a todo row.
        .where(of.column, '=', sql.lit(of.value))
        // Said twice: by the first an index finds the place.
        .where('tickets.rank', '>=', p('after'))
        .where((e) => e.or([e('tickets.rank', '>', p('after')), e('tickets.key', '>', p('afterKey'))]))
        .orderBy('tickets.rank')
        .orderBy('tickets.key')
        .limit(atMost(p('limit'))),
    );
  const s = {
    todo: lane({ column: 'tickets.status', value: 'todo' }),
    // Of those with that status only the ones whose questions are answered; as their index says it, word for word.
    needsInput: lane({ column: 'tickets.lane', value: 'needs_input' }),
    // Workers are counted from attempts that are offered, running or stopping, in the same snapshot.
    workers: statement<object>(db, (k) =>
      k
        .selectFrom('attempts')
        .select(['id', 'ticket', 'project', 'profile', 'campaign', 'runner'])
        .where('state', 'in', HOLDING),
    ),
    setting: statement<{ name: string }>(db, (k) =>
      k.selectFrom('settings').select('value').where('name', '=', p('name')),
    ),
    openAttempts: statement<object>(db, (k) =>
      k
        .selectFrom('attempts')
        .leftJoin('leases', (j) =>
          j.on(
            'leases.name',
            '=',
            (e) => e.fn('concat', [sql.lit('attempt:'), e.ref('attempts.id')]) as never,
          ),
        )
        .select(['attempts.id', 'attempts.ticket', 'attempts.state', 'attempts.runner', 'attempts.fence'])
        .select(['leases.holder', 'leases.epoch', 'leases.expires_at'])
        .where('attempts.state', 'in', HOLDING)
        .orderBy('attempts.id'),
    ),
    countOpenAttempts: statement<object>(db, (k) =>
      k
        .selectFrom('attempts')
        .select((e) => e.fn.countAll().as('n'))
        .where('state', 'in', HOLDING),
    ),
    attemptsOfRunner: statement<{ runner: string }>(db, (k) =>
      k
        .selectFrom('attempts')
        .leftJoin('leases', (j) =>
          j.on(
            'leases.name',
            '=',
            (e) => e.fn('concat', [sql.lit('attempt:'), e.ref('attempts.id')]) as never,
          ),
        )
        .select(['attempts.id', 'attempts.ticket', 'attempts.state', 'attempts.runner', 'attempts.fence'])
        .select(['leases.holder', 'leases.epoch', 'leases.expires_at'])
        .where('attempts.runner', '=', p('runner'))
        .where('attempts.state', 'in', HOLDING)
        .orderBy('attempts.id'),
    ),
    parked: statement<object>(db, (k) =>
      k
        .selectFrom('attempts')
        .select(['id', 'ticket', 'state', 'runner', 'fence'])
        .where('state', '=', 'parked')
        .orderBy('id'),
    ),
    spent: statement<{ since: number }>(db, (k) =>
      k
        .selectFrom('usage')
        .select([
          'project',
          (e) => e.fn.sum('usd').as('usd'),
          (e) => e.fn.sum('input').as('input'),
          (e) => e.fn.sum('output').as('output'),
        ])
        .where('at', '>=', p('since'))
        .groupBy('project'),
    ),
    toVerify: statement<{ limit: number }>(db, (k) =>
      k
        .selectFrom('tickets')
        .select('key')
        // As the index says it, word for word: a parameter would not be known to be 1.
        .where('to_verify', '=', sql.lit(1))
        .orderBy('key')
        .limit(atMost(p('limit'))),
    ),
    nextNotBefore: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('tickets')
        .select((e) => e.fn.min('not_before').as('at'))
        .where('lane', 'in', ['todo', 'needs_input'])
        .where('not_before', '>', p('now')),
    ),
    work: statement<{ id: string }>(db, (k) => k.selectFrom('work').selectAll().where('id', '=', p('id'))),
    offerable: statement<{ runner: string; now: number; limit: number }>(db, (k) =>
      k
        .selectFrom('work')
        .leftJoin('leases', (j) =>
          j.on('leases.name', '=', (e) => e.fn('concat', [sql.lit('work:'), e.ref('work.id')]) as never),
        )
        .selectAll('work')
        .where((e) =>
          e.or([
            e('work.state', '=', 'pending'),
            // Expired work is offered again.
            e.and([
              e('work.state', '=', 'running'),
              e.or([e('leases.expires_at', '<=', p('now')), e('leases.name', 'is', null)]),
            ]),
          ]),
        )
        .where((e) => e.or([e('work.wants_runner', 'is', null), e('work.wants_runner', '=', p('runner'))]))
        .orderBy('work.created_at')
        .orderBy('work.id')
        .limit(atMost(p('limit'))),
    ),
    workLease: statement<{ id: string }>(db, (k) =>
      k.selectFrom('leases').selectAll().where('name', '=', p('id')),
    ),
    workTake: statement<{ id: string; runner: string; fence: number; before: number }>(db, (k) =>
      k
        .updateTable('work')
        .set({ state: 'running', runner: p('runner'), fence: p('fence') })
        .where('id', '=', p('id'))
        .where('fence', '=', p('before'))
        .where('state', 'in', ['pending', 'running']),
    ),
    workOfAttempt: statement<{ attempt: string }>(db, (k) =>
      k
        .selectFrom('work')
        .selectAll()
        .where('attempt', '=', p('attempt'))
        .where('state', 'in', ['pending', 'running'])
        .orderBy('id'),
    ),
    workOfRunner: statement<{ runner: string }>(db, (k) =>
      k
        .selectFrom('work')
        .selectAll()
        .where('runner', '=', p('runner'))
        .where('state', '=', 'running')
        .orderBy('id'),
    ),
  };

  const select = shapes(db);

  function fields(row: ResultRow, blockers: ReadonlyMap<string, string>) {
    const blockedBy = JSON.parse(String(row['blocked_by'])) as string[];
    return {
      key: String(row['key']),
      version: Number(row['version']),
      project: String(row['project']),
      profile: (row['profile'] as string | null) ?? null,
      assignee: (row['assignee'] as string | null) ?? null,
      campaign: (row['campaign'] as string | null) ?? null,
      notBefore: row['not_before'] === null ? null : Number(row['not_before']),
      // A blocker that cannot be found blocks: unknown is not done.
      unfinishedBlockers: blockedBy
        .map((key) => ({ key, status: blockers.get(key) ?? 'unknown' }))
        .filter((blocker) => blocker.status !== 'done'),
      budget:
        row['budget'] === null
          ? null
          : (JSON.parse(String(row['budget'])) as { usd?: number; tokens?: number }),
      cost: {
        usd: Number(row['cost_usd']),
        inputTokens: Number(row['cost_input']),
        outputTokens: Number(row['cost_output']),
      },
      stopping: Number(row['stopping']) === 1,
      storedSkip:
        row['skip_code'] === null
          ? null
          : { code: row['skip_code'] as SkipReason, detail: String(row['skip_detail']) },
    };
  }

  const openAttempt = (row: ResultRow): OpenAttempt => ({
    ticket: String(row['ticket']),
    attempt: String(row['id']),
    state: String(row['state']),
    runner: (row['runner'] as string | null) ?? null,
    fence: Number(row['fence']),
    lease:
      row['holder'] === null || row['holder'] === undefined
        ? null
        : {
            name: `attempt:${String(row['id'])}`,
            holder: String(row['holder']),
            epoch: Number(row['epoch']),
            expiresAt: Number(row['expires_at']),
          },
  });

  const workRow = (row: ResultRow): Work => ({
    id: String(row['id']),
    kind: row['kind'] as Work['kind'],
    ticket: String(row['ticket']),
    attempt: String(row['attempt']),
    key: String(row['key']),
    state: row['state'] as Work['state'],
    runner: (row['runner'] as string | null) ?? null,
    wantsRunner: (row['wants_runner'] as string | null) ?? null,
    fence: Number(row['fence']),
    createdAt: Number(row['created_at']),
  });

  return {
    *readLanes(options: { limit: number; afterTodo: LanePosition | null }, now: number): Program<LaneRead> {
      const first = options.afterTodo === null;
      const needsInputRows = first ? (yield s.needsInput({ ...LANE_START, limit: 5000 })).rows : [];
      const todoRows = (yield s.todo({ ...(options.afterTodo ?? LANE_START), limit: options.limit })).rows;
      const keys = new Set<string>();
      for (const row of [...needsInputRows, ...todoRows]) {
        for (const key of JSON.parse(String(row['blocked_by'])) as string[]) keys.add(key);
      }
      const blockers = new Map<string, string>();
      if (keys.size > 0) {
        const list = listed('key', [...keys]);
        const { rows } = yield select(
          `blockers ${keys.size}`,
          (k) => k.selectFrom('tickets').select(['key', 'status']).where('key', 'in', list.placeholders),
          list.params,
        );
        for (const row of rows) blockers.set(String(row['key']), String(row['status']));
      }
      const { rows: workerRows } = yield s.workers({});
      const { rows: config } = yield s.setting({ name: 'config_version' });
      const last = todoRows.length === options.limit ? todoRows.at(-1) : undefined;
      return {
        now,
        configVersion: Number(config[0]?.['value'] ?? 0),
        needsInput: needsInputRows.map((row): NeedsInputCandidate => ({
          ...fields(row, blockers),
          lane: 'needs_input',
          parkedOn: (row['parked_on'] as string | null) ?? null,
        })),
        todo: todoRows.map((row): TodoCandidate => ({ ...fields(row, blockers), lane: 'todo' })),
        workers: workerRows.map((row): ActiveWorker => ({
          attempt: String(row['id']),
          ticket: String(row['ticket']),
          project: String(row['project']),
          profile: (row['profile'] as string | null) ?? null,
          campaign: (row['campaign'] as string | null) ?? null,
          runner: (row['runner'] as string | null) ?? null,
        })),
        nextTodo: last ? { after: Number(last['rank']), afterKey: String(last['key']) } : null,
      };
    },
    *nextNotBefore(now: number): Program<number | null> {
      const { rows } = yield s.nextNotBefore({ now });
      const at = rows[0]?.['at'];
      return at === null || at === undefined ? null : Number(at);
    },
    *openAttempts(): Program<OpenAttempt[]> {
      return (yield s.openAttempts({})).rows.map(openAttempt);
    },
    *countOpenAttempts(): Program<number> {
      return Number((yield s.countOpenAttempts({})).rows[0]?.['n'] ?? 0);
    },
    *attemptsOfRunner(runner: string): Program<OpenAttempt[]> {
      return (yield s.attemptsOfRunner({ runner })).rows.map(openAttempt);
    },
    *parkedAttempts(): Program<OpenAttempt[]> {
      return (yield s.parked({})).rows.map(openAttempt);
    },
    *spentSince(
      since: number,
    ): Program<{ project: string; usd: number; inputTokens: number; outputTokens: number }[]> {
      return (yield s.spent({ since })).rows.map((row) => ({
        project: String(row['project']),
        usd: Number(row['usd'] ?? 0),
        inputTokens: Number(row['input'] ?? 0),
        outputTokens: Number(row['output'] ?? 0),
      }));
    },
    *ticketsToVerify(limit: number): Program<string[]> {
      return (yield s.toVerify({ limit })).rows.map((row) => String(row['key']));
    },
    *work(id: string): Program<Work | null> {
      const row = (yield s.work({ id })).rows[0];
      return row ? workRow(row) : null;
    },
    *offerableWork(runner: string, kinds: string[], limit: number, now: number): Program<Work[]> {
      return (yield s.offerable({ runner, now, limit })).rows
        .map(workRow)
        .filter((work) => kinds.includes(work.kind));
    },
    /** Takes pending work, or running work whose lease ran out; the fence rises with every taking. */
    *takeWork(id: string, now: number, runner: string): Program<Work | null> {
      const row = (yield s.work({ id })).rows[0];
      if (!row) return null;
      const work = workRow(row);
      if (work.state === 'running') {
        const lease = (yield s.workLease({ id: `work:${id}` })).rows[0];
        if (lease && Number(lease['expires_at']) > now) return null;
      } else if (work.state !== 'pending') return null;
      const fence = work.fence + 1;
      const { changes } = yield s.workTake({ id, runner, fence, before: work.fence });
      return changes === 1 ? { ...work, state: 'running', runner, fence } : null;
    },
    *workOfAttempt(attempt: string): Program<Work[]> {
      return (yield s.workOfAttempt({ attempt })).rows.map(workRow);
    },
    *workOfRunner(runner: string): Program<Work[]> {
      return (yield s.workOfRunner({ runner })).rows.map(workRow);
    },
  };
}
