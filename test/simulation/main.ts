/** Runs a range of seeds and writes one JSON line per batch; the worker of run.mjs, and the replayer of one seed. */
import { LARGE, SMALL, runSchedule } from './schedule.ts';
import type { DatabaseName } from './world.ts';

const args = new Map(
  process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=') as [string, string]),
);
const size = args.get('size') === 'large' ? LARGE : SMALL;
const from = Number(args.get('seed') ?? args.get('from') ?? 1);
const count = args.has('seed') ? 1 : Number(args.get('count') ?? 100);
const stride = Number(args.get('stride') ?? 1);
const deadline = Date.now() + Number(args.get('seconds') ?? 3600) * 1000;
/** Every so manieth world is on SQLite itself; its seed says so, and a replay is on the same. */
const ON_SQLITE = 20;
const databaseOf = (seed: number): DatabaseName =>
  args.get('database') === 'sqlite' || seed % ON_SQLITE === 0 ? 'sqlite' : 'memory';
const PROGRESS_MS = 5000;
const keepGoing = args.has('keep-going');

let done = 0;
let events = 0;
let told = Date.now();
for (let i = 0; i < count && Date.now() < deadline; i += 1) {
  const seed = from + i * stride;
  const outcome = await runSchedule(seed, size, databaseOf(seed));
  done += 1;
  events += outcome.events;
  if (Date.now() - told > PROGRESS_MS && !args.has('seed')) {
    told = Date.now();
    process.stdout.write(`${JSON.stringify({ done, events })}\n`);
  }
  if (args.has('seed')) process.stdout.write(`${outcome.trace.join('\n')}\n`);
  if (!outcome.ok) {
    process.stdout.write(
      `${JSON.stringify({ failed: { seed, size: args.get('size') ?? 'small', violations: outcome.violations.slice(0, 5) }, done })}\n`,
    );
    if (!keepGoing) process.exit(1);
  }
}
process.stdout.write(`${JSON.stringify({ done, events })}\n`);
