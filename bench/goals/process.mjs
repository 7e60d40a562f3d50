// G10 and G14: how soon a server answers, how much memory it takes, and what it costs when nothing happens.
import { readFileSync } from 'node:fs';
import { cpuSeconds, median } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { prepareBoard } from '../support/board.mjs';
import { startServer } from '../support/server.mjs';

/** Recorded of a peer, on another day on a machine like this one (design, performance). */
const RECORDED = { coldStartMs: 1500, memoryMb: 214 };
const residentMb = (pid) =>
  (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;

export async function coldStart({ rounds, scale }) {
  const starts = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    const server = await startServer();
    const client = openClient(server.url, { connections: 1, token: server.token });
    await client.call('GET', '/api/v1/tickets');
    starts.push(performance.now() - started);
    client.close();
    await server.stop();
  }
  const tickets = Math.round(10_000 * scale);
  const memory = [];
  for (let round = 0; round < rounds; round += 1) {
    const server = await startServer();
    await prepareBoard(server, tickets, 'backlog');
    memory.push(residentMb(server.pid));
    await server.stop();
  }
  const recorded = 'recorded of a peer';
  return [
    {
      id: 'G10',
      what: 'cold start with an empty data directory to the first answered list',
      unit: 'ms',
      goal: { atMost: 0.5 * RECORDED.coldStartMs },
      note: `${recorded}: ${RECORDED.coldStartMs} ms; goal half of it`,
      ours: starts,
    },
    {
      id: 'G10',
      what: `memory after ${tickets.toLocaleString('en-US')} tickets were made`,
      unit: 'MB',
      goal: { atMost: 0.7 * RECORDED.memoryMb },
      note: `${recorded}: ${RECORDED.memoryMb} MB; goal 0.7 of it`,
      ours: memory,
    },
  ];
}

export async function idle() {
  const seconds = 30;
  const server = await startServer();
  await prepareBoard(server, 200, 'backlog');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const shares = [];
  const first = residentMb(server.pid);
  for (let look = 0; look < 3; look += 1) {
    const before = cpuSeconds(server.pid, readFileSync);
    await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 3));
    shares.push(((cpuSeconds(server.pid, readFileSync) - before) / (seconds / 3)) * 100);
  }
  const grown = residentMb(server.pid) - first;
  await server.stop();
  return {
    id: 'G14',
    what: `an idle server, over ${seconds} s`,
    unit: '% of a core',
    goal: { atMost: 1 },
    note: `median ${median(shares).toFixed(2)} %, memory ${grown >= 0 ? '+' : ''}${grown.toFixed(1)} MB; no model is called: nothing here has one`,
    ours: shares,
  };
}
