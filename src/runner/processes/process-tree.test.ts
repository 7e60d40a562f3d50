import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { ProgramNotFound, readExit, startProcess } from './agent-process.ts';
import { hasEnvironmentEntry, identify, isAlive, parseStat, type ProcessId } from './process-table.ts';
import { ProcessTree } from './process-tree.ts';
import { findNamespace } from './namespace.ts';
import { findStrayMarkers, makeMarker } from './stray-processes.ts';

let dir: string;
let tree: ProcessTree | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mc-tree-'));
});
afterEach(async () => {
  await tree?.stop({ graceMs: 0 });
  tree = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const read = (name: string): string => {
  try {
    return readFileSync(join(dir, name), 'utf8');
  } catch {
    return '';
  }
};

async function until(what: () => boolean, ms = 8000): Promise<void> {
  const ends = Date.now() + ms;
  while (!what()) {
    if (Date.now() > ends) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function run(
  script: string,
  input: string | null = null,
  namespace: readonly string[] | null = null,
): Promise<{ keeper: ProcessId; marker: string }> {
  const marker = makeMarker('att_test', 'aaaaaaaaaaaa');
  if (input !== null) writeFileSync(join(dir, 'prompt'), input);
  const keeper = await startProcess({
    command: ['/bin/sh', '-c', script],
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '/bin:/usr/bin', SECRET: 'x' },
    marker,
    input: input === null ? null : join(dir, 'prompt'),
    output: join(dir, 'stdout'),
    errors: join(dir, 'stderr'),
    exit: join(dir, 'exit'),
    namespace,
  });
  tree = new ProcessTree(marker, [keeper], systemClock);
  return { keeper, marker };
}

describe('a started program', () => {
  it('reads its input, writes both streams and leaves its exit code', async () => {
    const { keeper } = await run('cat; echo bad >&2; echo worse > /dev/stderr; exit 7', 'the prompt\n');
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running');
    await until(() => !isAlive(keeper));
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 7 });
    expect(read('stdout')).toBe('the prompt\n');
    expect(read('stderr')).toBe('bad\nworse\n');
  });

  it('sees nothing of the keeper in its environment but the marker', async () => {
    const { keeper } = await run('exec cat /proc/self/environ');
    await until(() => !isAlive(keeper));
    const names = read('stdout')
      .split('\0')
      .map((entry) => entry.split('=')[0])
      .filter((name) => name !== '' && name !== 'PWD');
    expect(new Set(names)).toEqual(new Set(['MC_ATTEMPT_MARKER', 'PATH', 'SECRET']));
  });

  it('is named when it does not exist', async () => {
    await expect(
      startProcess({
        command: ['no-such-agent'],
        cwd: dir,
        env: { PATH: '/bin' },
        marker: 'm',
        input: null,
        output: join(dir, 'o'),
        errors: join(dir, 'e'),
        exit: join(dir, 'x'),
      }),
    ).rejects.toThrow(ProgramNotFound);
  });

  it('whose keeper was killed has ended without an exit code', async () => {
    const { keeper } = await run('sleep 60');
    process.kill(keeper.pid, 'SIGKILL');
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: null });
  });
});

describe('stopping a tree', () => {
  it('ends children that left the group and the session and were double-forked', async () => {
    await run('(setsid sh -c "(sleep 300 & echo \\$! > daemon) & exit" &) ; echo $$ > main; sleep 300');
    await until(() => read('daemon') !== '' && read('main') !== '');
    const daemon = identify(Number(read('daemon')));
    expect(isAlive(daemon)).toBe(true);
    expect(await tree?.stop({ graceMs: 500 })).toBe(true);
    expect(isAlive(daemon)).toBe(false);
    expect(tree?.isGone()).toBe(true);
  });

  it('ends a descendant that cleared its environment and left, once a sweep has seen it', async () => {
    await run('env -i /usr/bin/setsid /bin/sh -c "echo \\$\\$ > hidden; exec sleep 300" & sleep 300');
    await until(() => read('hidden') !== '');
    tree?.track();
    const hidden = identify(Number(read('hidden')));
    expect(await tree?.stop({ graceMs: 100 })).toBe(true);
    expect(isAlive(hidden)).toBe(false);
  });

  it('gives SIGTERM and keeps the last words', async () => {
    const { keeper } = await run('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done');
    await until(() => read('stdout').includes('ready'));
    expect(await tree?.stop({ graceMs: 4000 })).toBe(true);
    expect(read('stdout')).toBe('ready\nbye\n');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 3 });
  });

  it('kills what ignores SIGTERM, and what is stopped', async () => {
    await run(
      'trap "" TERM; (sleep 300 & echo $! > stopped; kill -STOP $!); echo ready; while :; do sleep 1; done',
    );
    await until(() => read('stdout').includes('ready'));
    const stopped = identify(Number(read('stopped')));
    expect(await tree?.stop({ graceMs: 200 })).toBe(true);
    expect(isAlive(stopped)).toBe(false);
  });

  it('outruns a fork storm', async () => {
    // Each process forks a successor and dies, in sessions of their own; bounded, should the test itself be cut off.
    writeFileSync(
      join(dir, 'storm.sh'),
      'n=$1; [ "$n" -gt 4000 ] && exit; setsid sh "$0" $((n+1)) & setsid sh "$0" $((n+1)) & sleep 0.2',
    );
    await run('sh storm.sh 3996; echo ready; sh storm.sh 3995 & sleep 300');
    await until(() => read('stdout').includes('ready'), 15_000);
    expect(await tree?.stop({ graceMs: 0 })).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(tree?.isGone()).toBe(true);
  });

  it('touches no process that merely has the same pid', async () => {
    const { keeper } = await run('sleep 300');
    const wrong = new ProcessTree(
      'other-marker',
      [{ pid: keeper.pid, startTime: keeper.startTime - 1 }],
      systemClock,
    );
    expect(await wrong.stop({ graceMs: 0 })).toBe(true);
    expect(isAlive(keeper)).toBe(true);
  });

  it('finds what an earlier life left running, by the mark of its data directory', async () => {
    const { marker } = await run('setsid sleep 300');
    expect([...findStrayMarkers('aaaaaaaaaaaa')]).toContain(marker);
    expect([...findStrayMarkers('bbbbbbbbbbbb')]).not.toContain(marker);
  });
});

describe('reading /proc', () => {
  it('counts the fields of stat from the last parenthesis', () => {
    const line = `42 (a ) b) (c) S 1 40 41 0 -1 4194560 ${'0 '.repeat(12)}987654 0`;
    expect(parseStat(line)).toEqual({ pid: 42, state: 'S', ppid: 1, pgid: 40, sid: 41, startTime: 987654 });
  });

  it('compares whole environment entries', () => {
    const environment = Buffer.from('AA=1\0XM=a\0M=ab\0');
    expect(hasEnvironmentEntry(environment, 'M=a')).toBe(false);
    expect(hasEnvironmentEntry(environment, 'M=ab')).toBe(true);
    expect(hasEnvironmentEntry(environment, 'AA=1')).toBe(true);
  });
});

const namespace = await findNamespace();

describe.runIf(namespace !== null)('in a PID namespace', () => {
  it('a program reads, writes and ends as without one', async () => {
    const { keeper } = await run('cat; echo "$$ $PPID"; echo bad >&2; exit 7', 'hello\n', namespace);
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 7 });
    expect(read('stdout')).toMatch(/^hello\n\d+ 1\n$/);
    expect(read('stderr')).toBe('bad\n');
  });

  it('what cleared its environment, left its session and lost its parents is ended too', async () => {
    const escape = `env -i setsid sh -c 'env -i PATH=/bin:/usr/bin setsid sleep 317 >/dev/null 2>&1 &'`;
    await run(`${escape}; echo up; sleep 300`, null, namespace);
    await until(() => read('stdout') !== '');
    const escaped = (): ProcessId[] =>
      tree!.find().agents.filter((row) => commandOf(row.pid) === 'sleep\u0000317\u0000');
    await until(() => escaped().length === 1);
    const [stray] = escaped();
    expect(await tree!.stop({ graceMs: 500 })).toBe(true);
    expect(isAlive(stray!)).toBe(false);
  });

  it('a program has its grace: it hears SIGTERM, and its last words are kept', async () => {
    const { keeper } = await run(
      'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done',
      null,
      namespace,
    );
    await until(() => read('stdout') !== '');
    expect(await tree!.stop({ graceMs: 5000 })).toBe(true);
    expect(read('stdout')).toBe('up\nbye\n');
    expect(readExit(join(dir, 'exit'), keeper)).toEqual({ exitCode: 3 });
  });

  it('what the program leaves behind ends with it', async () => {
    const { keeper } = await run('setsid sleep 318 >/dev/null 2>&1 & echo up; exit 0', null, namespace);
    await until(() => readExit(join(dir, 'exit'), keeper) !== 'running');
    await until(() => tree!.isGone());
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
