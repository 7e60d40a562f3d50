// Bundles the simulation with the sources as they are (or with a planted bug), and runs seeds on all cores.
//   node test/simulation/run.mjs                          as in CI: 300 large worlds and 50,000 small schedules; eight minutes
//                                                         on two idle cores, twenty at most; what is not done is a failure
//   node test/simulation/run.mjs --seconds=300 --least=10000
//                                                         so many small ones are enough, where time is short
//   node test/simulation/run.mjs --small=1000000 --large=0 --seconds=86400
//                                                         a line a minute; --from=N begins at another seed;
//                                                         --state=FILE: stopped and begun again it goes on where it was
//   node test/simulation/run.mjs --seed=17 --size=small   replays one, with its trace
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundleSimulation } from './bundle.mjs';
import { helpIfAsked } from './help.mjs';

helpIfAsked(import.meta.url);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const number = (name, fallback) => Number(args.get(name) ?? fallback);

const folder = mkdtempSync(join(root, 'node_modules/.cache-simulation-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const bundle = await bundleSimulation(root, folder);

function worker(size, from, count, stride, seconds, told) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        bundle,
        `--size=${size}`,
        `--from=${from}`,
        `--count=${count}`,
        `--stride=${stride}`,
        `--seconds=${seconds}`,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const result = { failed: null, done: 0, events: 0 };
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.failed) result.failed ??= said.failed;
      Object.assign(result, { done: said.done, events: said.events ?? result.events });
      told(result);
    });
    child.on('close', (code) => {
      if (code !== 0) result.failed ??= { seed: '?', size, violations: [`the worker left with ${code}`] };
      resolve(result);
    });
  });
}

/** How far a run had come that was stopped, or a new one: a part for each worker, which takes every so manieth seed. */
function stateOf(size, from, count) {
  const file = args.get('state');
  const parts = Array.from({ length: availableParallelism() }, () => ({ done: 0, events: 0 }));
  if (!file || !existsSync(file)) return { size, from, count, parts, seconds: 0 };
  const state = JSON.parse(readFileSync(file, 'utf8'));
  if (state.size !== size || state.from !== from || state.count !== count)
    throw new Error(
      `${file} is of a run of ${state.count} ${state.size} from seed ${state.from}; name another file`,
    );
  return state;
}

function keepState(state) {
  const file = args.get('state');
  if (!file) return;
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

const allStarted = Date.now();
const seconds = number('seconds', 1200);

/** @param least what is enough, where there was no time for all */
async function run(size, count, least = count) {
  if (count === 0) return true;
  const started = Date.now();
  const from = number('from', 1);
  const before = stateOf(size, from, count);
  const left = Math.max(seconds - (started - allStarted) / 1000, 0);
  const workers = before.parts.length;
  const sofar = before.parts.map((part) => ({ ...part }));
  const total = (of) => sofar.reduce((sum, part) => sum + part[of], 0);
  // A run of hours that is stopped has told its figures.
  const minutes = setInterval(() => {
    const elapsed = before.seconds + (Date.now() - started) / 1000;
    process.stdout.write(
      `${new Date().toISOString()} ${size}: ${total('done')} of ${count} from seed ${from}, ${total('events')} events, ${(total('done') / elapsed).toFixed(0)}/s\n`,
    );
    keepState({ ...before, parts: sofar, seconds: elapsed });
  }, 60_000);
  const results = await Promise.all(
    before.parts.map((part, i) =>
      worker(
        size,
        from + i + part.done * workers,
        Math.ceil((count - i) / workers) - part.done,
        workers,
        left,
        ({ done, events }) => {
          sofar[i] = { done: part.done + done, events: part.events + events };
        },
      ),
    ),
  );
  clearInterval(minutes);
  const [done, events] = [total('done'), total('events')];
  const elapsed = before.seconds + (Date.now() - started) / 1000;
  keepState({ ...before, parts: sofar, seconds: elapsed });
  process.stdout.write(
    `simulation ${size}: ${done} of ${count} schedules, ${events} events, ${elapsed.toFixed(1)} s, ${(done / elapsed).toFixed(0)}/s\n`,
  );
  for (const { failed } of results) {
    if (!failed) continue;
    process.stdout.write(
      `FAILED seed ${failed.seed} (${size}):\n  ${failed.violations.join('\n  ')}\nReplay it with: node test/simulation/run.mjs --seed=${failed.seed} --size=${failed.size}\n`,
    );
  }
  if (done < count && results.every((result) => !result.failed))
    process.stdout.write(
      `${done < least ? 'FAILED: ' : ''}${seconds} s were over after ${done} of ${count} ${size} schedules; --seconds=N gives more time\n`,
    );
  return results.every((result) => !result.failed) && done >= least;
}

if (args.has('seed')) {
  const child = spawn(
    process.execPath,
    [bundle, `--seed=${args.get('seed')}`, `--size=${args.get('size') ?? 'small'}`],
    { stdio: 'inherit' },
  );
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  const large = await run('large', number('large', 300));
  const wanted = number('small', 50_000);
  const small = await run('small', wanted, Math.min(number('least', wanted), wanted));
  process.exitCode = small && large ? 0 : 1;
}
