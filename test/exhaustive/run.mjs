// Tries every interleaving of a small world, once with room for one worker and once for two, side by side.
//   node test/exhaustive/run.mjs                     as in CI: 100 seconds
//   node test/exhaustive/run.mjs --seconds=3600 --states=20000000
//   node test/exhaustive/run.mjs --bug=NAME          with a planted bug: the shortest way to what it breaks
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSimulation } from '../simulation/bundle.mjs';
import { helpIfAsked } from '../simulation/help.mjs';
import { PLANTED } from '../simulation/planted-bugs.mjs';

helpIfAsked(import.meta.url);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const bug = args.has('bug') ? PLANTED.find((one) => one.name.includes(args.get('bug'))) : null;
if (bug === undefined) throw new Error(`there is no planted bug named ${args.get('bug')}`);

const folder = mkdtempSync(join(root, 'node_modules/.cache-exhaustive-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const mutations = bug ? [bug, ...(bug.also ? [bug.also] : [])] : [];
const bundle = await bundleSimulation(root, folder, mutations, 'test/exhaustive/main.ts');

function search(workers) {
  const limits = [`--seconds=${args.get('seconds') ?? 100}`, `--states=${args.get('states') ?? 3_000_000}`];
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=6000', bundle, `--workers=${workers}`, ...limits],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('exit', (code) => {
      const last = text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
        .at(-1);
      resolve(
        last ?? {
          failed: { violations: [`the search with ${workers} ended with ${code}`], path: [], states: 0 },
        },
      );
    });
  });
}

const results = await Promise.all([search(1), search(2)]);
if (bug) process.stdout.write(`with the planted bug: ${bug.name}\n`);
for (const { failed, states, steps, depth, exhausted, workers } of results) {
  if (failed) {
    process.stdout.write(
      `FAILED after ${failed.states} states:\n  ${failed.violations.join('\n  ')}\nThe way there:\n  ${failed.path.join('\n  ')}\n`,
    );
  } else {
    process.stdout.write(
      `exhaustive, room for ${workers}: ${states} states, ${steps} steps, every interleaving of ${depth} actions${exhausted ? ', and there are no more' : ''}\n`,
    );
  }
}
process.exitCode = results.some((result) => result.failed) ? 1 : 0;
