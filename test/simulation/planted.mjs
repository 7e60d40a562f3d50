// Plants each bug in turn and looks for it: small schedules first, then large worlds. A bug that is not found fails.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSimulation } from './bundle.mjs';
import { PLANTED } from './planted-bugs.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const seconds = Number(args.get('seconds') ?? 40);
const only = args.get('only');

function look(bundle, size, count, limit) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [bundle, `--size=${size}`, '--from=1', `--count=${count}`, `--seconds=${limit}`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), (limit + 15) * 1000);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const lines = text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const failed = lines.find((line) => line.failed);
      if (failed) resolve({ after: failed.done, size, how: failed.failed.violations[0] });
      // A world that never ends is found as well: nothing sound does that.
      else if (code !== 0)
        resolve({ after: lines.at(-1)?.done ?? 0, size, how: `the simulation ended with ${signal ?? code}` });
      else resolve(null);
    });
  });
}

async function plant(bug) {
  const folder = mkdtempSync(join(root, 'node_modules/.cache-planted-'));
  try {
    const bundle = await bundleSimulation(root, folder, [bug, ...(bug.also ? [bug.also] : [])]);
    return (await look(bundle, 'small', 3000, seconds)) ?? (await look(bundle, 'large', 40, seconds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bugs = PLANTED.filter((bug) => only === undefined || bug.name.includes(only));
const missed = [];
let found = 0;
const queue = [...bugs];
async function work() {
  for (let bug = queue.shift(); bug; bug = queue.shift()) {
    const result = await plant(bug);
    if (result) {
      found += 1;
      process.stdout.write(
        `found after ${String(result.after).padStart(4)} ${result.size} schedules: ${bug.name}\n      ${String(result.how).split('\n')[0].slice(0, 180)}\n`,
      );
    } else {
      missed.push(bug.name);
      process.stdout.write(`NOT FOUND: ${bug.name}\n`);
    }
  }
}
await Promise.all([work(), work()]);
process.stdout.write(
  `planted bugs: ${found} of ${bugs.length} found${missed.length > 0 ? `; missed: ${missed.join('; ')}` : ''}\n`,
);
process.exitCode = missed.length === 0 ? 0 : 1;
