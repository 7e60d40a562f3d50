import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/harness/runner/world.ts';
import { systemClock } from '../clock.ts';
import { ProgramNotFound, type ProcessSpec, readExit } from './agent-process.ts';
import { isAlive } from './process-table.ts';
import { findStrayMarkers, makeMarker } from './stray-processes.ts';
import { systemProcesses } from './system-processes.ts';

const OWNER = 'abcdef012345';
const processes = systemProcesses(systemClock);
let dir: string;
let marker: string;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "mc wait's-")));
  mkdirSync(join(dir, 'work'));
  marker = makeMarker('attempt', OWNER);
  await processes.prepare(marker);
});
afterEach(async () => {
  await processes.dismiss(marker);
  await processes.tree(marker, []).stop({ graceMs: 100 });
  expect(findStrayMarkers(OWNER)).toEqual(new Set());
  rmSync(dir, { recursive: true, force: true });
});

const read = (name: string): string =>
  existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : '';
const spec = (script: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  command: ['/bin/sh', '-c', script],
  cwd: join(dir, 'work'),
  env: { PATH: '/usr/bin:/bin', SECRET: "it's\n$HOME `x` \\" },
  marker,
  input: null,
  output: join(dir, 'stdout'),
  errors: join(dir, 'stderr'),
  exit: join(dir, 'exit'),
  ...more,
});
const exitOf = async (keeper: Awaited<ReturnType<typeof processes.start>>) => {
  await until(() => processes.readExit(join(dir, 'exit'), keeper) !== 'running', 'it has ended');
  await until(() => !isAlive(keeper), 'its last words are written');
  return readExit(join(dir, 'exit'), keeper);
};

describe('a keeper that waits', () => {
  it('becomes the keeper of the program, with its input, streams, folder, environment and exit code', async () => {
    writeFileSync(join(dir, 'input'), 'the prompt\n');
    writeFileSync(join(dir, 'stdout'), 'before\n');
    const [waiting] = [...findStrayMarkers(OWNER)];
    expect(waiting).toBe(marker);
    const keeper = await processes.start(
      spec(
        'cat; pwd; echo bad >&2; echo worse > /dev/stderr; tr "\\0" "\\n" < /proc/self/environ > env; exit 7',
        {
          input: join(dir, 'input'),
        },
      ),
    );
    expect(await exitOf(keeper)).toEqual({ exitCode: 7 });
    expect(read('stdout')).toBe(`before\nthe prompt\n${join(dir, 'work')}\n`);
    expect(read('stderr')).toBe('bad\nworse\n');
    const environment = read('work/env').split('\n');
    expect(environment).toContain(`MC_ATTEMPT_MARKER=${marker}`);
    expect(read('work/env')).toContain("SECRET=it's\n$HOME `x` \\\n");
    expect(environment.filter((line) => /^(MC_KEEPER|OLDPWD|mc_)/.test(line))).toEqual([]);
    // The script that it was told to run holds the environment, and with it the attempt's token.
    expect(existsSync(join(dir, 'exit.start'))).toBe(false);
  });

  it('has the same environment as one that was not made ahead', async () => {
    const script = 'exec cat /proc/self/environ';
    const ready = await processes.start(spec(script));
    await exitOf(ready);
    const other = await processes.start(spec(script, { output: join(dir, 'other') }));
    await exitOf(other);
    const entries = (name: string) => read(name).split('\0').toSorted();
    expect(entries('stdout')).toEqual(entries('other'));
  });

  it('is not used for an environment that a shell cannot set, nor for a program that is not there', async () => {
    const env = { PATH: '/usr/bin:/bin', 'a.b': 'c', IFS: 'x' };
    expect(await exitOf(await processes.start(spec('env', { env })))).toEqual({ exitCode: 0 });
    expect(read('stdout')).toContain('PATH=/usr/bin:/bin\n');
    await processes.prepare(marker);
    await expect(processes.start(spec('', { command: ['no-such-agent'] }))).rejects.toThrow(ProgramNotFound);
  });

  it('that was killed meanwhile is done without', async () => {
    for (const pid of execFileSync('pgrep', ['-f', 'mc-keeper'], { encoding: 'utf8' }).split('\n'))
      if (pid && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(marker))
        process.kill(Number(pid), 'SIGKILL');
    await until(() => findStrayMarkers(OWNER).size === 0, 'it is gone');
    expect(await exitOf(await processes.start(spec('exit 3')))).toEqual({ exitCode: 3 });
  });

  it('starts nothing and goes when it is dismissed', async () => {
    await processes.dismiss(marker);
    expect(findStrayMarkers(OWNER)).toEqual(new Set());
  });
});
