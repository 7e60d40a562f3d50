// G11: a thousand watchers of a hundred events a second, and ten thousand that wait.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cpuSeconds, median } from '../support/figures.mjs';
import { openClient } from '../support/http-client.mjs';
import { prepareBoard } from '../support/board.mjs';
import { root, startServer } from '../support/server.mjs';

const RATE = 100;
const SECONDS = 10;
const STREAM = '/api/v1/stream';

async function watch(url, path, token, clients) {
  const child = spawn(
    process.execPath,
    [join(root, 'bench/anchors/sse-client.mjs'), url, path, token, String(clients)],
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

/** @param {[number, number][]} took pairs: milliseconds, and how many events took them */
function quantileOf(took, part) {
  let left = took.reduce((sum, [, count]) => sum + count, 0) * part;
  for (const [ms, count] of took) {
    left -= count;
    if (left < 0) return ms;
  }
  return Number.NaN;
}

/** Makes changes as they fall due, and waits for none before the next: who is slow is not asked less. */
async function atRate(seconds, change) {
  const started = performance.now();
  const underWay = new Set();
  let sent = 0;
  while (performance.now() - started < seconds * 1000) {
    const due = Math.floor(((performance.now() - started) / 1000) * RATE);
    for (; sent < due; sent += 1) {
      const one = change(sent).finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(underWay);
  return sent;
}

async function measure({ pid, url, path, token }, clients, seconds, change) {
  const watching = await watch(url, path, token, clients);
  const before = cpuSeconds(pid, readFileSync);
  const started = performance.now();
  const sent = await atRate(seconds, change);
  const cpu = ((cpuSeconds(pid, readFileSync) - before) / ((performance.now() - started) / 1000)) * 100;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const heard = await watching.heard();
  if (heard.silent > 0 || (heard.resets === 0 && heard.least < sent))
    throw new Error(`lost: ${JSON.stringify({ ...heard, took: undefined, sent })}`);
  return {
    cpu,
    sent,
    resets: heard.resets,
    p50: quantileOf(heard.took, 0.5),
    p99: quantileOf(heard.took, 0.99),
    client: heard.cpu,
    clientDelay: heard.delayMs,
  };
}

/** @returns what so many watchers heard, and what that cost the server */
export async function under(server, client, keys, clients, seconds = SECONDS) {
  const versions = await Promise.all(
    keys.map(async (key) => (await client.call('GET', `/api/v1/tickets/${key}`)).body.version),
  );
  return measure({ ...server, path: STREAM }, clients, seconds, async (n) => {
    const at = n % keys.length;
    const { body } = await client.call(
      'PATCH',
      `/api/v1/tickets/${keys[at]}`,
      { title: `Title ${n} of ${versions[at]}` },
      { 'if-match': `"${versions[at]}"` },
    );
    versions[at] = body.version;
  });
}

async function startAnchor() {
  const child = spawn(process.execPath, [join(root, 'bench/anchors/sse-server.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    url: JSON.parse(line).url,
    path: '/',
    token: 'none',
    pid: child.pid,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

export async function watchers({ rounds, scale }) {
  const server = await startServer();
  const client = openClient(server.url, { connections: 4, token: server.token });
  const anchor = await startAnchor();
  const other = openClient(anchor.url, { connections: 4 });
  try {
    const keys = await prepareBoard(server, 200, 'backlog');
    const clients = Math.round(1000 * scale);
    const [ours, anchors] = [[], []];
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      ours.push(await under(server, client, keys, clients));
      anchors.push(await measure(anchor, clients, SECONDS, () => other.call('POST', '/')));
    }
    // What the same changes cost without anybody who watches.
    const alone = await under(server, client, keys, 1);
    const idle = await startServer();
    const many = Math.round(10_000 * scale);
    const before = residentMb(idle.pid);
    const waiting = await watch(idle.url, STREAM, idle.token, many);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const memory = residentMb(idle.pid);
    await waiting.heard();
    await idle.stop();
    const of = (list, what) => median(list.map((one) => one[what]));
    const what = `${clients.toLocaleString('en-US')} watchers of ${RATE} events a second`;
    const resets = ours.reduce((sum, one) => sum + one.resets, 0);
    return [
      {
        id: 'G11',
        what: `${what}, p99`,
        unit: 'ms',
        goal: { atMost: 100 },
        note:
          `median ${of(ours, 'p50')} ms, ${of(ours, 'sent')} events to each, ${resets} resets, nothing lost; ` +
          `plain node:http beside it: p99 ${of(anchors, 'p99')} ms, median ${of(anchors, 'p50')} ms; ` +
          `the client took ${of(ours, 'client').toFixed(0)} % of a core and was late by ${of(ours, 'clientDelay').toFixed(0)} ms (p99)`,
        ours: ours.map((one) => one.p99),
      },
      {
        id: 'G11',
        what: `${what}, server`,
        unit: '% of a core',
        goal: { atMost: 50 },
        note:
          `${alone.cpu.toFixed(0)} % with one watcher: that is the changes themselves; ` +
          `plain node:http without them ${of(anchors, 'cpu').toFixed(0)} %`,
        ours: ours.map((one) => one.cpu),
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
    other.close();
    await server.stop();
    await anchor.stop();
  }
}

const residentMb = (pid) =>
  (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;
