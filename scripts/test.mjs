// `npm test`: everything. Installs what is missing, builds, checks, runs every suite, and ends with one line alone,
// `N passed, N failed`, counted from vitest's own reports. What did not run to its report counts as one failure, so a
// suite that crashes can never look like a suite that passed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installAgents } from './agents.mjs';
import { newerNode } from './newer-node.mjs';
import { runStep } from './run-step.mjs';
import { installMissing } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** On a slow machine too it is over by then: the simulation, which comes last, takes what is left, and says how far it came. */
const SECONDS_IN_ALL = 80 * 60;
const SCHEDULES_AT_LEAST = 10_000;
const reports = join(root, 'test-results');
const started = performance.now();
const total = { passed: 0, failed: 0 };

function finish() {
  process.stderr.write(`All of it took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  process.exit(total.failed === 0 ? 0 : 1);
}

/** Counts a vitest report. A test file that failed to load has no tests in it, and is one failure. */
function count(file) {
  if (!existsSync(file)) return null;
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  const unloadable = report.testResults.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloadable, ok: report.success };
}

/** How busy all processors were since it was asked last, by whatever ran: what a suite that waits leaves unused. */
let lookedAt = cpus();
function busySinceLast() {
  const now = cpus();
  const sum = (kinds) =>
    now.reduce(
      (all, { times }, i) => all + kinds.reduce((n, kind) => n + times[kind] - lookedAt[i].times[kind], 0),
      0,
    );
  const busy = sum(['user', 'nice', 'sys', 'irq']) / Math.max(sum(['user', 'nice', 'sys', 'irq', 'idle']), 1);
  lookedAt = now;
  return `${Math.round(100 * busy)} % of the processors`;
}

function add(name, counted, ok, seconds) {
  const result = counted ?? { passed: 0, failed: 1 };
  // An error outside any test (an unhandled rejection) fails the run without failing a test.
  if (!ok && result.failed === 0) result.failed = 1;
  total.passed += result.passed;
  total.failed += result.failed;
  const figures = `${result.passed} passed, ${result.failed} failed`;
  const note = counted === null ? ' (ended without a report)' : '';
  process.stderr.write(
    `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${figures}${note} in ${seconds.toFixed(1)} s, ${busySinceLast()}\n`,
  );
}

installMissing(root);
if (spawnSync('git', ['--version'], { stdio: 'ignore' }).status !== 0) {
  process.stderr.write('Mission Control needs git, and none was found. Install it (apt-get install git).\n');
  total.failed += 1;
  finish();
}
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

/** Suites that are programs of their own. `planted` measures the simulation by bugs that are known. */
const PROGRAMS = {
  exhaustive: ['test/exhaustive/run.mjs'],
  simulation: ['test/simulation/run.mjs', `--least=${SCHEDULES_AT_LEAST}`],
  planted: ['test/simulation/planted.mjs', '--quick'],
};
/** Pure computing, which a newer Node does in less time; everything else has run on this one. */
const FASTER = new Set(['exhaustive', 'simulation', 'planted']);
const node = (args, options = {}) => runStep(process.execPath, args, { cwd: root, show: true, ...options });

const build = await node(['scripts/build.mjs']);
if (!build.ok) {
  process.stderr.write('The build failed; nothing else was tried.\n');
  total.failed += 1;
  finish();
}

const unitReport = join(reports, 'unit.json');
const check = await node(['scripts/check.mjs', '--report', unitReport]);
add('check', count(unitReport), check.ok, check.seconds);

for (const suite of [
  'e2e',
  'field',
  'fleet',
  'postgres',
  'agents',
  'kill',
  'browser',
  'exhaustive',
  'planted',
  'simulation',
]) {
  const folder = join(root, 'test', suite);
  const config = join(folder, 'vitest.config.ts');
  const program = PROGRAMS[suite];
  if (program === undefined && !existsSync(folder)) continue;
  const env = { ...process.env };
  // What is missing is not skipped: the tests that need it fail, and say what to run.
  if (suite === 'agents') installAgents();
  if (suite === 'browser') {
    const { ensureBrowser } = await import('./browser.mjs');
    const browser = await ensureBrowser();
    if (browser === null) {
      add(suite, null, false, 0);
      continue;
    }
    env.MC_CHROMIUM = browser;
  }
  // A suite that is a program of its own passes or fails as one.
  if (program !== undefined) {
    const { path, version } = FASTER.has(suite) ? newerNode() : { path: process.execPath, version: null };
    if (version !== null) process.stderr.write(`${suite} runs on Node ${version}\n`);
    const left = Math.round(SECONDS_IN_ALL - (performance.now() - started) / 1000);
    const more = suite === 'simulation' ? [`--seconds=${Math.min(Math.max(left, 300), 1200)}`] : [];
    const run = await runStep(path, [...program, ...more], { cwd: root, show: true, env });
    add(suite, { passed: run.ok ? 1 : 0, failed: run.ok ? 0 : 1 }, run.ok, run.seconds);
    continue;
  }
  const file = join(reports, `${suite}.json`);
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', config];
  const run = await node([...vitest, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`], {
    env,
  });
  add(suite, count(file), run.ok, run.seconds);
}
finish();
