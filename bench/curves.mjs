// `npm run bench:curves`: what a claim, the first screen, a tick of the dispatcher and the event stream cost against the
// size of the board, its history, the number of runners and of watchers. Draws docs/images/curves.svg and writes JSON.
//   npm run bench:curves -- --most=30000     the largest board; the smaller ones are a third of the one above
// Processor time, not time: it says the same on a machine that has other work. G1 to G14 have the times.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claims } from './goals/services.mjs';
import { under } from './goals/watchers.mjs';
import { prepareBoard } from './support/board.mjs';
import { drawCharts } from './support/chart.mjs';
import { median } from './support/figures.mjs';
import { openClient } from './support/http-client.mjs';
import { root, startServer } from './support/server.mjs';
import { fine, openWorld } from './support/world.mjs';

const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const most = Number(args.get('most') ?? 30_000);
const sizes = [100, 300, 1000, 3000, 10_000, 30_000, 100_000].filter((size) => size <= most);
const told = (text) => process.stderr.write(`${text}\n`);

/** Milliseconds of processor time for each of `count` operations, as the median of the times that it is done. */
async function cost(times, count, run, before = async () => undefined) {
  const found = [];
  for (let time = 0; time <= times; time += 1) {
    await before();
    const started = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(started);
    // The first is for the compiler and the caches.
    if (time > 0) found.push((user + system) / 1000 / count);
  }
  return median(found);
}

const claimCost = (world) =>
  cost(
    5,
    100,
    () => claims(world, 100),
    () => world.addTickets(100, 'todo', { priority: 0 }),
  );

const COLUMNS = [
  ...['backlog', 'todo', 'in_progress', 'needs_input', 'in_review'].map((status) => [status, 'dispatch']),
  ...['done', 'cancelled'].map((status) => [status, 'updated']),
];

async function screenCost(world) {
  const { presentTickets } = await world.built('services/present.js');
  return cost(9, 1, async () => {
    const pages = await Promise.all(
      COLUMNS.map(([status, sort]) => world.store.tickets({ statuses: [status], sort, limit: 50 })),
    );
    for (const { items } of pages) JSON.stringify(await presentTickets(world.deps, items, 'human'));
  });
}

/** A tick that finds no free slot: the dispatcher's everyday, on whatever board. */
const tickCost = (world) => cost(15, 1, () => world.dispatcher.runOnce(), world.seen);

async function againstBoard() {
  const [claim, screen, tick] = [[], [], []];
  const world = await openWorld();
  const busy = await openWorld({ workers: 1 });
  let has = 0;
  for (const size of sizes) {
    await world.addTickets(size - has, 'todo', { priority: 3 });
    await busy.addTickets(size - has);
    has = size;
    claim.push([size, await claimCost(world)]);
    screen.push([size, await screenCost(world)]);
    tick.push([size, await tickCost(busy)]);
    told(`board of ${size}: claim ${claim.at(-1)[1]}, screen ${screen.at(-1)[1]}, tick ${tick.at(-1)[1]} ms`);
  }
  await world.close();
  await busy.close();
  return { claim, screen, tick };
}

async function againstHistory() {
  const [claim, screen] = [[], []];
  const world = await openWorld();
  let has = 0;
  for (const size of sizes) {
    for (; has < size; has += 100) {
      const keys = await world.addTickets(100);
      await Promise.all(keys.map((key) => world.transition(key, 'cancel', { reason: 'finished' })));
    }
    claim.push([size, await claimCost(world)]);
    screen.push([size, await screenCost(world)]);
    told(`history of ${size}: claim ${claim.at(-1)[1]}, screen ${screen.at(-1)[1]} ms`);
  }
  await world.close();
  return { claim, screen };
}

async function againstRunners() {
  const world = await openWorld({ workers: 1 });
  const { registerRunner } = await world.built('services/runners.js');
  const { RUNNER_PROTOCOL } = await world.built('domain/runner-protocol.js');
  await world.addTickets(1000);
  const tick = [];
  let has = 1;
  for (const size of [1, 10, 100, 300, 1000]) {
    for (; has < size; has += 1) {
      const caller = { actor: { kind: 'runner', id: `run_${has}` }, role: 'runner', tokenId: `bench-${has}` };
      fine(
        await registerRunner(world.deps, caller, {
          name: `bench-${has}`,
          slots: 2,
          labels: [],
          kinds: ['attempt'],
          software: '0',
          pid: null,
          containment: [],
          protocol: RUNNER_PROTOCOL,
        }),
      );
    }
    tick.push([size, await tickCost(world)]);
    told(`${size} runners: tick ${tick.at(-1)[1]} ms`);
  }
  await world.close();
  return tick;
}

async function againstWatchers() {
  const server = await startServer();
  const client = openClient(server.url, { connections: 4, token: server.token });
  const cpu = [];
  try {
    const keys = await prepareBoard(server, 100, 'backlog');
    // Until the server is compiled.
    await under(server, client, keys, 1, 5);
    for (const size of [1, 10, 100, 300, 1000]) {
      const heard = await under(server, client, keys, size, 5);
      cpu.push([size, heard.cpu]);
      told(`${size} watchers: ${heard.cpu} % of a core`);
    }
  } finally {
    client.close();
    await server.stop();
  }
  return cpu;
}

const board = await againstBoard();
const history = await againstHistory();
const runners = await againstRunners();
const watchers = await againstWatchers();
const ms = 'milliseconds of processor time';
const svg = drawCharts(
  [
    {
      title: 'A claim',
      x: 'tickets',
      y: ms,
      lines: [
        { name: 'that wait', points: board.claim },
        { name: 'that are finished', points: history.claim },
      ],
    },
    {
      title: 'The first screen of the board',
      x: 'tickets',
      y: ms,
      lines: [
        { name: 'that wait', points: board.screen },
        { name: 'that are finished', points: history.screen },
      ],
    },
    {
      title: 'A tick of the dispatcher without a free slot',
      x: 'tickets or runners',
      y: ms,
      lines: [
        { name: 'tickets that wait', points: board.tick },
        { name: 'runners', points: runners },
      ],
    },
    {
      title: 'The server at a hundred changes a second',
      x: 'watchers',
      y: 'per cent of a core',
      lines: [{ name: 'watchers', points: watchers }],
    },
  ],
  'What a claim, the first screen, a tick of the dispatcher and the event stream cost against the size of the board, its history, the runners and the watchers',
);
const at = new Date().toISOString();
mkdirSync(join(root, 'bench-results'), { recursive: true });
writeFileSync(
  join(root, 'bench-results/curves.json'),
  `${JSON.stringify({ at, board, history, runners, watchers }, null, 1)}\n`,
);
writeFileSync(args.get('svg') ?? join(root, 'docs/images/curves.svg'), svg);
