// G5: from a ticket that is made ready to its agent's first breath, on an idle server with its runner; beside what
// graphile-worker takes from enqueueing to the start of its task, plus the bare cost of a worktree and a spawn.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient } from '../support/http-client.mjs';
import { median, quantile } from '../support/figures.mjs';
import { makeRepository, prepareBoard } from '../support/board.mjs';
import { runGraphile } from '../support/libraries.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { startServer } from '../support/server.mjs';

/** Enough for a p99 that is not the slowest of all; the first few are left out. */
const SAMPLES = 100;
const WARM_UPS = 5;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds from the request that makes a ticket ready to the first thing that its agent does. */
async function ours(env) {
  const out = mkdtempSync(join(tmpdir(), 'mc-bench-start-'));
  const server = await startServer({ MC_RUNNER: 'local', MC_MAX_WORKERS: '2', ...env });
  const client = openClient(server.url, { connections: 4, token: server.token });
  try {
    const command = ['/bin/sh', '-c', `date +%s%N > ${out}/$MC_TICKET; mc-coord fail "enough" --no-retry`];
    const keys = await prepareBoard(server, SAMPLES + WARM_UPS, 'backlog', { command });
    const took = [];
    for (const key of keys) {
      const { body: ticket } = await client.call('GET', `/api/v1/tickets/${key}`);
      const started = Date.now();
      await client.call(
        'POST',
        `/api/v1/tickets/${key}/transitions`,
        { transition: 'ready' },
        {
          'if-match': `"${ticket.version}"`,
        },
      );
      while (!existsSync(join(out, key))) await pause(5);
      await pause(20);
      took.push(Number(readFileSync(join(out, key), 'utf8')) / 1e6 - started);
      // Idle again: its worktree is put away, its slot is free.
      for (;;) {
        const { body } = await client.call('GET', `/api/v1/tickets/${key}`);
        if (body.attempt === null || body.attempt.state === 'ended') break;
        await pause(20);
      }
      await pause(150);
    }
    return took.slice(WARM_UPS);
  } finally {
    client.close();
    await endRunner(server.dataDir);
    await server.stop();
    rmSync(out, { recursive: true, force: true });
  }
}

/** The local runner outlives its server on purpose. */
async function endRunner(dataDir) {
  const [pid] = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('runner/main.js') && line.includes(dataDir))
    .map((line) => Number(line.trim().split(' ')[0]));
  if (pid) process.kill(pid, 'SIGTERM');
  while (pid && existsSync(`/proc/${pid}`)) await pause(50);
}

/** A worktree of a bare clone, and a shell in it, by hand. */
async function bare() {
  const repository = makeRepository();
  const folder = mkdtempSync(join(tmpdir(), 'mc-bench-bare-'));
  const clone = join(folder, 'clone.git');
  execFileSync('git', ['clone', '-q', '--bare', repository, clone]);
  const took = [];
  for (let n = 0; n < SAMPLES + WARM_UPS; n += 1) {
    const started = performance.now();
    const worktree = join(folder, `w${n}`);
    await run('git', ['-C', clone, 'worktree', 'add', '-q', '-b', `b${n}`, worktree, 'main']);
    await run('/bin/sh', ['-c', 'date +%s%N'], worktree);
    took.push(performance.now() - started);
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(repository, { recursive: true, force: true });
  return took.slice(WARM_UPS);
}

function run(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  });
}

export async function readyToStarted({ rounds }) {
  const postgres = await startPostgres();
  const results = [];
  try {
    for (const [store, times, env] of [
      ['SQLite', 0.5, () => ({})],
      ['PostgreSQL', 1, async () => ({ MC_DATABASE_URL: await postgres.database() })],
    ]) {
      const found = { ours: [], anchors: [], ratios: [] };
      const medians = [];
      for (let round = 0; round < Math.min(rounds, 3); round += 1) {
        const own = await ours(await env());
        const graphile = await runGraphile(await postgres.database(), { latency: 150 });
        const alone = await bare();
        found.ours.push(quantile(own, 0.99));
        found.anchors.push(times * quantile(graphile.latencies, 0.99) + quantile(alone, 0.99));
        found.ratios.push(found.ours.at(-1) / found.anchors.at(-1));
        medians.push(median(own));
      }
      results.push({
        id: 'G5',
        what: `ready to agent started, idle, p99, ${String(store)}`,
        unit: 'ms',
        anchor: `${String(times)} × graphile-worker's enqueue to start, and a bare worktree and spawn`,
        goal: { atMost: 1 },
        note: `median ${median(medians).toFixed(0)} ms`,
        ...found,
      });
    }
    return results;
  } finally {
    await postgres.stop();
  }
}
