// `npm run check`: what a person runs all day. Format, types, lint, generated pages, unused code, unit tests; two at a
// time, silent but for what failed. `--report FILE` keeps vitest's JSON report, from which `npm test` counts.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAtMost, runStep } from './run-step.mjs';
import { installMissing } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { report: { type: 'string' } } });
installMissing(root);

const tool = (path) => join(root, 'node_modules', path);
const folders = ['src', 'web', 'test', 'scripts', 'examples', 'bench'].filter((folder) =>
  existsSync(join(root, folder)),
);
const report = values.report
  ? ['--reporter=default', '--reporter=json', `--outputFile.json=${values.report}`]
  : [];

// The longest come first, so that the short ones fill the second lane.
const steps = [
  ['unit tests', tool('vitest/vitest.mjs'), 'run', ...report],
  ['lint', tool('oxlint/bin/oxlint'), '--type-aware', ...folders],
  ['types', tool('typescript/bin/tsc'), '-p', 'tsconfig.json'],
  ...(existsSync(join(root, 'web/tsconfig.json'))
    ? [['types of the web app', tool('typescript/bin/tsc'), '-p', 'web/tsconfig.json']]
    : []),
  ['unused code', tool('knip/bin/knip.js'), '--no-progress'],
  ['generated pages', join(root, 'scripts/generate.mjs'), '--check'],
  ['format', tool('oxfmt/bin/oxfmt'), '--check', ...folders],
];

const results = await runAtMost(
  2,
  steps.map(([name, ...args]) => async () => {
    const { ok, output, seconds } = await runStep(process.execPath, args, { cwd: root });
    process.stderr.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(22)} ${seconds.toFixed(1).padStart(6)} s\n`);
    return { name, ok, output };
  }),
);

const failed = results.filter((result) => !result.ok);
for (const { name, output } of failed) process.stderr.write(`\n── ${name} ──\n${output.trimEnd()}\n`);
const names = (list) => list.map((result) => result.name).join(', ');
if (failed.length > 0) {
  process.stdout.write(`Check failed: ${names(failed)}\n`);
  process.exit(1);
}
process.stdout.write(`Check passed: ${names(results)}\n`);
