// A board for a server of a benchmark's own, made through the API.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concurrently } from './figures.mjs';
import { openClient } from './http-client.mjs';

/** A repository with one commit, in a folder that the caller's temporary files are in. */
export function makeRepository() {
  const folder = mkdtempSync(join(tmpdir(), 'mc-bench-repository-'));
  const git = (...words) =>
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', ...words], {
      cwd: folder,
      stdio: 'ignore',
    });
  git('init', '-b', 'main');
  git('commit', '--allow-empty', '-m', 'First');
  return folder;
}

/** @returns the keys of that many tickets, in the project `B` */
export async function prepareBoard(server, count, status, profile = { command: ['true'] }) {
  const client = openClient(server.url, { connections: 32, token: server.token });
  try {
    await client.call('POST', '/api/v1/profiles', { id: 'bench', adapter: 'command', ...profile });
    await client.call('POST', '/api/v1/projects', {
      key: 'B',
      name: 'Bench',
      repository: { path: makeRepository() },
      defaultProfile: 'bench',
    });
    const keys = [];
    await concurrently(32, count, async (n) => {
      const { body } = await client.call('POST', '/api/v1/tickets', {
        project: 'B',
        title: `Ticket ${n} of a board that is long`,
        description: 'What happens, and what should. '.repeat(4),
        status,
        priority: n % 5,
        labels: n % 3 === 0 ? ['bug'] : [],
      });
      keys.push(body.key);
    });
    return keys;
  } finally {
    client.close();
  }
}
