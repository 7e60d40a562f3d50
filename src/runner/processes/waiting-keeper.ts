/**
 * A keeper that waits, made ahead of the attempt that it is for: moving into a cgroup waits for all of the machine's
 * processors (10 to 30 ms), and that, the fork of a runner and those of a keeper are most of what a start takes.
 *
 *     runner ──pipe──> keeper (sh, a session of its own)
 *                        ├── a shell, in its cgroup already: waits for one line, then becomes the program
 *                        ├── two readers: wait for the name of their file, then become `cat`
 *                        └── writes the exit code to where a second line says, once the program has ended
 *
 * Without that line nothing ever starts: where the runner ends, or does not want it any more, the pipe ends, and with it
 * all of this. The line names a script (in the attempt's private folder, as its environment holds the token) that goes
 * to the worktree, sets the environment and executes the program; from then on all is as agent-process.ts draws it, and
 * the script goes when the program has ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { OWN_CGROUP, type ProcessSpec } from './agent-process.ts';
import type { Cgroup } from './cgroup.ts';
import { insideNamespace } from './namespace.ts';
import { identify, isAlive, type ProcessId } from './process-table.ts';
import { KEEPER_VARIABLE, MARKER_VARIABLE } from './process-tree.ts';

const READER = '{ IFS= read -r mc_file && exec cat >> "$mc_file"; }';

const WAITING = `
mc_cgroup=$1
{ { ( ${OWN_CGROUP}; IFS= read -r mc_go && . "$mc_go" ) 2>&1 1>&3 3>&-
    mc_code=$?
    IFS= read -r mc_exit || exit 0
    rm -f "$mc_exit.start"
    echo "$mc_code" > "$mc_exit.tmp"; mv "$mc_exit.tmp" "$mc_exit"; } | ${READER} 3>&-; } 3>&1 | ${READER}
`;

/** Shells keep these to themselves, or would not take them as they are. */
const SHELLS_OWN = /^(?:PWD|OLDPWD|IFS|OPTIND|LINENO|PPID|E?UID|SHELLOPTS|BASHOPTS)$/;
const SETTABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DISMISSED_MS = 2000;

export class WaitingKeeper {
  readonly #child: ChildProcess;
  readonly #marker: string;
  readonly #cgroup: Cgroup | null;
  readonly #id: ProcessId;
  readonly #gone: Promise<void>;

  static async make(marker: string, cgroup: Cgroup | null): Promise<WaitingKeeper> {
    cgroup?.make();
    const child = spawn('/bin/sh', ['-c', WAITING, 'mc-keeper', cgroup?.folder ?? ''], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', [KEEPER_VARIABLE]: marker },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await new Promise<void>((done, fail) => {
      child.once('spawn', done);
      child.once('error', fail);
    });
    return new WaitingKeeper(child, marker, cgroup);
  }

  private constructor(child: ChildProcess, marker: string, cgroup: Cgroup | null) {
    this.#child = child;
    this.#marker = marker;
    this.#cgroup = cgroup;
    this.#id = identify(child.pid ?? 0);
    this.#gone = new Promise((resolve) => {
      child.once('exit', () => resolve());
    });
    // One that was killed while it was told to go is seen as any keeper that was.
    child.stdin?.on('error', () => undefined);
    child.unref();
  }

  /** Tells it to become the program. @returns the keeper; null where it cannot, and nothing has started */
  start(spec: Omit<ProcessSpec, 'marker' | 'cgroup'>): ProcessId | null {
    const { stdin } = this.#child;
    const script = `${spec.exit}.start`;
    const isWritable = [script, spec.exit, spec.output, spec.errors].every((path) => !path.includes('\n'));
    const isSettable = Object.keys(spec.env).every((name) => SETTABLE.test(name) && !SHELLS_OWN.test(name));
    if (!isAlive(this.#id) || !stdin?.writable || !isWritable || !isSettable) return null;
    writeFileSync(script, this.#script(spec), { mode: 0o600 });
    stdin.end(`${script}\n${spec.exit}\n`);
    return this.#id;
  }

  #script({ cwd, env, input, output, errors, command, namespace }: Omit<ProcessSpec, 'marker'>): string {
    const mark = namespace ? KEEPER_VARIABLE : MARKER_VARIABLE;
    const program = namespace ? insideNamespace(namespace, this.#marker, command) : command;
    const variables = Object.entries({ ...env, [mark]: this.#marker });
    return [
      `printf '%s\\n' ${quote(output)}; printf '%s\\n' ${quote(errors)} >&2`,
      `cd ${quote(cwd)} && exec < ${quote(input ?? '/dev/null')} || exit 126`,
      `unset OLDPWD PATH ${KEEPER_VARIABLE}`,
      ...variables.map(([name, value]) => `export ${name}=${quote(value)}`),
      `exec ${program.map(quote).join(' ')}`,
      '',
    ].join('\n');
  }

  /** Nothing will start here. Comes back when all of it is gone. */
  async dismiss(): Promise<void> {
    this.#child.stdin?.destroy();
    const killing = setTimeout(() => {
      try {
        process.kill(-this.#id.pid, 'SIGKILL');
      } catch {
        // It has gone just now.
      }
    }, DISMISSED_MS);
    await this.#gone;
    clearTimeout(killing);
    this.#cgroup?.remove();
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
