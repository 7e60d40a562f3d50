/**
 * A built Mission Control for end-to-end tests: `node dist/main.js` with a data directory of its own, short leases and
 * its local runner; sample repositories; agents that are small shell scripts. Only the public API is used.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ApiClient, ApiProblem } from '../../src/client/api-client.ts';
import type { Attempt, Evidence, Output, Page, Ticket, Verification } from '../../src/contract/shapes.ts';
import {
  isAlive,
  type ProcessId,
  readEnvironment,
  readProcessTable,
  sendSignal,
} from '../../src/runner/processes/process-table.ts';
import { SqliteConnection } from '../../src/store/sqlite/driver.ts';
import { findStrayMarkers, ownerTag } from '../../src/runner/processes/stray-processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface MissionControlOptions {
  env?: Record<string, string>;
  args?: string[];
}

export interface Beside {
  store: 'sqlite' | 'postgresql';
  exec(sql: string): Promise<void>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export class MissionControl {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'mc-e2e-')));
  readonly dataDir = join(this.dir, 'data');
  readonly repo = join(this.dir, 'repo');
  readonly token = `mct_${randomBytes(16).toString('hex')}`;
  readonly #options: MissionControlOptions;
  server: ChildProcess | undefined;
  api!: ApiClient;
  url = '';
  #said = '';

  constructor(options: MissionControlOptions = {}) {
    this.#options = options;
  }

  /** Starts, or starts again on the same data directory. @param env for this one life of the server */
  async start(env: Record<string, string> = {}): Promise<void> {
    if (!existsSync(join(root, 'dist/main.js')))
      throw new Error('dist/ is missing: run `node scripts/build.mjs --server`');
    const server = spawn(process.execPath, [join(root, 'dist/main.js'), ...(this.#options.args ?? [])], {
      cwd: this.dir,
      env: {
        PATH: process.env['PATH'],
        HOME: this.dir,
        MC_DATA_DIR: this.dataDir,
        MC_PORT: '0',
        MC_ADMIN_TOKEN: this.token,
        MC_MAX_WORKERS: '3',
        MC_LEASE_SECONDS: '3',
        MC_GRACE_SECONDS: '2',
        MC_OFFER_SECONDS: '3',
        MC_TICK_SECONDS: '1',
        ...(await this.#database()),
        ...this.#options.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.server = server;
    server.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    this.url = await new Promise<string>((resolve, reject) => {
      let out = '';
      server.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        const line = /^\{.*\}$/m.exec(out)?.[0];
        if (line) resolve((JSON.parse(line) as { url: string }).url);
      });
      server.once('exit', (code) => reject(new Error(`the server left with ${code}: ${this.#said}`)));
    });
    this.api = new ApiClient(this.url, this.token);
  }

  /** With MC_TEST_DATABASE_URL each has a schema of its own on that PostgreSQL; else it is SQLite, as shipped. */
  async #database(): Promise<Record<string, string>> {
    const base = process.env['MC_TEST_DATABASE_URL'];
    if (base === undefined) return {};
    const schema = basename(this.dir)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '_');
    const client = new pg.Client({ connectionString: base });
    await client.connect();
    await client.query(`create schema if not exists ${schema}`);
    await client.end();
    const url = new URL(base);
    url.searchParams.set('options', `-c search_path=${schema}`);
    return { MC_DATABASE_URL: url.href };
  }

  /** The database itself, opened beside its server by somebody who may. */
  async beside(): Promise<Beside> {
    const { MC_DATABASE_URL: url } = await this.#database();
    if (url === undefined) {
      const file = new SqliteConnection(join(this.dataDir, 'mission-control.db'));
      file.exec('pragma busy_timeout = 5000');
      return {
        store: 'sqlite',
        exec: async (sql) => file.exec(sql),
        rows: async (sql) => file.execute({ sql, params: [] }).rows,
        close: async () => file.close(),
      };
    }
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return {
      store: 'postgresql',
      exec: async (sql) => void (await client.query(sql)),
      rows: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      close: () => client.end(),
    };
  }

  /** The types of all events in the log, from the database itself. */
  async eventTypes(): Promise<string[]> {
    const database = await this.beside();
    const rows = await database.rows('select distinct type from events');
    await database.close();
    return rows.map(({ type }) => String(type));
  }

  /** As somebody who can write where the server keeps its blobs. */
  async overwriteBlob(sha256: string, content: string): Promise<void> {
    const { MC_DATABASE_URL: url } = await this.#database();
    if (url === undefined) {
      writeFileSync(join(this.dataDir, 'artifacts', sha256.slice(0, 2), sha256), content);
      return;
    }
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('update blobs set content = $1 where sha256 = $2', [Buffer.from(content), sha256]);
    await client.end();
  }

  /** Ends the server with a signal, and waits until it is gone. */
  async endServer(signal: NodeJS.Signals): Promise<number | null> {
    const { server } = this;
    if (!server || server.exitCode !== null || server.signalCode !== null) return server?.exitCode ?? null;
    const gone = new Promise<number | null>((resolve) => server.once('exit', (code) => resolve(code)));
    server.kill(signal);
    return gone;
  }

  /** Ends all, checks that nothing runs on, and removes the directory. */
  async stop(): Promise<void> {
    await this.endServer('SIGTERM');
    const runner = this.runner();
    if (runner) {
      sendSignal(runner, 'SIGTERM');
      await until(() => !isAlive(runner), 'the runner left', 30_000);
    }
    const strays = [...findStrayMarkers(ownerTag(this.dataDir))];
    if (strays.length > 0) throw new Error(`processes were left running: ${strays.join(', ')}`);
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What is useful when a test fails. */
  describe(): string {
    const file = join(this.dataDir, 'runner.log');
    return `--- server\n${this.#said}\n--- runner\n${existsSync(file) ? readFileSync(file, 'utf8') : ''}`;
  }

  runner(): ProcessId | null {
    try {
      const lock = JSON.parse(readFileSync(join(this.dataDir, 'run/runner.json'), 'utf8')) as ProcessId;
      return isAlive(lock) ? lock : null;
    } catch {
      return null;
    }
  }

  git(cwd: string, ...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
      cwd,
      stdio: 'pipe',
    })
      .toString()
      .trim();
  }

  get clone(): string {
    return join(this.dataDir, 'clones/MC.git');
  }

  /** A repository whose check passes where `value` says `good`. */
  makeRepository(): void {
    mkdirSync(this.repo, { recursive: true });
    this.git(this.repo, 'init', '-q', '-b', 'main');
    writeFileSync(join(this.repo, 'value'), 'bad\n');
    writeFileSync(join(this.repo, 'check.sh'), 'echo "value is $(cat value)"; grep -qx good value\n');
    this.git(this.repo, 'add', '.');
    this.git(this.repo, 'commit', '-qm', 'first');
  }

  async project(more: object = {}): Promise<void> {
    this.makeRepository();
    await this.api.post('/projects', {
      key: 'MC',
      name: 'Sample',
      repository: { path: this.repo },
      checks: [{ name: 'test', command: ['/bin/sh', 'check.sh'] }],
      limits: { maxAttempts: 3, backoffSeconds: 0 },
      ...more,
    });
  }

  /** A profile whose agent is a shell script; `$OUT` in it is this test's folder. */
  async profile(id: string, script: string, more: object = {}): Promise<void> {
    await this.api.post('/profiles', {
      id,
      adapter: 'command',
      command: ['/bin/sh', '-c', script],
      env: { OUT: this.dir },
      ...more,
    });
  }

  ticket(profile: string, more: object = {}): Promise<Ticket> {
    return this.api.post<Ticket>('/tickets', {
      project: 'MC',
      title: 'Make it good',
      status: 'todo',
      profile,
      ...more,
    });
  }

  get(key: string): Promise<Ticket> {
    return this.api.get<Ticket>(`/tickets/${key}`);
  }

  async attempts(key: string): Promise<Attempt[]> {
    return (await this.api.get<Page<Attempt>>(`/tickets/${key}/attempts`)).items;
  }

  async move(key: string, transition: string, more: object = {}): Promise<Ticket> {
    const post = async (): Promise<Ticket> => {
      const { version } = await this.get(key);
      const body = { transition, ...more };
      return this.api.post<Ticket>(`/tickets/${key}/transitions`, body, { ifMatch: version });
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await post();
      } catch (error) {
        // Somebody was in between, as agents are: read and decide again, as the answer advises.
        if (!(error instanceof ApiProblem) || error.code !== 'version_conflict' || tries === 5) throw error;
      }
    }
  }

  async output(path: string): Promise<string> {
    const { items } = await this.api.get<Output>(`${path}/output`, { query: { after: 0 } });
    return items.map((item) => item.text).join('');
  }

  async settled(key: string): Promise<Evidence[]> {
    return this.eventually(
      async () => {
        const { evidence } = await this.get(key);
        return evidence.length > 0 && evidence.every((e) => e.state !== 'unverified') ? evidence : null;
      },
      'all evidence is settled',
      30_000,
    );
  }

  async inStatus(key: string, status: Ticket['status'], ms = 25_000): Promise<Ticket> {
    return this.eventually(
      async () => {
        const ticket = await this.get(key);
        return ticket.status === status ? ticket : null;
      },
      `${key} is ${status}`,
      ms,
    );
  }

  async verify(): Promise<Verification> {
    return this.api.get<Verification>('/verify', { timeoutMs: 60_000 });
  }

  read(name: string): string {
    try {
      return readFileSync(join(this.dir, name), 'utf8').trim();
    } catch {
      return '';
    }
  }

  /** Whether a script has made this file in the test's folder. */
  hasFile(name: string): boolean {
    return existsSync(join(this.dir, name));
  }

  /** Makes a file that a script waits for. */
  touch(name: string): void {
    writeFileSync(join(this.dir, name), '');
  }

  /** The processes that run for an attempt, on whichever runner of this world, by the mark in their environment. */
  processesOf(attempt: string): ProcessId[] {
    const markers = [this.dataDir, ...readdirSync(this.dir).map((name) => join(this.dir, name))]
      .map((dataDir) => join(dataDir, 'run', `${attempt}.json`))
      .filter((record) => existsSync(record))
      .map((record) => (JSON.parse(readFileSync(record, 'utf8')) as { marker: string }).marker);
    return [...readProcessTable().values()].filter(({ pid }) => {
      const environment = readEnvironment(pid);
      return markers.some((marker) => environment?.includes(`MC_ATTEMPT_MARKER=${marker}`));
    });
  }

  worktrees(): string[] {
    const dir = join(this.dataDir, 'worktrees');
    return existsSync(dir) ? readdirSync(dir) : [];
  }

  async eventually<T>(
    look: () => Promise<T | null | undefined | false | ''>,
    what: string,
    ms = 20_000,
  ): Promise<T> {
    const ends = Date.now() + ms;
    for (;;) {
      const found = await look();
      if (found) return found;
      if (Date.now() > ends) throw new Error(`it never came true: ${what}\n${this.describe()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  until<T>(look: () => T | null | undefined | false | '', what: string, ms?: number): Promise<T> {
    return this.eventually(() => Promise.resolve(look()), what, ms);
  }
}

async function until(look: () => boolean, what: string, ms: number): Promise<void> {
  const ends = Date.now() + ms;
  while (!look()) {
    if (Date.now() > ends) throw new Error(`it never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
