/**
 * Starts a program so that it outlives the runner and nothing of it is lost.
 *
 *     runner ──starts──> keeper (sh, a session of its own)
 *                          ├── the program ──pipe──> cat ──appends──> stdout
 *                          │               ──pipe──> cat ──appends──> stderr
 *                          └── writes its exit code ──> exit
 *
 * The program has real pipes (files would break `> /dev/stderr`, sockets too), which the keeper's `cat`s drain into
 * files that the runner tails. A runner that dies and comes back finds the output, and the exit code, where they are;
 * the program never blocks on a pipe that nobody reads. The prompt on standard input is a file as well.
 */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Cgroup, MOVE_INTO_CGROUP } from './cgroup.ts';
import { insideNamespace } from './namespace.ts';
import { identify, isAlive, type ProcessId } from './process-table.ts';
import { KEEPER_VARIABLE, MARKER_VARIABLE } from './process-tree.ts';

export interface ProcessSpec {
  command: string[];
  cwd: string;
  env: Record<string, string>;
  marker: string;
  /** A file for standard input; none is an empty one. */
  input: string | null;
  output: string;
  errors: string;
  /** Where the exit code is written once the program has ended. */
  exit: string;
  /** The beginning of a command that runs the rest in a PID namespace. */
  namespace?: readonly string[] | null;
  /** Where the program and all that comes of it lives; it has been made. */
  cgroup?: Cgroup | null;
}

/** An empty mark is left to the init of a namespace. */
const OWN_MARK = `if [ "$mc_mark" ]; then unset ${KEEPER_VARIABLE}; ${MARKER_VARIABLE}=$mc_mark; export ${MARKER_VARIABLE}; fi`;

/** Where it cannot move there (the cgroup was taken away meanwhile), the program runs all the same, found by its marks. */
export const OWN_CGROUP = `if [ "$mc_cgroup" ]; then { ${MOVE_INTO_CGROUP}; } 2>/dev/null; fi`;

/** Positional parameters only, so that nothing of the keeper enters the program's environment. */
const KEEPER = `
mc_out=$1 mc_err=$2 mc_exit=$3 mc_cgroup=$4 mc_mark=$5; shift 5
{ { ( ${OWN_CGROUP}; ${OWN_MARK}; exec "$@" ) 2>&1 1>&3 3>&-
    echo "$?" > "$mc_exit.tmp"; mv "$mc_exit.tmp" "$mc_exit"; } | cat >> "$mc_err" 3>&-; } 3>&1 | cat >> "$mc_out"
`;

/** The same for a program that the runner talks to: its output is the runner's pipe, and ends with it. */
const TALKING_KEEPER = `
mc_err=$1 mc_exit=$2 mc_cgroup=$3 mc_mark=$4; shift 4
exec 3>&1 1>/dev/null
{ ( ${OWN_CGROUP}; ${OWN_MARK}; exec "$@" ) 2>&1 1>&3 3>&-
  echo "$?" > "$mc_exit.tmp"; mv "$mc_exit.tmp" "$mc_exit"; } | cat >> "$mc_err" 3>&-
`;

/** Why a program could not be started, in words that name it. */
export class ProgramNotFound extends Error {}

/** The file that would be executed. */
export function findProgram(program: string, cwd: string, path: string): string {
  if (program.includes('/')) {
    const file = isAbsolute(program) ? program : resolve(cwd, program);
    if (isExecutable(file)) return file;
    throw new ProgramNotFound(`${program} does not exist or is not executable`);
  }
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && isExecutable(join(folder, program))) return join(folder, program);
  }
  throw new ProgramNotFound(`${program} is in none of the folders of PATH (${path})`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @param waiting a keeper that was made for it ahead. @returns the keeper, the root of the tree */
export async function startProcess(
  spec: ProcessSpec,
  waiting?: { start(spec: ProcessSpec): ProcessId | null; dismiss(): Promise<void> },
): Promise<ProcessId> {
  findProgram(spec.command[0] ?? '', spec.cwd, spec.env['PATH'] ?? '');
  rmSync(spec.exit, { force: true });
  const ready = waiting?.start(spec) ?? null;
  if (ready !== null) return ready;
  await waiting?.dismiss();
  const input = spec.input === null ? null : openSync(spec.input, 'r');
  try {
    const keeper = spawn(
      '/bin/sh',
      ['-c', KEEPER, 'mc-keeper', spec.output, spec.errors, spec.exit, ...placedCommand(spec)],
      {
        cwd: spec.cwd,
        env: { ...spec.env, [KEEPER_VARIABLE]: spec.marker },
        detached: true,
        stdio: [input ?? 'ignore', 'ignore', 'ignore'],
      },
    );
    await new Promise<void>((done, fail) => {
      keeper.once('spawn', done);
      keeper.once('error', fail);
    });
    keeper.unref();
    return identify(keeper.pid ?? 0);
  } finally {
    if (input !== null) closeSync(input);
  }
}

/** The cgroup, the mark, and the command. */
function placedCommand(spec: Omit<ProcessSpec, 'input' | 'output'>): string[] {
  const { namespace, marker, command, cgroup } = spec;
  cgroup?.make();
  const marked = namespace ? ['', ...insideNamespace(namespace, marker, command)] : [marker, ...command];
  return [cgroup?.folder ?? '', ...marked];
}

export interface TalkingProcess {
  keeper: ProcessId;
  input: Writable;
  output: Readable;
}

/** Starts a program whose standard input and output are the runner's own pipes; standard error goes to the file. */
export async function openProcess(spec: Omit<ProcessSpec, 'input' | 'output'>): Promise<TalkingProcess> {
  findProgram(spec.command[0] ?? '', spec.cwd, spec.env['PATH'] ?? '');
  rmSync(spec.exit, { force: true });
  const keeper = spawn(
    '/bin/sh',
    ['-c', TALKING_KEEPER, 'mc-keeper', spec.errors, spec.exit, ...placedCommand(spec)],
    {
      cwd: spec.cwd,
      env: { ...spec.env, [KEEPER_VARIABLE]: spec.marker },
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  // A program that ends while it is being written to is no error of the runner; its end is seen as such.
  for (const stream of [keeper.stdin, keeper.stdout]) stream.on('error', () => undefined);
  await new Promise<void>((done, fail) => {
    keeper.once('spawn', done);
    keeper.once('error', fail);
  });
  keeper.unref();
  return { keeper: identify(keeper.pid ?? 0), input: keeper.stdin, output: keeper.stdout };
}

export type ExitState = 'running' | { exitCode: number | null };

/** Looks whether the program has ended. Null is an exit code that nobody could record: the keeper was killed too. */
export function readExit(exit: string, keeper: ProcessId): ExitState {
  const wasAlive = isAlive(keeper);
  try {
    const code = Number.parseInt(readFileSync(exit, 'utf8'), 10);
    return { exitCode: Number.isNaN(code) ? null : code };
  } catch {
    return wasAlive ? 'running' : { exitCode: null };
  }
}
