// Plants each bug in turn and looks for it: small schedules first, then every interleaving of the exhaustive check's
// small world, then large worlds. A bug that is not found fails.
//   node test/simulation/planted.mjs                   all of them, some minutes
//   node test/simulation/planted.mjs --only=NAME --seconds=60
//   node test/simulation/planted.mjs --quick           as in CI: those that small schedules find soon, and no others
//   node test/simulation/planted.mjs --table=FILE      writes the results as the table of docs/proof.md
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSimulation } from './bundle.mjs';
import { helpIfAsked } from './help.mjs';
import { PLANTED } from './planted-bugs.mjs';

helpIfAsked(import.meta.url);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const quick = args.has('quick');
const seconds = Number(args.get('seconds') ?? (quick ? 60 : 40));
const only = args.get('only');
const started = Date.now();

/** Runs a program until it finds something; null when it found nothing in its time. */
function look(program, options, limit, found) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...options, `--seconds=${limit}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
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
      if (failed) resolve(found(failed));
      // A world that never ends is found as well: nothing sound does that.
      else if (code !== 0)
        resolve({ after: `${lines.at(-1)?.done ?? 0}`, how: `it ended with ${signal ?? code}` });
      else resolve(null);
    });
  });
}

/** What is wrong in the store is looked for on SQLite itself. */
const schedules = (bundle, bug, size, count, limit) =>
  look(
    bundle,
    [
      `--size=${size}`,
      '--from=1',
      `--count=${count}`,
      ...(bug.file.startsWith('src/store/') ? ['--database=sqlite'] : []),
    ],
    limit,
    ({ done, failed }) => ({
      after: `${done} ${size === 'small' ? 'small schedules' : 'large worlds'}`,
      how: failed.violations[0],
    }),
  );

const interleavings = async (mutations, folder, limit) => {
  const program = await bundleSimulation(root, folder, mutations, 'test/exhaustive/main.ts');
  const found = ({ failed }) => ({ after: `${failed.states} states`, how: failed.violations[0] });
  const search = (workers) => look(program, [`--workers=${workers}`], limit, found);
  return (await search(1)) ?? (await search(2));
};

async function plant(bug) {
  const folder = mkdtempSync(join(root, 'node_modules/.cache-planted-'));
  try {
    const mutations = [bug, ...(bug.also ? [bug.also] : [])];
    const bundle = await bundleSimulation(root, folder, mutations);
    const found = await schedules(bundle, bug, 'small', 3000, seconds);
    if (found || quick) return found;
    return (
      (await interleavings(mutations, folder, seconds)) ??
      (await schedules(bundle, bug, 'large', 60, 2 * seconds))
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bugs = PLANTED.filter((bug) => (only === undefined || bug.name.includes(only)) && !(quick && bug.slow));
const results = new Map();
const queue = [...bugs];
async function work() {
  for (let bug = queue.shift(); bug; bug = queue.shift()) {
    const result = await plant(bug);
    results.set(bug.name, result);
    const how = String(result?.how).split('\n')[0].slice(0, 180);
    process.stdout.write(
      result ? `found after ${result.after}: ${bug.name}\n      ${how}\n` : `NOT FOUND: ${bug.name}\n`,
    );
  }
}
await Promise.all([work(), work()]);
const missed = bugs.filter(({ name }) => !results.get(name)).map(({ name }) => name);
if (args.has('table')) {
  const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = bugs.map(({ name, file }) => {
    const result = results.get(name);
    const how = String(result?.how ?? '')
      .split('\n')[0]
      .replace(/^after [a-z ]+: /, '')
      .slice(0, 110);
    return `| ${cell(name)} | \`${file.slice('src/'.length)}\` | ${result?.after ?? 'not found'} | ${cell(how)} |`;
  });
  const head = ['| planted bug | in `src/` | found after | by |', '|---|---|---|---|'];
  writeFileSync(args.get('table'), `${[...head, ...rows].join('\n')}\n`);
}
process.stdout.write(
  `planted bugs: ${bugs.length - missed.length} of ${bugs.length} found in ${((Date.now() - started) / 1000).toFixed(0)} s${missed.length > 0 ? `; missed: ${missed.join('; ')}` : ''}\n`,
);
process.exitCode = missed.length === 0 ? 0 : 1;
