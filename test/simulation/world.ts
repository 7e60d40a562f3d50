/**
 * One world of the simulation: the real store (SQLite in memory), services and loops on virtual time, with runners,
 * agents, people and an orchestrator played from a seed, and faults between all of them. What really happened (which
 * commit is good, which answer was given) is kept beside the system under test, so that it cannot fool the judge.
 */
import { createHash } from 'node:crypto';
import type { Campaign, Job, Profile, Project } from '../../src/domain/config.ts';
import type { Decider, OnAccept } from '../../src/domain/words.ts';
import { SYSTEM_JOBS } from '../../src/domain/words.ts';
import { isRefusal } from '../../src/domain/refusal.ts';
import { Dispatcher } from '../../src/loops/dispatcher.ts';
import { runInboxKeeper } from '../../src/loops/inbox-keeper.ts';
import { Reaper } from '../../src/loops/reaper.ts';
import { runVerifier } from '../../src/loops/verifier.ts';
import { createDocument, ensureJobs } from '../../src/services/configuration.ts';
import type { Caller, Deps } from '../../src/services/deps.ts';
import { createTicket } from '../../src/services/tickets.ts';
import { verifyState } from '../../src/services/verify.ts';
import type { Store } from '../../src/store/port.ts';
import { SqliteConnection } from '../../src/store/sqlite/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { Random } from './random.ts';
import { SimRepository } from './repository.ts';
import { Scheduler } from './scheduler.ts';

export interface Size {
  tickets: number;
  runners: number;
  servers: number;
  steps: number;
}

export interface SimServer {
  name: string;
  /** Under which the scheduler knows what this server does. */
  task: number;
  deps: Deps;
  dispatcher: Dispatcher;
  reaper: Reaper;
}

const TABLES = [
  'events',
  'streams',
  'tickets',
  'attempts',
  'evidence',
  'inbox',
  'alerts',
  'documents',
  'leases',
  'counters',
  'skips',
  'skip_history',
  'work',
  'credentials',
  'idempotency',
  'presence',
  'job_runs',
  'output',
  'diffs',
];
let connection: SqliteConnection | null = null;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Steps of the reaper in virtual milliseconds. */
export const REAP_EVERY_MS = 1000;
export const PERSON: Caller = { actor: { kind: 'human', id: 'ada' }, role: 'admin' };
export const REVIEWER: Caller = { actor: { kind: 'human', id: 'grace' }, role: 'member' };
export const ORCHESTRATOR: Caller = { actor: { kind: 'orchestrator', id: 'orc' }, role: 'orchestrator' };

export class World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly size: Size;
  readonly servers: SimServer[] = [];
  readonly store: Store;
  now = Date.parse('2026-11-22T00:00:00.000Z');
  /** Ground truth: commits whose checks really pass. */
  readonly goodCommits = new Set<string>();
  /** Ground truth: answers by question, and the prompts in which they have been seen. */
  readonly answers = new Map<string, { ticket: string; text: string; seq: number }>();
  readonly prompts: { ticket: string; attempt: string; seq: number; text: string }[] = [];
  /** Faults are on from the end of the set-up until the world heals. */
  faulty = false;
  /** A server whose database cannot be reached for a while. */
  brokenServer: number | null = null;
  /** Agents that go on although their runner has died, under tokens that are no longer current. */
  readonly zombies: { attempt: string; fence: number }[] = [];
  /** Ground truth: the evidence that a verifier really found good. */
  readonly foundGood = new Set<string>();
  /** Tickets that came in after the set-up. */
  created = 0;
  /** What the world saw happen that must not. */
  readonly wrongs: string[] = [];
  readonly trace: string[] = [];
  /** The projects' repositories. */
  readonly repositories = new Map<string, SimRepository>();
  #ids = 0;

  constructor(seed: number, size: Size) {
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random);
    this.size = size;
    connection ??= new SqliteConnection(':memory:');
    const isNew =
      connection.execute({ sql: `select name from sqlite_master where name = 'settings'`, params: [] }).rows
        .length === 0;
    if (!isNew) {
      connection.exec(TABLES.map((table) => `delete from ${table};`).join(' '));
      connection.exec(`update settings set value = '0' where name in ('config_version', 'fence_floor')`);
    }
    this.store = openSqliteStore({ path: connection, clock: () => this.now, schedule: queueMicrotask });
  }

  note(text: string): void {
    this.trace.push(`${String(this.now - Date.parse('2026-11-22T00:00:00.000Z')).padStart(8)} ${text}`);
  }

  newId = (prefix: string): string => {
    this.#ids += 1;
    return `${prefix}_${String(this.#ids).padStart(6, '0')}`;
  };

  async setUp(): Promise<void> {
    for (let i = 1; i <= this.size.servers; i += 1) {
      const deps = this.#deps(i);
      this.servers.push({
        name: `server${i}`,
        task: i,
        deps,
        dispatcher: new Dispatcher(deps, `srv_${i}`),
        reaper: new Reaper(deps, () => this.now),
      });
    }
    // Nobody is called lost in the first lease after a start; the worlds begin after it.
    this.now += 5000;
    const { deps } = this.server(0);
    await this.plain(ensureJobs(deps, SYSTEM_JOBS));
    const system: Caller = { actor: { kind: 'human', id: 'setup' }, role: 'admin' };
    for (const id of ['alpha', 'beta'])
      await this.plain(createDocument<Profile>(deps, system, 'profile', id, profile(id, this.random)));
    const deciders: Decider[] = ['policy', 'human', 'orchestrator'];
    for (const [index, key] of ['A', 'B'].entries()) {
      const decidedBy =
        index === 0 ? this.random.pick(deciders) : this.random.pick(['policy', 'orchestrator'] as const);
      await this.plain(
        createDocument<Project>(deps, system, 'project', key, project(key, decidedBy, this.random)),
      );
    }
    await this.plain(
      createDocument<Campaign>(deps, system, 'campaign', 'epic', {
        key: 'epic',
        name: 'Epic',
        owner: 'alpha',
        maxWorkers: this.random.chance(0.5) ? 1 : null,
      }),
    );
    for (let i = 0; i < this.size.tickets; i += 1)
      await this.plain(this.addTicket(deps, this.random.below(5)));
  }

  async addTicket(deps: Deps, priority: number) {
    const blocker = this.random.chance(0.15) ? await this.anyTicket() : '';
    return createTicket(deps, PERSON, {
      project: this.random.pick(['A', 'B']),
      status: this.random.chance(0.9) ? 'todo' : 'backlog',
      fields: {
        title: 'A ticket',
        description: '',
        priority,
        assignee: this.random.chance(0.2) ? this.random.pick(['alpha', 'beta', 'ada', 'ada']) : null,
        campaign: this.random.chance(0.15) ? 'epic' : null,
        profile: this.random.chance(0.2) ? this.random.pick(['alpha', 'beta']) : null,
        labels: [],
        acceptanceCriteria: [],
        blockedBy: blocker === '' ? [] : [blocker],
        completion: null,
        budget: null,
        notBefore: this.random.chance(0.1) ? this.now + this.random.below(20_000) : null,
      },
    });
  }

  repository(project: string): SimRepository {
    const repository = this.repositories.get(project) ?? new SimRepository();
    this.repositories.set(project, repository);
    return repository;
  }

  server(index: number): SimServer {
    const server = this.servers[index];
    if (!server) throw new Error(`there is no server ${index}`);
    return server;
  }

  anyServer(): SimServer {
    return this.random.pick(this.servers);
  }

  async anyTicket(): Promise<string> {
    const { items } = await this.store.tickets({ sort: 'created', limit: 200 });
    return items.length === 0 ? '' : this.random.pick(items).key;
  }

  /** Runs something of the world's own, outside the interleaving. */
  async plain<T>(promise: Promise<T>): Promise<T> {
    let result: { value: T } | null = null;
    this.scheduler.start(async () => {
      result = { value: await promise };
    });
    await this.scheduler.drain();
    const failed = this.scheduler.errors.shift();
    if (failed !== undefined) throw failed;
    if (result === null) throw new Error('nothing came back');
    const { value } = result as { value: T };
    if (isRefusal(value)) throw new Error(`${value.code}: ${value.detail}`);
    return value;
  }

  async runLoops(server: SimServer): Promise<void> {
    await server.dispatcher.runOnce();
    await server.reaper.runOnce(REAP_EVERY_MS);
    await runVerifier(server.deps);
    await runInboxKeeper(server.deps);
  }

  verify() {
    return verifyState({ ...this.server(0).deps, store: this.store });
  }

  enabledJobs(): Promise<(Job & { version: number })[]> {
    return this.store.documents<Job>('job');
  }

  /** Services of one server: every call of its store is a point of interleaving, and may fail. */
  #deps(task: number): Deps {
    const store = this.store;
    const held = new Proxy(store, {
      get: (target, member: keyof Store) => {
        const method = target[member] as (...args: unknown[]) => unknown;
        if (typeof method !== 'function' || member === 'subscribe' || member === 'close') return method;
        return async (...args: unknown[]) => {
          await this.scheduler.point(task);
          if (this.faulty && (this.brokenServer === task || this.random.chance(0.002)))
            throw new Error(`injected failure of ${member}`);
          return method.apply(target, args);
        };
      },
    });
    return {
      store: held,
      timing: { leaseMs: 3000, graceMs: 1000, offerMs: 1000, dispatchLeaseMs: 4000, parkedSilenceMs: 60_000 },
      newId: this.newId,
      random: () => this.random.next(),
      sha256,
      attemptToken: (attempt, fence) => `token ${attempt} ${fence}`,
      defaultMaxWorkers: 4,
      artifacts: {
        put: (content) => Promise.resolve(createHash('sha256').update(content).digest('hex')),
        read: () => Promise.resolve(null),
        hashOf: (hash) => Promise.resolve(hash),
      },
      artifactMaxBytes: 1000,
      inspect: {
        repository: () => Promise.resolve({ usable: true, message: '', defaultBranch: 'main' }),
        command: (subject) => Promise.resolve({ ok: true, subject, message: '' }),
      },
    };
  }
}

function profile(id: string, random: Random): Profile {
  return {
    id,
    adapter: 'command',
    command: ['agent'],
    role: 'worker',
    env: {},
    envAllow: [],
    home: 'isolated',
    files: {},
    model: null,
    acp: null,
    gateway: null,
    timeoutSeconds: 100,
    stallSeconds: 100,
    holdSeconds: 1,
    maxWorkers: random.chance(0.3) ? 1 : null,
    permissions: 'ask',
    budget: null,
    warnings: [],
  };
}

function project(key: string, decidedBy: Decider, random: Random): Project {
  // Where work only lands, nothing else is tried less: half of the projects leave it on its branch.
  const onAccept = random.weighted<OnAccept>([
    [4, 'leave_branch'],
    [2, 'merge'],
    [1, 'squash'],
    [1, 'pull_request'],
  ]);
  const deploys = random.chance(0.15);
  return {
    key,
    name: key,
    repository: { path: '/repo' },
    defaultBranch: 'main',
    setup: null,
    checks: [{ name: 'test', command: ['test'], timeoutSeconds: 10 }],
    deploy: { environment: 'prod', probe: { command: ['probe'] }, timeoutSeconds: 20 },
    completion: {
      requires: ['signal', 'commit', 'check', ...(deploys ? (['deploy'] as const) : [])],
      checks: ['test'],
      decidedBy,
      onAccept,
      allowEmptyDiff: false,
    },
    protectedPaths: [],
    defaultProfile: 'alpha',
    runnerLabels: [],
    limits: {
      maxAttempts: 1 + random.below(4),
      maxWorkers: random.chance(0.3) ? 2 : null,
      backoffSeconds: 1,
    },
    budget: null,
    warnings: [],
  };
}
