import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { readExit } from './agent-process.ts';
import { findCgroups } from './cgroup.ts';
import { isAlive, readProcess, type ProcessId } from './process-table.ts';
import { ProcessTree } from './process-tree.ts';
import { makeMarker } from './stray-processes.ts';
import { systemProcesses } from './system-processes.ts';

const OWNER = 'cccccccccccc';
const remembered = join(mkdtempSync(join(tmpdir(), 'mc-cgroups-')), 'cgroups.json');
const cgroups = findCgroups(OWNER, remembered);

// Where a machine lets us make none, `mctl doctor` says so, and trees are found by their marks alone.
describe.runIf(cgroups !== null)('a tree in a cgroup', () => {
  const processes = systemProcesses(systemClock, { cgroups, namespace: null });
  let dir: string;
  let marker: string;
  let keeper: ProcessId;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mc-cgroup-'));
    marker = makeMarker('att_test', OWNER);
  });
  afterEach(async () => {
    await tree().stop({ graceMs: 0 });
    rmSync(dir, { recursive: true, force: true });
  });

  const tree = () => processes.tree(marker, [keeper]);
  const read = (name: string): string =>
    existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : '';
  const members = (): number[] => cgroups?.of(marker).pids() ?? [];
  async function run(script: string): Promise<void> {
    keeper = await processes.start({
      command: ['/bin/sh', '-c', script],
      cwd: dir,
      env: { PATH: '/bin:/usr/bin' },
      marker,
      input: null,
      output: join(dir, 'stdout'),
      errors: join(dir, 'stderr'),
      exit: join(dir, 'exit'),
    });
  }
  async function until(what: () => boolean, ms = 8000): Promise<void> {
    const ends = Date.now() + ms;
    while (!what()) {
      if (Date.now() > ends) throw new Error('it never came true');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  /** Clears its environment, leaves its session, and loses its parents: no mark, no ancestry, no sweep saw it. */
  const HIDES = `env -i setsid sh -c 'env -i PATH=/bin:/usr/bin setsid sleep 319 >/dev/null 2>&1 & echo $! > ${'$'}0' "$PWD/hidden"`;

  it('runs a program as without one, and takes the cgroup away afterwards', async () => {
    await run('cat /proc/self/cgroup; echo "$$"; echo bad >&2; exit 7');
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 7 });
    const lines = read('stdout').trim().split('\n');
    expect(lines.find((line) => line.startsWith('0::'))).toContain(marker);
    // Pids inside are those of the machine.
    expect(Number(lines.at(-1))).toBeGreaterThan(keeper.pid);
    expect(read('stderr')).toBe('bad\n');
    expect(await tree().stop({ graceMs: 0 })).toBe(true);
    expect(existsSync(cgroups?.of(marker).folder ?? '')).toBe(false);
  });

  it('ends what cleared its environment, left its session and lost its parents, unseen by any sweep', async () => {
    await run(`${HIDES}; echo up; sleep 300`);
    await until(() => read('stdout') !== '' && read('hidden') !== '');
    const hidden = readProcess(Number(read('hidden')));
    expect(hidden?.ppid).not.toBe(keeper.pid);
    // Its marks alone do not find it.
    const blind = new ProcessTree(marker, [], systemClock);
    expect(blind.find().agents.map((row) => row.pid)).not.toContain(hidden?.pid);
    expect(await tree().stop({ graceMs: 100 })).toBe(true);
    expect(hidden !== null && isAlive(hidden)).toBe(false);
  });

  it('is found by a later life of the runner, though nothing of it carries a mark any more', async () => {
    await run(`${HIDES}; exit 0`);
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running' && !isAlive(keeper));
    const later = systemProcesses(systemClock, { cgroups: findCgroups(OWNER, remembered), namespace: null });
    expect([...later.strayMarkers(OWNER)]).toContain(marker);
    expect(await later.tree(marker, []).stop({ graceMs: 0 })).toBe(true);
    expect(members()).toEqual([]);
    expect([...later.strayMarkers(OWNER)]).not.toContain(marker);
  });

  it('has its grace: it hears SIGTERM, and its last words are kept', async () => {
    await run('trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done');
    await until(() => read('stdout') !== '');
    expect(await tree().stop({ graceMs: 5000 })).toBe(true);
    expect(read('stdout')).toBe('up\nbye\n');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 3 });
  });

  it('ends a fork storm and the groups that were made within', async () => {
    writeFileSync(
      join(dir, 'storm.sh'),
      'n=$1; [ "$n" -gt 4000 ] && exit; env -i setsid sh "$0" $((n+1)) & env -i setsid sh "$0" $((n+1)) & sleep 0.2',
    );
    await run('echo ready; sh storm.sh 3996; sh storm.sh 3995 & sleep 300');
    await until(() => read('stdout').includes('ready'), 15_000);
    const within = join(cgroups?.of(marker).folder ?? '', 'within');
    mkdirSync(within);
    writeFileSync(join(within, 'cgroup.procs'), String(members()[0]));
    expect(await tree().stop({ graceMs: 0 })).toBe(true);
    expect(members()).toEqual([]);
    expect(existsSync(within)).toBe(false);
  });
});
