// G8: the first screen of a board of a hundred thousand tickets, as the web app asks for it: each column's first fifty,
// and the counts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, quantile } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { startServer } from '../support/server.mjs';
import { openWorld } from '../support/world.mjs';

const COLUMNS = ['backlog', 'todo', 'in_progress', 'needs_input', 'in_review', 'done', 'cancelled'];

/** A data directory with that many tickets, most of them finished. */
export async function bigBoard(tickets) {
  const dataDir = mkdtempSync(join(tmpdir(), 'mc-bench-board-'));
  const world = await openWorld({ dataDir });
  for (let made = 0; made < tickets; made += 1000) {
    const keys = await world.addTickets(Math.min(1000, tickets - made), 'todo');
    await Promise.all(
      keys.map((key, n) =>
        n % 10 < 7
          ? world.transition(key, 'cancel', { reason: 'finished' })
          : n % 10 === 7
            ? world.transition(key, 'defer')
            : Promise.resolve(),
      ),
    );
  }
  await world.close();
  return dataDir;
}

export async function firstScreen({ rounds, scale }) {
  const tickets = Math.round(100_000 * scale);
  const dataDir = await bigBoard(tickets);
  const server = await startServer({ MC_DATA_DIR: dataDir });
  const client = openClient(server.url, { connections: 8, token: server.token });
  const took = [];
  let largest = 0;
  try {
    for (let n = 0; n < 20 * rounds + 10; n += 1) {
      const started = performance.now();
      const answers = await Promise.all([
        client.call('GET', '/api/v1/overview'),
        ...COLUMNS.map((status) => client.call('GET', `/api/v1/tickets?status=${status}&limit=50`)),
      ]);
      if (n >= 10) took.push(performance.now() - started);
      largest = Math.max(largest, ...answers.map((answer) => answer.bytes));
    }
  } finally {
    client.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return [
    {
      id: 'G8',
      what: `first screen of a board of ${tickets.toLocaleString('en-US')} over HTTP, p99`,
      unit: 'ms',
      goal: { atMost: 25 },
      note: `median ${median(took).toFixed(1)} ms, eight requests at once`,
      ours: [quantile(took, 0.99)],
    },
    {
      id: 'G8',
      what: 'the largest answer of it',
      unit: 'kB',
      goal: { atMost: 200 },
      ours: [largest / 1000],
    },
  ];
}
