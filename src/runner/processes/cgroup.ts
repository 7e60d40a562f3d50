/**
 * A cgroup (version 2) around each tree, where the machine lets us make one: what a process does to leave its tree (a
 * new session, two forks, an environment of its own) does not lead out of its cgroup, and the kernel ends all that is in
 * one at once. It needs no controllers, so a hierarchy of its own beside version 1 serves as well. Pids, mounts and users
 * inside are the machine's, so that nothing an agent does is different.
 *
 *     <the runner's own cgroup>/mission-control-<owner>/<marker>/   the program and all that comes of it
 *
 * The program's first shell moves itself in, before anything of the program runs. The keeper stays outside, so that it
 * can still write down how the program ended. As root an agent could move a process out again; the marks in its
 * environment and its ancestry are looked at as without a cgroup.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJsonFile, writeFileAtomically } from '../atomic-file.ts';

/** The cgroups of one runner. */
export class CgroupParent {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  of(marker: string): Cgroup {
    return new Cgroup(join(this.folder, marker));
  }

  /** Markers of cgroups in which something lives; those that are empty are taken away. */
  inhabited(): string[] {
    return subgroups(this.folder).filter((name) => {
      const group = this.of(name);
      if (group.pids().length > 0) return true;
      group.remove();
      return false;
    });
  }
}

export class Cgroup {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Within the parent's own folder, and no further up: what that stands in has to be there. */
  make(): void {
    for (const folder of [dirname(this.folder), this.folder]) {
      try {
        mkdirSync(folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /** All that lives in it, and in groups that were made within; none where it does not exist. */
  pids(): number[] {
    return groupsWithin(this.folder).flatMap((folder) =>
      readLines(join(folder, 'cgroup.procs')).map(Number).filter(Number.isInteger),
    );
  }

  /** SIGKILL for all of it at once: no fork outruns that. */
  kill(): void {
    try {
      writeFileSync(join(this.folder, 'cgroup.kill'), '1');
    } catch {
      // It is gone already; what may be elsewhere is killed one by one.
    }
  }

  /** Takes it away where nothing is left in it. */
  remove(): void {
    for (const folder of groupsWithin(this.folder).reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // Not empty, or gone.
      }
    }
  }
}

/**
 * The parent for this runner's cgroups, tried out with a process; null where the machine has none for us. Where an earlier
 * life of this runner had one elsewhere, that is used again, so that what it left behind is found.
 * @param kept where the place is remembered
 */
export function findCgroups(owner: string, kept: string): CgroupParent | null {
  const earlier = readJsonFile<{ folder: string }>(kept)?.folder;
  const own = ownCgroup();
  const places = [
    // One that is gone with what it stood in (a session that has ended) is not made anew there: it would not be ours.
    ...(earlier !== undefined && existsSync(dirname(earlier)) ? [earlier] : []),
    ...(own === null ? [] : [join(own, `mission-control-${owner}`)]),
  ];
  for (const folder of places) {
    const parent = new CgroupParent(folder);
    if (!canContain(parent)) continue;
    if (folder !== earlier) writeFileAtomically(kept, JSON.stringify({ folder }));
    return parent;
  }
  return null;
}

/** How a shell moves itself, and what it starts, into the cgroup that the variable names. */
export const MOVE_INTO_CGROUP = 'echo 0 > "$mc_cgroup/cgroup.procs"';

/** Whether a cgroup can be made here and killed, and a process of ours may move into it. Nothing is left behind. */
export function canContain(parent: CgroupParent): boolean {
  const trial = parent.of(`trial-${process.pid}`);
  try {
    trial.make();
    if (!readdirSync(trial.folder).includes('cgroup.kill')) return false;
    execFileSync('/bin/sh', ['-c', `mc_cgroup=$1; ${MOVE_INTO_CGROUP}`, 'sh', trial.folder], {
      stdio: 'ignore',
      timeout: 5000,
    });
    return true;
  } catch {
    return false;
  } finally {
    trial.remove();
  }
}

/** The folder of the cgroup (version 2) that this process is in; null where there is none. */
export function ownCgroup(): string | null {
  const own = readLines('/proc/self/cgroup')
    .find((line) => line.startsWith('0::'))
    ?.slice('0::'.length);
  // `36 25 0:32 / /sys/fs/cgroup rw,… - cgroup2 cgroup2 rw`: the fourth field is what of the hierarchy is mounted.
  const mount = readLines('/proc/self/mountinfo')
    .map((line) => line.split(' '))
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2');
  if (own === undefined || mount === undefined) return null;
  const [, , , root = '/', point = ''] = mount;
  const within = root === '/' ? own : own.startsWith(root) ? own.slice(root.length) : '';
  return join(unescape(point), within);
}

/** Mount points are written with spaces and backslashes as octal numbers. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The group and those within it, parents first. */
function groupsWithin(folder: string): string[] {
  return [folder, ...subgroups(folder).flatMap((name) => groupsWithin(join(folder, name)))];
}

function subgroups(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
