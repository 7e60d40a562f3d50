/**
 * A Mission Control of a test's own: the built server as a process, on a free port, with a data directory that goes
 * away, and, where a test needs work done, its local runner with a scripted agent on a sample repository.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../../../src/client/api-client.ts';
import type { Page, Ticket } from '../../../src/contract/shapes.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const agent = fileURLToPath(new URL('scripted-agent.sh', import.meta.url));

export class MissionControl {
  readonly dir: string;
  readonly runner: 'none' | 'local';
  url = '';
  #server: ChildProcess | null = null;
  #log = '';

  /** The folder whose `dist` is started. */
  readonly installation: string;

  constructor(runner: 'none' | 'local', installation = root) {
    this.installation = installation;
    this.dir = mkdtempSync(join(tmpdir(), 'mc-browser-'));
    this.runner = runner;
  }

  get #dataDir(): string {
    return join(this.dir, 'data');
  }

  async start(): Promise<this> {
    if (!existsSync(join(this.installation, 'dist/web/index.html')))
      throw new Error('dist/web is missing. Run `npm run build` first.');
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const server = spawn(process.execPath, [join(this.installation, 'dist/main.js')], {
      env: {
        ...process.env,
        MC_DATA_DIR: this.#dataDir,
        MC_PORT: port,
        MC_RUNNER: this.runner,
        MC_MAX_WORKERS: '2',
        MC_TICK_SECONDS: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = server;
    server.stderr.on('data', (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-8_000)));
    const lines = createInterface({ input: server.stdout });
    const first = await Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      once(server, 'exit').then(() => {
        throw new Error(`The server ended before it listened:\n${this.#log}`);
      }),
    ]);
    this.url = (JSON.parse(first) as { url: string }).url;
    return this;
  }

  /** Stops the server only; its data and its runner stay, and `start` takes the same port again. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server || server.exitCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await gone;
  }

  async stop(): Promise<void> {
    await this.stopServer();
    await this.#stopRunner();
    // Late writers of the runner may still hold a file for a moment.
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** The local runner outlives its server on purpose; a test has to end what it began, known by its data directory. */
  async #stopRunner(): Promise<void> {
    if (this.runner !== 'local') return;
    for (let round = 0; round < 60; round++) {
      const alive = this.#findProcesses();
      if (alive.length === 0) return;
      for (const pid of alive) {
        try {
          process.kill(pid, round < 40 ? 'SIGTERM' : 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  #findProcesses(): number[] {
    return execFileSync('ps', ['-eo', 'pid='], { encoding: 'utf8' })
      .split('\n')
      .map(Number)
      .filter((pid) => {
        if (!pid || pid === process.pid) return false;
        try {
          return ['environ', 'cmdline'].some((file) =>
            readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(this.dir),
          );
        } catch {
          return false;
        }
      });
  }

  get api(): ApiClient {
    return new ApiClient(this.url, readFileSync(join(this.#dataDir, 'admin.token'), 'utf8').trim());
  }

  async signInLink(): Promise<string> {
    return (await this.api.post<{ url: string }>('/sign-in-links')).url;
  }

  /** A repository with one commit, a profile with the scripted agent, and a project with one check. */
  async prepareProject(checks = [{ name: 'test', command: 'test -n "$(ls)"' }]): Promise<void> {
    const repository = join(this.dir, 'repository');
    mkdirSync(repository);
    const git = (...args: string[]): void => {
      execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
        cwd: repository,
        stdio: 'ignore',
      });
    };
    git('init', '-b', 'main');
    writeFileSync(join(repository, 'README.md'), '# A sample\n');
    git('add', '-A');
    git('commit', '-m', 'First');
    await this.api.post('/profiles', { id: 'scripted', adapter: 'command', command: [agent] });
    await this.api.post('/projects', {
      key: 'MC',
      name: 'Sample',
      repository: { path: repository },
      checks,
      defaultProfile: 'scripted',
    });
  }

  createTicket(title: string, more: Record<string, unknown> = {}): Promise<Ticket> {
    return this.api.post<Ticket>('/tickets', { project: 'MC', title, ...more });
  }

  ticket(key: string): Promise<Ticket> {
    return this.api.get<Ticket>(`/tickets/${key}`);
  }

  async move(key: string, transition: string, more: Record<string, unknown> = {}): Promise<Ticket> {
    const { version } = await this.ticket(key);
    return this.api.post<Ticket>(
      `/tickets/${key}/transitions`,
      { transition, ...more },
      { ifMatch: version },
    );
  }

  /** Waits for the ticket to be as the test needs it, by asking the server. */
  async until(key: string, is: (ticket: Ticket) => boolean, ms = 30_000): Promise<Ticket> {
    const end = Date.now() + ms;
    for (;;) {
      const ticket = await this.ticket(key);
      if (is(ticket)) return ticket;
      if (Date.now() > end)
        throw new Error(
          `${key} did not become so in ${ms} ms: ${ticket.sentence} ${ticket.nextAction.text}\n${JSON.stringify(ticket.whyNotRunning)}\n${this.#log}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  async comments(key: string): Promise<string[]> {
    const page = await this.api.get<Page<{ text: string }>>(`/tickets/${key}/comments`);
    return page.items.map((c) => c.text);
  }
}
