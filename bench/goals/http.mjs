// G3 and G4: the same over HTTP, with all that a request goes through (schemas, authentication, problem answers).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { concurrently, inTurn, median, quantile, rate } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { prepareBoard } from '../support/board.mjs';
import { root, startServer } from '../support/server.mjs';

async function startAnchor(kind) {
  const child = spawn(process.execPath, [join(root, 'bench/anchors/fastify-cas.mjs'), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    url: JSON.parse(line).url,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** On a disk that takes its time the goal is another: to be far beyond a server that flushes for each change. */
export async function transitionsOverHttp({ rounds, slowDiskMs }) {
  const beside = { anchor: 'Fastify with group commit', goal: { atLeast: 0.5 } };
  const found = [await besideFastify('group', 3000, rounds, beside)];
  if (slowDiskMs > 0) {
    const each = { anchor: 'Fastify with a commit for each', goal: { atLeast: 10 } };
    found.push(await besideFastify('each', 600, rounds, each));
  }
  return found;
}

/** As many as it takes until both servers are compiled. */
const WARM_UPS = 3;

async function besideFastify(kind, anchorCount, rounds, about) {
  const connections = 64;
  const count = 3000;
  const [server, anchor] = [await startServer(), await startAnchor(kind)];
  const ours = openClient(server.url, { connections, token: server.token });
  const other = openClient(anchor.url, { connections });
  try {
    const keys = await prepareBoard(server, count, 'todo');
    const versions = new Map(keys.map((key) => [key, 1]));
    const tails = [];
    const found = await inTurn(
      rounds,
      async (round) => {
        let took = [];
        const reached = await rate(count, async () => {
          took = await concurrently(connections, count, async (n) => {
            const key = keys[n];
            const { body } = await ours.call(
              'POST',
              `/api/v1/tickets/${key}/transitions`,
              { transition: round % 2 === 0 ? 'defer' : 'ready' },
              { 'if-match': `"${versions.get(key)}"` },
            );
            versions.set(key, body.version);
          });
        });
        tails.push(quantile(took, 0.99));
        return reached;
      },
      async (round) =>
        rate(anchorCount, () =>
          concurrently(connections, anchorCount, (n) =>
            other.call('POST', `/tickets/${n + 1}/transitions`, { version: round + 1, state: 'backlog' }),
          ),
        ),
      WARM_UPS,
    );
    return {
      id: 'G3',
      what: `transitions over HTTP, ${connections} connections, FULL`,
      unit: 'transitions/s',
      ...about,
      note: `p99 ${median(tails).toFixed(0)} ms`,
      ...found,
    };
  } finally {
    ours.close();
    other.close();
    await server.stop();
    await anchor.stop();
  }
}

/** Peers' figures are recorded, from another day on a machine like this one (design, performance). */
const RECORDED = {
  update: { missionControl: 110, paperclip: 32 },
  claim: { missionControl: 44, paperclip: 33 },
};

export async function boardOfTenThousand({ rounds, scale }) {
  const connections = 16;
  const count = 500;
  const server = await startServer({ MC_MAX_WORKERS: '10000' });
  const client = openClient(server.url, { connections, token: server.token });
  try {
    const keys = await prepareBoard(server, Math.round(10_000 * scale), 'backlog');
    const versions = new Map(keys.map((key) => [key, 1]));
    const updates = [];
    for (let round = 0; round < rounds; round += 1) {
      updates.push(
        await rate(count, () =>
          concurrently(connections, count, async (n) => {
            const key = keys[(round * count + n) % keys.length];
            const { body } = await client.call(
              'PATCH',
              `/api/v1/tickets/${key}`,
              { title: `Another title ${round} ${n}` },
              { 'if-match': `"${versions.get(key)}"` },
            );
            versions.set(key, body.version);
          }),
        ),
      );
    }
    const claims = await claimsOverHttp(server, client, keys, versions, Math.min(rounds, 3));
    const result = (what, ours, recorded) => ({
      id: 'G4',
      what: `${what} over HTTP on a board of ${keys.length.toLocaleString('en-US')}`,
      unit: `${what}s/s`,
      goal: { atLeast: 20 * Math.max(recorded.missionControl, recorded.paperclip) },
      note: `recorded of the peers: ${recorded.missionControl}/s and ${recorded.paperclip}/s; goal 20 times the better`,
      ours,
    });
    return [result('update', updates, RECORDED.update), result('claim', claims, RECORDED.claim)];
  } finally {
    client.close();
    await server.stop();
  }
}

/** From tickets that are made ready to attempts that a runner has accepted, all through the API. */
async function claimsOverHttp(server, client, keys, versions, rounds) {
  const { body: token } = await client.call('POST', '/api/v1/tokens', { role: 'runner', name: 'bench' });
  const runner = openClient(server.url, { connections: 16, token: token.token });
  const { body: registered } = await runner.call('POST', '/api/v1/runners', {
    name: 'bench',
    slots: 1000,
    version: '1',
    kinds: ['attempt'],
  });
  const found = [];
  const wave = 300;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const mine = keys.slice(round * wave, (round + 1) * wave);
      await client.call('POST', '/api/v1/pause', { paused: true, reason: 'bench' });
      await concurrently(16, wave, async (n) => {
        await client.call(
          'POST',
          `/api/v1/tickets/${mine[n]}/transitions`,
          { transition: 'ready' },
          {
            'if-match': `"${versions.get(mine[n])}"`,
          },
        );
      });
      await client.call('POST', '/api/v1/pause', { paused: false, reason: 'bench' });
      found.push(
        await rate(wave, async () => {
          for (let taken = 0; taken < wave;) {
            const { body } = await runner.call('POST', `/api/v1/runners/${registered.id}/poll`, {
              freeSlots: 500,
              waitMs: 5000,
            });
            await concurrently(16, body.offers.length, async (n) => {
              const { attempt, fence } = body.offers[n];
              await runner.call('POST', `/api/v1/attempts/${attempt}/accept`, {
                fence,
                base: 'b'.repeat(40),
              });
            });
            taken += body.offers.length;
          }
        }),
      );
      await client.call('POST', '/api/v1/pause', { paused: true, stop: true, reason: 'bench' });
    }
  } finally {
    runner.close();
  }
  return found;
}
