/** Runs a range of seeds and writes one JSON line per batch; the worker of run.mjs, and the replayer of one seed. */
import { LARGE, SMALL, runSchedule } from './schedule.ts';

const args = new Map(
  process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=') as [string, string]),
);
const size = args.get('size') === 'large' ? LARGE : SMALL;
const from = Number(args.get('seed') ?? args.get('from') ?? 1);
const count = args.has('seed') ? 1 : Number(args.get('count') ?? 100);
const stride = Number(args.get('stride') ?? 1);
const deadline = Date.now() + Number(args.get('seconds') ?? 3600) * 1000;
const keepGoing = args.has('keep-going');

let done = 0;
let events = 0;
for (let i = 0; i < count && Date.now() < deadline; i += 1) {
  const seed = from + i * stride;
  const outcome = await runSchedule(seed, size);
  done += 1;
  events += outcome.events;
  if (args.has('seed')) process.stdout.write(`${outcome.trace.join('\n')}\n`);
  if (!outcome.ok) {
    process.stdout.write(
      `${JSON.stringify({ failed: { seed, size: args.get('size') ?? 'small', violations: outcome.violations.slice(0, 5) }, done })}\n`,
    );
    if (!keepGoing) process.exit(1);
  }
}
process.stdout.write(`${JSON.stringify({ done, events })}\n`);
