// G12: four servers on one PostgreSQL: each serves, one dispatches, and nothing is claimed twice.
import { concurrently, quantile, rate } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { prepareBoard } from '../support/board.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { startServer } from '../support/server.mjs';

/** Tickets made ready through all servers at once, and taken by a runner of each. @returns milliseconds of each change */
async function work(servers, count) {
  const clients = servers.map((server) =>
    openClient(server.url, { connections: 8, token: servers[0].token }),
  );
  const keys = await prepareBoard(servers[0], count, 'backlog');
  const { body: token } = await clients[0].call('POST', '/api/v1/tokens', { role: 'runner', name: 'bench' });
  const seen = new Map();
  let isOver = false;
  const runners = servers.map(async (server, n) => {
    const runner = openClient(server.url, { connections: 4, token: token.token });
    const { body } = await runner.call('POST', '/api/v1/runners', {
      name: `bench-${n}`,
      slots: 1000,
      version: '1',
      kinds: ['attempt'],
    });
    while (!isOver) {
      const { body: polled } = await runner.call('POST', `/api/v1/runners/${body.id}/poll`, {
        freeSlots: 100,
        waitMs: 500,
      });
      for (const { attempt, ticket, fence } of polled.offers) {
        await runner.call('POST', `/api/v1/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40) });
        seen.set(ticket, [...(seen.get(ticket) ?? []), attempt]);
      }
    }
    runner.close();
  });
  let took = [];
  const perSecond = await rate(count, async () => {
    took = await concurrently(16, count, (n) =>
      clients[n % clients.length].call(
        'POST',
        `/api/v1/tickets/${keys[n]}/transitions`,
        { transition: 'ready' },
        { 'if-match': '"1"' },
      ),
    );
    for (let i = 0; i < 600 && seen.size < count; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
  });
  isOver = true;
  await Promise.all(runners);
  if (seen.size < count) throw new Error(`only ${seen.size} of ${count} tickets were taken`);
  const twice = [...seen.values()].filter((attempts) => new Set(attempts).size > 1);
  if (twice.length > 0) throw new Error(`${twice.length} tickets were claimed twice`);
  const { body: verified } = await clients[0].call('GET', '/api/v1/verify');
  const broken = verified.invariants.filter((invariant) => !invariant.ok);
  if (broken.length > 0) throw new Error(JSON.stringify(broken));
  for (const client of clients) client.close();
  return { took, perSecond };
}

export async function severalServers({ rounds, scale }) {
  const postgres = await startPostgres();
  const count = Math.round(400 * scale);
  const found = { ours: [], anchors: [], ratios: [] };
  const rates = { one: [], four: [] };
  const of = async (number) => {
    const databaseUrl = await postgres.database();
    const servers = [];
    for (let n = 0; n < number; n += 1) {
      const env = { MC_DATABASE_URL: databaseUrl, MC_MAX_WORKERS: '10000' };
      // One administrator for all of them.
      if (n > 0) env.MC_ADMIN_TOKEN = servers[0].token;
      servers.push(await startServer(env));
    }
    try {
      return await work(servers, count);
    } finally {
      for (const server of servers) await server.stop();
    }
  };
  try {
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const one = await of(1);
      const four = await of(4);
      found.anchors.push(quantile(one.took, 0.99));
      found.ours.push(quantile(four.took, 0.99));
      found.ratios.push(found.ours.at(-1) / found.anchors.at(-1));
      rates.one.push(one.perSecond);
      rates.four.push(four.perSecond);
    }
  } finally {
    await postgres.stop();
  }
  return {
    id: 'G12',
    what: 'changes through four servers on one PostgreSQL, p99; nothing claimed twice, every invariant holds',
    unit: 'ms',
    anchor: 'through one server',
    goal: { atMost: 3 },
    note: `${count} tickets made ready and taken at ${rates.four.map(Math.round).join(', ')}/s by four, ${rates.one.map(Math.round).join(', ')}/s by one`,
    ...found,
  };
}
