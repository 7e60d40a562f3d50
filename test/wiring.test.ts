/** What a server runs by itself, the simulation runs: both take it from one place, and nothing is wired beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { SYSTEM_JOBS } from '../src/domain/words.ts';
import { importsOf, withoutComments } from './support/read-imports.ts';
import { SMALL, runSchedule } from './simulation/schedule.ts';
import { World, loopsOf } from './simulation/world.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(join(root, 'src', file), 'utf8') }));

it('runs every loop of a server in the simulation', async () => {
  const world = new World(1, SMALL);
  await world.setUp();
  const missing = new Set<string>(loopsOf(world.server(0)).map(([name]) => name));
  expect(missing.size).toBeGreaterThan(5);
  for (let seed = 1; seed <= 300 && missing.size > 0; seed += 1) {
    const { loopRuns } = await runSchedule(seed, SMALL);
    for (const name of loopRuns.keys()) missing.delete(name);
  }
  expect([...missing]).toEqual([]);
}, 120_000);

it('wires no loop beside server-loops.ts', () => {
  const starts = sources.filter(({ text }) => /\b(startLoop|setInterval)\(/.test(withoutComments(text)));
  // The runner and the pages are processes of their own, and a store's publisher looks for what its database has not told
  // it; what a server repeats of its own is a loop.
  const server = starts.filter(({ file }) => !/^(runner|cli|client|transports|store)\//.test(file));
  expect(server.map(({ file }) => file).sort()).toEqual(['loops/loop.ts', 'server.ts']);
  const text = withoutComments(sources.find(({ file }) => file === 'server.ts')?.text ?? '');
  expect(text.match(/\bstartLoop\(/g)).toHaveLength(1);
  expect(text).toContain('Object.entries(wired.loops)');

  const wiring = sources
    .filter(({ file }) => !file.includes('/'))
    .filter(({ text: source }) =>
      importsOf(source).some(({ from }) => /^\.\/loops\/(?!(loop|rests)\.ts)/.test(from)),
    );
  expect(wiring.map(({ file }) => file).sort()).toEqual(['jobs.ts', 'server-loops.ts']);
});

it('has a loop or a job behind every job that is shown', () => {
  const text = sources.find(({ file }) => file === 'jobs.ts')?.text ?? '';
  for (const job of SYSTEM_JOBS) expect(text, `the job ${job} is run by nothing`).toContain(`'${job}'`);
});
