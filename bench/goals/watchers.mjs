// G11: a thousand watchers of a hundred events a second, and ten thousand that wait.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cpuSeconds, median, quantile } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { prepareBoard } from '../support/board.mjs';
import { root, startServer } from '../support/server.mjs';

const RATE = 100;
const SECONDS = 10;

async function watch(server, clients) {
  const child = spawn(
    process.execPath,
    [join(root, 'bench/anchors/sse-client.mjs'), server.url, server.token, String(clients)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    async heard() {
      child.stdin.end();
      const { value } = await lines.next();
      await once(child, 'exit');
      return JSON.parse(value);
    },
  };
}

/** @returns what so many watchers heard, and what that cost the server */
export async function under(server, client, keys, clients, seconds = SECONDS) {
  const watching = await watch(server, clients);
  const before = cpuSeconds(server.pid, readFileSync);
  const started = performance.now();
  let sent = 0;
  const versions = new Map(keys.map((key) => [key, null]));
  while (performance.now() - started < seconds * 1000) {
    const due = Math.floor(((performance.now() - started) / 1000) * RATE);
    while (sent < due) {
      const key = keys[sent % keys.length];
      sent += 1;
      const version = versions.get(key) ?? (await client.call('GET', `/api/v1/tickets/${key}`)).body.version;
      const { body } = await client.call(
        'PATCH',
        `/api/v1/tickets/${key}`,
        { title: `Title ${sent}` },
        { 'if-match': `"${version}"` },
      );
      versions.set(key, body.version);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const cpu =
    ((cpuSeconds(server.pid, readFileSync) - before) / ((performance.now() - started) / 1000)) * 100;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return { ...(await watching.heard()), cpu, sent };
}

export async function watchers({ rounds, scale }) {
  const server = await startServer();
  const client = openClient(server.url, { connections: 4, token: server.token });
  try {
    const keys = await prepareBoard(server, 200, 'backlog');
    const clients = Math.round(1000 * scale);
    const p99 = [];
    const cpu = [];
    let note = '';
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const heard = await under(server, client, keys, clients);
      if (heard.silent > 0 || (heard.resets === 0 && heard.least < heard.sent))
        throw new Error(`lost: ${JSON.stringify({ ...heard, latencies: undefined })}`);
      p99.push(quantile(heard.latencies, 0.99));
      cpu.push(heard.cpu);
      note = `median ${median(heard.latencies)} ms, ${heard.sent} events to each, ${heard.resets} resets, nothing lost`;
    }
    // What the same changes cost without anybody who watches.
    const alone = await under(server, client, keys, 1);
    const idle = await startServer();
    const many = Math.round(10_000 * scale);
    const before = residentMb(idle.pid);
    const waiting = await watch(idle, many);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const memory = residentMb(idle.pid);
    await waiting.heard().catch(() => undefined);
    await idle.stop();
    const what = `${clients.toLocaleString('en-US')} watchers of ${RATE} events a second`;
    return [
      { id: 'G11', what: `${what}, p99`, unit: 'ms', goal: { atMost: 100 }, note, ours: p99 },
      {
        id: 'G11',
        what: `${what}, server`,
        unit: '% of a core',
        goal: { atMost: 50 },
        note: `${alone.cpu.toFixed(0)} % with one watcher: that is the changes themselves`,
        ours: cpu,
      },
      {
        id: 'G11',
        what: `${many.toLocaleString('en-US')} watchers that wait, memory of the server`,
        unit: 'MB',
        goal: { atMost: 300 },
        note: `${before.toFixed(0)} MB without them`,
        ours: [memory],
      },
    ];
  } finally {
    client.close();
    await server.stop();
  }
}

const residentMb = (pid) =>
  (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;
