/**
 * The runner as a process of its own: killed, stopped, started twice, restarted. It runs from a build of these very
 * sources, made once for this file.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FakeAttempt } from '../../test/harness/runner/fake-control-plane.ts';
import { until, World } from '../../test/harness/runner/world.ts';
import { identify, isAlive } from './processes/process-table.ts';
import { findStrayMarkers, ownerTag } from './processes/stray-processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let dist: string;
let world: World;
let runners: ChildProcess[];

beforeAll(() => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'mc-dist-')));
  dist = join(dir, 'dist');
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module","version":"9.9.9"}');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: root,
  });
  if (built.status !== 0) throw new Error(built.stdout.toString());
}, 60_000);
afterAll(() => rmSync(join(dist, '..'), { recursive: true, force: true }));

beforeEach(async () => {
  world = new World();
  await world.start();
  runners = [];
});
afterEach(async () => {
  for (const runner of runners) await stop(runner, 'SIGTERM');
  await world.stop();
  expect(world.controlPlane.violations).toEqual([]);
});

function start(...args: string[]): ChildProcess & { said: () => string } {
  const runner = spawn(
    process.execPath,
    [
      join(dist, 'runner/main.js'),
      '--data-dir',
      world.dataDir,
      '--name',
      'local',
      '--slots',
      '2',
      '--kill-grace',
      '1',
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'], HOME: world.dir } },
  );
  let said = '';
  runner.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  runners.push(runner);
  return Object.assign(runner, { said: () => said });
}

async function stop(runner: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (runner.exitCode !== null || runner.signalCode !== null) return runner.exitCode;
  const gone = new Promise<number | null>((resolve) => runner.once('exit', (code) => resolve(code)));
  runner.kill(signal);
  return gone;
}

const exited = (runner: ChildProcess): Promise<number | null> =>
  runner.exitCode === null && runner.signalCode === null
    ? new Promise((resolve) => runner.once('exit', (code) => resolve(code)))
    : Promise.resolve(runner.exitCode);
const textOf = (attempt: FakeAttempt): string =>
  attempt.output
    .toSorted((a, b) => a.seq - b.seq)
    .filter((item) => item.stream === 'stdout')
    .map((item) => item.text)
    .join('');
const COUNTING =
  'n=0; while [ ! -e $OUT/go ]; do n=$((n+1)); echo line $n; sleep 0.02; done; echo last $n; exit 6';

describe('a runner that is killed', () => {
  it('takes the keeper along that waits for its next attempt', async () => {
    const strays = () => findStrayMarkers(ownerTag(world.dataDir)).size;
    const runner = start();
    await until(() => strays() === 1, 'a keeper waits');
    await stop(runner, 'SIGKILL');
    await until(() => strays() === 0, 'it is gone');
  });

  it('adopts its agent when it comes back, and loses nothing of the output nor the exit code', async () => {
    world.controlPlane.leaseMs = 15_000;
    const first = start();
    const attempt = world.controlPlane.offer(world.attempt(`echo $$ > $OUT/pid; ${COUNTING}`));
    await until(() => textOf(attempt).includes('line 5'), 'the agent runs');
    const agent = identify(Number(world.read('pid')));
    await stop(first, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(agent)).toBe(true);
    const second = start();
    await until(() => second.said().includes('adopted a running agent'), 'it was adopted');
    writeFileSync(join(world.dir, 'go'), '');
    const end = await until(() => attempt.ends.at(-1), 'the attempt ended');
    expect(end).toMatchObject({
      outcome: 'failed',
      reason: 'exited_without_result',
      exitCode: 6,
      treeGone: true,
    });
    await until(() => textOf(attempt).includes('last'), 'the output arrived');
    const lines = textOf(attempt).trim().split('\n');
    expect(lines.slice(0, -1)).toEqual(lines.slice(0, -1).map((_, n) => `line ${n + 1}`));
    expect(lines.at(-1)).toBe(`last ${lines.length - 1}`);
    expect(attempt.output.map((item) => item.seq)).toEqual([
      ...new Set(attempt.output.map((item) => item.seq)),
    ]);
  });

  it('reports what ended while it was away, after it had ended', async () => {
    world.controlPlane.leaseMs = 15_000;
    const first = start();
    const attempt = world.controlPlane.offer(world.attempt(COUNTING));
    await until(() => textOf(attempt) !== '', 'the agent runs');
    await stop(first, 'SIGKILL');
    writeFileSync(join(world.dir, 'go'), '');
    await until(() => existsSync(join(world.dataDir, 'run/att_1/agent.exit')), 'the agent ended');
    start();
    const end = await until(() => attempt.ends.at(-1), 'the attempt ended');
    expect(end.exitCode).toBe(6);
    await until(() => textOf(attempt).includes('last'), 'the output arrived');
  });

  it('stops what is left when its lease is over, and what it has no record of', async () => {
    world.controlPlane.leaseMs = 1500;
    const first = start();
    const attempt = world.controlPlane.offer(
      world.attempt('(setsid sleep 300 & echo $! > $OUT/daemon); echo $$ > $OUT/pid; sleep 300'),
    );
    await until(() => world.read('pid') && world.read('daemon'), 'the agent runs');
    const left = [world.read('pid'), world.read('daemon')].map((pid) => identify(Number(pid)));
    await stop(first, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1600));
    start();
    await until(() => left.every((id) => !isAlive(id)), 'nothing is left');
    const end = await until(() => attempt.ends.at(-1), 'the attempt ended');
    expect(end).toMatchObject({ outcome: 'stopped', reason: 'lease_expired_while_runner_was_down' });

    const other = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid2; sleep 300'));
    const stray = identify(Number(await until(() => world.read('pid2'), 'the agent runs')));
    await stop(runners.at(-1) as ChildProcess, 'SIGKILL');
    rmSync(join(world.dataDir, `run/${other.offer.attempt}.json`));
    other.state = 'ended';
    start();
    await until(() => !isAlive(stray), 'the stray is gone');
  });

  it('by SIGSTOP for longer than its lease stops its agent when it goes on', async () => {
    world.controlPlane.leaseMs = 1500;
    const runner = start();
    const attempt = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid; sleep 300'));
    const agent = identify(Number(await until(() => world.read('pid'), 'the agent runs')));
    runner.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    attempt.stale = 'lease_expired';
    runner.kill('SIGCONT');
    await until(() => !isAlive(agent), 'the agent is stopped');
    expect(attempt.ends).toEqual([]);
  });
});

describe('a runner', () => {
  it('drains on SIGTERM and exits 0', async () => {
    const runner = start();
    const attempt = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid; sleep 300'));
    const agent = identify(Number(await until(() => world.read('pid'), 'the agent runs')));
    expect(await stop(runner, 'SIGTERM')).toBe(0);
    expect(isAlive(agent)).toBe(false);
    expect(attempt.ends).toMatchObject([{ outcome: 'stopped', reason: 'runner_stopped', treeGone: true }]);
  });

  it('refuses a data directory that another one has, and takes it over from a dead one', async () => {
    const first = start();
    await until(() => world.controlPlane.registrations.length === 1, 'the first registered');
    const second = start();
    expect(await exited(second)).toBe(7);
    expect(second.said()).toContain(`Another runner (pid ${first.pid}) uses this data directory`);
    await stop(first, 'SIGKILL');
    start();
    await until(() => world.controlPlane.registrations.length === 2, 'the third registered');
    expect(world.controlPlane.registrations[1]).toMatchObject({ name: 'local', slots: 2, version: '9.9.9' });
  });

  it('finds a server that came back at another address, and stops agents that cannot reach it any more', async () => {
    world.controlPlane.leaseMs = 20_000;
    start();
    const attempt = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid; sleep 300'));
    const agent = identify(Number(await until(() => world.read('pid'), 'the agent runs')));
    await world.controlPlane.stop();
    world.controlPlane.forgetPort();
    await world.controlPlane.start();
    world.announce();
    const end = await until(() => attempt.ends.at(-1), 'the attempt ended', 20_000);
    expect(end).toMatchObject({ outcome: 'stopped', reason: 'server_moved' });
    expect(isAlive(agent)).toBe(false);
  }, 30_000);

  it('says what is wrong with its flags', async () => {
    const runner = start('--slots', 'many');
    expect(await exited(runner)).toBe(2);
    expect(runner.said()).toContain('--slots many: give a whole number from 0 to 1000');
  });
});
