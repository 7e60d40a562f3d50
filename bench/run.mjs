// `npm run bench`: each goal beside its anchor in the same run, in turn, as medians of ratios. Prints a table, writes
// JSON, and, with --table=FILE, the table of docs/benchmarks.md.
//   npm run bench                          all, five rounds each
//   npm run bench -- --slow-disk=2         each flush to disk takes two milliseconds longer, for ours and for the anchors
//   npm run bench -- --only=G1,G2 --rounds=3 --json=FILE --table=FILE --scale=0.1 (smaller boards and histories)
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, quantile } from './support/figures.mjs';
import { onSlowDisk } from './support/slow-disk.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const rounds = Number(args.get('rounds') ?? 5);
const only = args.get('only')?.split(',');
const scale = Number(args.get('scale') ?? 1);
const slowDiskMs = Number(args.get('slow-disk') ?? 0);
if (slowDiskMs > 0 && !onSlowDisk(slowDiskMs)) process.exit();

/** Each gives one result or several. */
const GOALS = {
  G1: async (options) => (await import('./goals/services.mjs')).claimOneAtATime(options),
  G2: async (options) => (await import('./goals/services.mjs')).concurrentTransitions(options),
  G3: async (options) => (await import('./goals/http.mjs')).transitionsOverHttp(options),
  G4: async (options) => (await import('./goals/http.mjs')).boardOfTenThousand(options),
  G5: async (options) => (await import('./goals/start.mjs')).readyToStarted(options),
  G6: async (options) => (await import('./goals/drain.mjs')).drain(options),
  G7: async (options) => (await import('./goals/history.mjs')).longHistory(options),
  G8: async (options) => (await import('./goals/board.mjs')).firstScreen(options),
  G10: async (options) => (await import('./goals/process.mjs')).coldStart(options),
  G11: async (options) => (await import('./goals/watchers.mjs')).watchers(options),
  G12: async (options) => (await import('./goals/servers.mjs')).severalServers(options),
  G14: async (options) => (await import('./goals/process.mjs')).idle(options),
};

const number = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
const spread = (values) =>
  values.length === 1
    ? number(values[0])
    : `${number(median(values))} (${number(quantile(values, 0))} to ${number(quantile(values, 1))})`;

/** Whether the median of what the goal is about meets it. */
function isMet({ goal, ratios, ours }) {
  const value = median(ratios ?? ours);
  return goal.atLeast === undefined ? value <= goal.atMost : value >= goal.atLeast;
}

const wanted = Object.keys(GOALS).filter((id) => only === undefined || only.includes(id));
const results = [];
for (const id of wanted) {
  const started = performance.now();
  try {
    const found = await GOALS[id]({ rounds, scale, slowDiskMs });
    for (const result of Array.isArray(found) ? found : [found]) {
      results.push(result);
      const { what, unit, anchor, goal, ours, ratios, note } = result;
      process.stdout.write(
        `${isMet(result) ? 'met   ' : 'missed'} ${result.id.padEnd(4)} ${what}\n` +
          `            ours ${spread(ours)} ${unit}` +
          (ratios ? `; ${anchor} ${spread(result.anchors)}; ratio ${spread(ratios)}` : '') +
          ` (goal ${goal.atLeast === undefined ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`}${ratios ? ' × the anchor' : ` ${unit}`})${note ? `; ${note}` : ''}\n`,
      );
    }
  } catch (error) {
    results.push({ id, failed: String(error) });
    process.stdout.write(`FAILED ${id}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  process.stderr.write(`${id} took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
const machine = {
  at: new Date().toISOString(),
  node: process.version,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  load: loadavg().map((value) => Number(value.toFixed(1))),
  ...(slowDiskMs > 0 ? { slowDiskMs } : {}),
};
const file = args.get('json') ?? join(root, 'bench-results', 'bench.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify({ machine, rounds, scale, results }, null, 1)}\n`);
process.stdout.write(`Written to ${file}\n`);
if (args.has('table')) {
  const row = (result) => {
    if (result.failed) return `| ${result.id} | failed: ${result.failed} | | | | |`;
    const { what, unit, anchor, goal, ours, anchors, ratios, note } = result;
    const limit = goal.atLeast === undefined ? `≤ ${number(goal.atMost)}` : `≥ ${number(goal.atLeast)}`;
    return `| ${result.id} | ${what}${note ? ` (${note})` : ''} | ${spread(ours)} ${unit} | ${ratios ? `${anchor}: ${spread(anchors)}` : ''} | ${ratios ? `${spread(ratios)} ×` : ''} | ${limit}${ratios ? ' ×' : ` ${unit}`}: ${isMet(result) ? 'met' : '**missed**'} |`;
  };
  writeFileSync(
    args.get('table'),
    [
      `Measured at ${machine.at} on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}, load ${machine.load.join(', ')}; ${rounds} rounds, scale ${scale}${slowDiskMs > 0 ? `, each flush to disk ${slowDiskMs} ms longer` : ''}.`,
      '',
      '| goal | what | ours: median (least to most) | anchor of the same run | ratio | goal |',
      '|---|---|---|---|---|---|',
      ...results.map(row),
      '',
    ].join('\n'),
  );
}
process.exitCode = results.some((result) => result.failed) ? 1 : 0;
