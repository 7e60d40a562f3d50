/**
 * The store of the exhaustive check: a state that can be copied, under the real commit and lease programs. Their
 * queries are answered from the state, so the guards, the compare-and-swap and the rules of leases are the product's
 * own; nothing else of a database is needed here.
 */
import type { Campaign, Job, Policy, Profile, Project, Runner, Stamped } from '../../src/domain/config.ts';
import type { NeedsInputCandidate, TodoCandidate } from '../../src/domain/dispatch/snapshot.ts';
import { holdsSlot, type Ticket } from '../../src/domain/ticket/state.ts';
import type { CommitPlan, CommitResult, LaneRead, Store } from '../../src/store/port.ts';
import { type Program, type Query, type QueryResult, runSync } from '../../src/store/program.ts';
import { BatchGround } from '../../src/store/programs/batch-ground.ts';
import { commitPrograms } from '../../src/store/programs/commit.ts';
import { projectOfKey } from '../../src/store/programs/read.ts';
import { PlanRejected } from '../../src/store/programs/plan-rejected.ts';
import { ticketColumns } from '../../src/store/programs/rows.ts';
import { sqliteCompiler } from '../../src/store/sqlite/sqlite-store.ts';

const commits = commitPrograms(sqliteCompiler());

export interface Lease {
  holder: string;
  epoch: number;
  expiresAt: number;
}

/** What the database holds; every member is replaced, never changed, so that a copy is cheap. */
export interface Rows {
  now: number;
  tickets: ReadonlyMap<string, { state: Ticket; streamVersion: number }>;
  leases: ReadonlyMap<string, Lease>;
  configVersion: number;
}

export interface Documents {
  policy: Policy;
  projects: Project[];
  profiles: Profile[];
  campaigns: Campaign[];
  runners: Runner[];
  jobs: Job[];
}

export class SmallStore {
  rows: Rows;
  readonly #documents: Documents;

  constructor(rows: Rows, documents: Documents) {
    this.rows = rows;
    this.#documents = documents;
  }

  /** The part of the port that claims, attempts, leases and answers need; anything else is a mistake of the check. */
  port(): Store {
    const { projects, profiles, campaigns, runners, jobs, policy } = this.#documents;
    const lists: Record<string, readonly object[]> = {
      project: projects,
      profile: profiles,
      campaign: campaigns,
      runner: runners,
      job: jobs,
      policy: [policy],
    };
    const idOf = (document: object): string => {
      const { key, id, name } = document as { key?: string; id?: string; name?: string };
      return key ?? id ?? name ?? 'policy';
    };
    const found = <T extends object>(kind: string, id: string) =>
      (lists[kind]?.find((one) => idOf(one) === id) ?? null) as (T & Stamped) | null;
    const answers: Partial<Store> = {
      now: () => Promise.resolve(this.rows.now),
      ticket: (key) => Promise.resolve(this.rows.tickets.get(key) ?? null),
      ticketBasis: (key) =>
        Promise.resolve({
          record: this.rows.tickets.get(key) ?? null,
          policy: found<Policy>('policy', 'policy'),
          project: found<Project>('project', projectOfKey(key)),
          now: this.rows.now,
        }),
      ticketOfAttempt: (attempt) => {
        for (const [key, { state }] of this.rows.tickets)
          if (state.attempts.some((candidate) => candidate.id === attempt)) return Promise.resolve(key);
        return Promise.resolve(null);
      },
      document: <T extends object>(kind: string, id: string) => Promise.resolve(found<T>(kind, id)),
      documents: <T extends object>(kind: string) => Promise.resolve((lists[kind] ?? []) as (T & Stamped)[]),
      fenceFloor: () => Promise.resolve(0),
      openInboxOf: () => Promise.resolve([]),
      usageOf: () => Promise.resolve([]),
      spentSince: () => Promise.resolve([]),
      presences: () =>
        Promise.resolve(runners.map(({ id }) => ({ runner: id, seenAt: this.rows.now, draining: false }))),
      readLanes: () => Promise.resolve(this.#lanes()),
      commit: (plan) => Promise.resolve(this.#commit(plan)),
      acquireLease: (name, holder, ttlMs) =>
        Promise.resolve(this.#run(commits.acquireLease(name, holder, ttlMs, this.rows.now))),
      renewLease: (name, holder, epoch, ttlMs) =>
        Promise.resolve(this.#run(commits.renewLease(name, holder, epoch, ttlMs, this.rows.now))),
    };
    return answers as Store;
  }

  #commit(plan: CommitPlan): CommitResult {
    const before = this.rows;
    try {
      this.#run(commits.apply(plan, this.rows.now, { seq: 0, roll: '' }, new BatchGround()));
    } catch (error) {
      this.rows = before;
      if (error instanceof PlanRejected) return { committed: false, conflict: error.conflict };
      throw error;
    }
    const tickets = new Map(this.rows.tickets);
    for (const row of plan.rows)
      if (row.row === 'ticket')
        tickets.set(row.state.key, { state: row.state, streamVersion: row.streamVersion });
    this.rows = { ...this.rows, tickets };
    return { committed: true };
  }

  #run<T>(program: Program<T>): T {
    return runSync(program, (query) => this.#answer(query));
  }

  #answer({ sql, params }: Query): QueryResult {
    const changed = (changes: number): QueryResult => ({ rows: [], changes });
    if (sql.startsWith('select * from "leases"')) {
      const name = String(params[0]);
      const lease = this.rows.leases.get(name);
      if (!lease) return { rows: [], changes: 0 };
      const { holder, epoch, expiresAt } = lease;
      return { rows: [{ name, holder, epoch, expires_at: expiresAt }], changes: 0 };
    }
    if (sql.startsWith('insert into "leases"')) {
      const [name, holder, epoch, expiresAt] = params as [string, string, number, number];
      this.rows = {
        ...this.rows,
        leases: new Map(this.rows.leases).set(name, { holder, epoch, expiresAt }),
      };
      return changed(1);
    }
    if (sql.startsWith('delete from "leases"')) {
      const leases = new Map(this.rows.leases);
      leases.delete(String(params[0]));
      this.rows = { ...this.rows, leases };
      return changed(1);
    }
    // Streams of inbox items are new with each item, and nobody reads them here.
    if (sql.startsWith('select "version", "hash" from "events"')) {
      const ticket = this.rows.tickets.get(String(params[0]).slice('ticket:'.length));
      return { rows: ticket ? [{ version: ticket.streamVersion, hash: '' }] : [], changes: 0 };
    }
    if (sql.startsWith('select "value" from "settings"'))
      return { rows: [{ value: this.rows.configVersion }], changes: 0 };
    if (!/^(insert into|update|delete from) "(events|tickets|attempts|evidence|inbox|skips)"/.test(sql))
      throw new Error(`the exhaustive check has no answer to: ${sql}`);
    return changed(1);
  }

  #lanes(): LaneRead {
    const read: LaneRead = {
      now: this.rows.now,
      configVersion: this.rows.configVersion,
      needsInput: [],
      todo: [],
      workers: [],
      nextTodo: null,
    };
    const ranked = [...this.rows.tickets.values()]
      .map(({ state, streamVersion }) => ({ state, row: ticketColumns(state, streamVersion, false) }))
      .sort((a, b) => a.row.rank - b.row.rank || (a.row.key < b.row.key ? -1 : 1));
    for (const { state, row } of ranked) {
      for (const attempt of state.attempts) {
        if (!holdsSlot(attempt)) continue;
        const { id, profile, runner } = attempt;
        read.workers.push({
          attempt: id,
          ticket: row.key,
          project: row.project,
          profile,
          runner,
          campaign: null,
        });
      }
      const fields = {
        key: row.key,
        version: row.version,
        project: row.project,
        profile: row.profile,
        assignee: row.assignee,
        campaign: row.campaign,
        notBefore: row.not_before,
        unfinishedBlockers: [],
        budget: null,
        cost: { usd: 0, inputTokens: 0, outputTokens: 0 },
        stopping: row.stopping === 1,
        storedSkip: null,
      };
      const needsInput: NeedsInputCandidate = { ...fields, lane: 'needs_input', parkedOn: row.parked_on };
      const todo: TodoCandidate = { ...fields, lane: 'todo' };
      if (row.lane === 'needs_input') read.needsInput.push(needsInput);
      if (row.lane === 'todo') read.todo.push(todo);
    }
    return read;
  }
}
