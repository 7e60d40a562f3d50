/**
 * A PID namespace around an agent, where the machine lets us make one and the runner was told to: what a process does to
 * leave its tree (a new session, two forks, an environment of its own) does not lead out of the namespace. It is a
 * second net: the tree is found in /proc as without it, from the outside, with the machine's own pids.
 *
 *     keeper ── unshare ── init (sh, pid 1 inside) ── the program
 *               └─ both count as keepers, and are left alone until all others are gone;
 *                  where the program has ended, init ends, and the kernel with it all that is left
 *
 * Not without being asked for: inside, pids are other numbers, and a program that writes its own into a file for others
 * to find writes one that means nothing outside.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KEEPER_VARIABLE, MARKER_VARIABLE } from './process-tree.ts';

const run = promisify(execFile);

const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
/** As root without, as anyone else with a user namespace of one's own in which one stays who one is. */
const WAYS = [UNSHARE, [...UNSHARE, '--user', '--map-current-user']];

/**
 * Puts the marker into the program's environment only now, so that what stands before it counts as the keeper's. The
 * input goes by way of another number: a shell gives what it runs in the background an empty one.
 */
const INIT = `
mc_mark=$1; shift
exec 4<&0
( unset ${KEEPER_VARIABLE}; ${MARKER_VARIABLE}=$mc_mark; export ${MARKER_VARIABLE}; exec "$@" ) <&4 4<&- &
wait "$!"
`;

/** @returns the beginning of a command that runs the rest in a namespace; null where the machine has none */
export async function findNamespace(): Promise<string[] | null> {
  for (const way of WAYS) {
    try {
      const [program = '', ...args] = way;
      await run(program, [...args, '/bin/sh', '-c', 'test "$$" = 1'], { timeout: 5000 });
      return way;
    } catch {
      // The next way, or none.
    }
  }
  return null;
}

export function insideNamespace(
  namespace: readonly string[],
  marker: string,
  command: readonly string[],
): string[] {
  return [...namespace, '/bin/sh', '-c', INIT, 'mc-init', marker, ...command];
}
