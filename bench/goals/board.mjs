// G8: the first screen of a board of a hundred thousand tickets, as the web app asks for it: each column's first fifty
// (of what is closed, those that were closed last), and the counts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, quantile } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { startServer } from '../support/server.mjs';
import { openWorld } from '../support/world.mjs';

const COLUMNS = [
  ...['backlog', 'todo', 'in_progress', 'needs_input', 'in_review'].map((status) => `status=${status}`),
  ...['done', 'cancelled'].map((status) => `status=${status}&sort=updated`),
];
/** In a round; a hundredth of fewer would be the single worst. */
const LOOKS = 200;
const WARM_UPS = 50;
/** What the dispatcher may start while it is looked at: else it would be busy with all that waits. */
const WORKERS = 8;

/** A data directory with that many tickets, most of them finished. */
export async function bigBoard(tickets) {
  const dataDir = mkdtempSync(join(tmpdir(), 'mc-bench-board-'));
  const world = await openWorld({ dataDir, workers: WORKERS });
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
    for (let n = 0; n < LOOKS * rounds + WARM_UPS; n += 1) {
      const started = performance.now();
      const answers = await Promise.all([
        client.call('GET', '/api/v1/overview'),
        ...COLUMNS.map((column) => client.call('GET', `/api/v1/tickets?${column}&limit=50`)),
      ]);
      if (n >= WARM_UPS) took.push(performance.now() - started);
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
