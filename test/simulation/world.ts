/**
 * One world of the simulation: the real store (SQLite in memory), services and loops on virtual time, with runners,
 * agents, people and an orchestrator played from a seed, and faults between all of them. What really happened (which
 * commit is good, which answer was given) is kept beside the system under test, so that it cannot fool the judge.
 */
import { hash } from 'node:crypto';
import type { Campaign, Job, Profile, Project } from '../../src/domain/config.ts';
import type { Decider, OnAccept } from '../../src/domain/words.ts';
import { SYSTEM_JOBS } from '../../src/domain/words.ts';
import { isRefusal } from '../../src/domain/refusal.ts';
import { type LoopName, type ServerLoops, serverLoops } from '../../src/server-loops.ts';
import { PLAIN_TICKET } from '../../src/domain/ticket/testing.ts';
import { createDocument, ensureJobs } from '../../src/services/configuration.ts';
import type { Caller, Deps } from '../../src/services/deps.ts';
import { createTicket } from '../../src/services/tickets.ts';
import { verifyState } from '../../src/services/verify.ts';
import type { Store } from '../../src/store/port.ts';
import { FIRST_SETTINGS } from '../../src/store/schema.ts';
import { SqliteConnection } from '../../src/store/sqlite/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { MemoryDatabase } from './memory/memory-database.ts';
import { Receivers } from './notify.ts';
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
  /** The very loops that a real server puts timers around. */
  wired: ServerLoops;
  /** When each loop runs next in a healed world. */
  due: Map<LoopName, number>;
}

/** What a world's store is on: see memory-database.ts; on SQLite it is slower, and the same. */
export type DatabaseName = 'memory' | 'sqlite';
/** One of each, emptied for each world: opening another would cost more than a world. */
const memory = new MemoryDatabase();
let sqlite: SqliteConnection | null = null;
/** Makes SQLite's tables what they were when the schema was new. */
let empty = '';
const sha256 = (text: string): string => hash('sha256', text);
const TICK_MS = 2000;
const DISK = { freeBytes: 5e11, totalBytes: 1e12 };
export const PERSON: Caller = { actor: { kind: 'human', id: 'ada' }, role: 'admin' };
export const REVIEWER: Caller = { actor: { kind: 'human', id: 'grace' }, role: 'member' };
export const ORCHESTRATOR: Caller = { actor: { kind: 'orchestrator', id: 'orc' }, role: 'orchestrator' };

export class World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly size: Size;
  readonly servers: SimServer[] = [];
  readonly store: Store;
  /** Where notifications arrive. */
  readonly receivers: Receivers;
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
  /** The tickets that have been created, as far as their makers were told. */
  readonly keys: string[] = [];
  /** While the world heals: tickets that people have seen open. */
  open: ReadonlySet<string> = new Set();
  /** While the world heals: how many events there were. */
  committed = 0;
  /** The schedule of this world, where it has one. */
  schedule: string | null = null;
  hasOrchestrator = false;
  /** It never decides anything; people leave it its items for so many rounds of a healed world. */
  muteFor = 0;
  /** How many tickets have been asked for. */
  created = 0;
  /** What the world saw happen that must not. */
  readonly wrongs: string[] = [];
  readonly trace: string[] = [];
  /** The projects' repositories. */
  readonly repositories = new Map<string, SimRepository>();
  /** How often each loop of the servers has run. */
  readonly loopRuns = new Map<string, number>();
  #ids = 0;

  constructor(seed: number, size: Size, database: DatabaseName = 'memory') {
    this.random = new Random(seed);
    this.scheduler = new Scheduler(this.random);
    this.size = size;
    this.receivers = new Receivers(this, seed);
    this.store = openSqliteStore({
      path: database === 'memory' ? emptyMemory() : emptySqlite(),
      clock: () => this.now,
      // A microtask, without what queueMicrotask keeps for those who trace it.
      schedule: (run) => void Promise.resolve().then(run),
    });
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
        wired: this.#counted(
          serverLoops(deps, `srv_${i}`, TICK_MS, {
            monotonic: () => this.now,
            disk: () => Promise.resolve(DISK),
            // Time stands still while a loop runs.
            wait: () => new Promise(() => undefined),
            pause: () => new Promise((resolve) => setImmediate(resolve)),
          }),
        ),
        due: new Map(),
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
    // Some come in later, amid the faults.
    this.created = this.size.tickets - this.random.below(this.size.tickets / 4 + 1);
    for (let i = 0; i < this.created; i += 1) await this.plain(this.addTicket(deps, this.random.below(5)));
  }

  /** An agent that the inbox wakes, as which somebody has made a profile. */
  async addOrchestrator(id: string): Promise<void> {
    this.hasOrchestrator = true;
    if (this.random.chance(0.3)) this.muteFor = 30;
    const { deps } = this.server(0);
    await this.plain(
      createDocument<Profile>(deps, PERSON, 'profile', id, profile(id, this.random, 'orchestrator')),
    );
  }

  async addTicket(deps: Deps, priority: number) {
    const blocker = this.random.chance(0.15) ? this.anyTicket() : '';
    const made = await createTicket(deps, PERSON, {
      project: this.random.pick(['A', 'B']),
      status: this.random.chance(0.9) ? 'todo' : 'backlog',
      fields: {
        ...PLAIN_TICKET,
        priority,
        assignee: this.random.chance(0.2) ? this.random.pick(['alpha', 'beta', 'ada', 'ada']) : null,
        campaign: this.random.chance(0.15) ? 'epic' : null,
        profile: this.random.chance(0.2) ? this.random.pick(['alpha', 'beta']) : null,
        blockedBy: blocker === '' ? [] : [blocker],
        notBefore: this.random.chance(0.1) ? this.now + this.random.below(20_000) : null,
      },
    });
    if (!isRefusal(made)) this.keys.push(made.ticket.key);
    return made;
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

  anyTicket(): string {
    return this.keys.length === 0 ? '' : this.random.pick(this.keys);
  }

  /** Something of the world's own, before the faults: it has to succeed. */
  async plain<T>(promise: Promise<T>): Promise<T> {
    const value = await promise;
    if (isRefusal(value)) throw new Error(`${value.code}: ${value.detail}`);
    return value;
  }

  /** What this server's timers would run now, in a world without faults; an event that stirs a loop makes it due. */
  async runDueLoops(server: SimServer): Promise<void> {
    for (const [name, loop] of loopsOf(server)) {
      if ((server.due.get(name) ?? 0) > this.now) continue;
      server.due.set(name, this.now + loop.everyMs);
      const { againInMs } = (await loop.runOnce()) ?? {};
      if (againInMs !== null && againInMs !== undefined && againInMs < loop.everyMs)
        server.due.set(name, this.now + againInMs);
    }
  }

  /** From here on events stir the loops of every server, as they do in a real one. */
  startTimers(): void {
    for (const server of this.servers)
      for (const [name, loop] of loopsOf(server)) server.due.set(name, this.now + (loop.firstAfterMs ?? 0));
    this.store.subscribe((events) => {
      this.committed += events.length;
      for (const server of this.servers)
        for (const name of server.wired.stirredBy(events)) server.due.set(name, this.now);
    });
  }

  verify() {
    return verifyState({ ...this.server(0).deps, store: this.store });
  }

  enabledJobs(): Promise<(Job & { version: number })[]> {
    return this.store.documents<Job>('job');
  }

  #counted(wired: ServerLoops): ServerLoops {
    for (const [name, loop] of Object.entries(wired.loops)) {
      const { runOnce } = loop;
      loop.runOnce = () => {
        this.loopRuns.set(name, (this.loopRuns.get(name) ?? 0) + 1);
        return runOnce();
      };
    }
    return wired;
  }

  /** Services of one server: in a faulty world every call of its store is a point of interleaving, and may fail. */
  #deps(task: number): Deps {
    const store = this.store;
    const interleaved = async (member: string, call: () => unknown): Promise<unknown> => {
      await this.scheduler.point(task);
      if (this.brokenServer === task || this.random.chance(0.002))
        throw new Error(`injected failure of ${member}`);
      return call();
    };
    const hold =
      (member: string, method: (...args: unknown[]) => unknown) =>
      (...args: unknown[]): unknown =>
        this.faulty ? interleaved(member, () => method(...args)) : method(...args);
    const held = Object.entries(store).map(([member, method]) => [
      member,
      member === 'subscribe' || member === 'close' || member === 'blobs' ? method : hold(member, method),
    ]);
    return {
      store: Object.fromEntries(held) as Store,
      timing: { leaseMs: 3000, graceMs: 1000, offerMs: 1000, dispatchLeaseMs: 4000, parkedSilenceMs: 60_000 },
      newId: this.newId,
      random: () => this.random.next(),
      sha256,
      derive: (purpose, number) => `${purpose} ${number}`,
      defaultMaxWorkers: 4,
      artifacts: {
        put: (content) => Promise.resolve(hash('sha256', content)),
        read: () => Promise.resolve(null),
        hashOf: (name) => Promise.resolve(name),
        list: () => Promise.resolve([]),
        remove: () => Promise.resolve(),
      },
      artifactMaxBytes: 1000,
      bundleMaxBytes: 10_000,
      outgoing: this.receivers.outgoing,
      inspect: {
        repository: () => Promise.resolve({ usable: true, message: '', defaultBranch: 'main' }),
        agents: () => Promise.resolve([]),
        command: (subject) => Promise.resolve({ ok: true, subject, message: '' }),
      },
    };
  }
}

export function loopsOf(server: SimServer): [LoopName, ServerLoops['loops'][LoopName]][] {
  return Object.entries(server.wired.loops) as [LoopName, ServerLoops['loops'][LoopName]][];
}

function emptyMemory(): MemoryDatabase {
  memory.reset(FIRST_SETTINGS);
  return memory;
}

function emptySqlite(): SqliteConnection {
  if (!sqlite) {
    sqlite = new SqliteConnection(':memory:');
    void openSqliteStore({ path: sqlite }).close();
    empty = emptying(sqlite);
  }
  sqlite.exec(empty);
  return sqlite;
}

function emptying(database: SqliteConnection): string {
  const rows = (sql: string) => database.execute({ sql, params: [] }).rows;
  const tables = rows(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`);
  const settings = rows('select name, value from settings');
  return [
    ...tables.map(({ name }) => `delete from ${name};`),
    ...settings.map(
      ({ name, value }) => `insert into settings (name, value) values ('${name}', '${value}');`,
    ),
  ].join(' ');
}

function profile(id: string, random: Random, role: Profile['role'] = 'worker'): Profile {
  return {
    id,
    adapter: 'command',
    command: ['agent'],
    role,
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
