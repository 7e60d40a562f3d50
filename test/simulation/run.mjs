// Bundles the simulation with the sources as they are (or with a planted bug), and runs seeds on all cores.
//   node test/simulation/run.mjs                          as in CI: 300 large worlds and 50,000 small schedules; ten minutes
//                                                         on two idle cores, twenty at most; what is not done is a failure
//   node test/simulation/run.mjs --small=1000000 --large=0 --seconds=86400
//                                                         a line a minute; --from=N begins at another seed
//   node test/simulation/run.mjs --seed=17 --size=small   replays one, with its trace
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundleSimulation } from './bundle.mjs';

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

const allStarted = Date.now();
const seconds = number('seconds', 1200);

async function run(size, count) {
  if (count === 0) return true;
  const started = Date.now();
  const left = Math.max(seconds - (started - allStarted) / 1000, 0);
  const workers = availableParallelism();
  const from = number('from', 1);
  const sofar = Array.from({ length: workers }, () => ({ done: 0, events: 0 }));
  // A run of hours that is stopped has told its figures.
  const minutes = setInterval(() => {
    const done = sofar.reduce((sum, one) => sum + one.done, 0);
    const events = sofar.reduce((sum, one) => sum + one.events, 0);
    const elapsed = (Date.now() - started) / 1000;
    process.stdout.write(
      `${new Date().toISOString()} ${size}: ${done} of ${count} from seed ${from}, ${events} events, ${(done / elapsed).toFixed(0)}/s\n`,
    );
  }, 60_000);
  const results = await Promise.all(
    Array.from({ length: workers }, (_, i) =>
      worker(size, from + i, Math.ceil((count - i) / workers), workers, left, ({ done, events }) => {
        sofar[i] = { done, events };
      }),
    ),
  );
  clearInterval(minutes);
  const done = results.reduce((sum, result) => sum + result.done, 0);
  const events = results.reduce((sum, result) => sum + result.events, 0);
  const elapsed = (Date.now() - started) / 1000;
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
      `FAILED: ${seconds} s were over after ${done} of ${count} ${size} schedules; --seconds=N gives more time\n`,
    );
  return results.every((result) => !result.failed) && done === count;
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
  const small = await run('small', number('small', 50_000));
  process.exitCode = small && large ? 0 : 1;
}
