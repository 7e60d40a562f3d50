/** The machine that mctl runs on: Node, git, the data directory, and what it has for ending whole process trees. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, ok, warn, type DoctorFinding } from './finding.ts';

const run = promisify(execFile);
const GIB = 1024 ** 3;

export function checkNode(version: string): DoctorFinding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok('Node', version)
    : fail('Node', `${version} is too old`, 'install Node 20.19 or newer');
}

export async function checkGit(): Promise<DoctorFinding> {
  try {
    const { stdout } = await run('git', ['--version'], { timeout: 10_000 });
    const [, version = '', major = '0', minor = '0'] = /((\d+)\.(\d+)[\d.]*)/.exec(stdout) ?? [];
    // Worktrees with `--lock` and `merge-tree --write-tree` came by 2.38; everything before lands less safely.
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 38)
      ? ok('git', version)
      : warn('git', `${version} is old`, 'install git 2.38 or newer');
  } catch {
    return fail('git', 'not found', 'install git (Debian: apt-get install git)');
  }
}

export function checkDataDirectory(dataDir: string): DoctorFinding[] {
  const subject = 'Data directory';
  const stat = statOrNull(dataDir);
  if (stat === null) {
    return [
      warn(
        subject,
        `${dataDir} does not exist on this machine`,
        'npm start makes it, or name it with --data-dir',
      ),
    ];
  }
  const findings: DoctorFinding[] = [];
  const open = openBits(stat);
  if (open !== '')
    findings.push(fail(subject, `${dataDir} is open to others (${open})`, `chmod 700 ${dataDir}`));
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch {
    findings.push(
      fail(subject, `${dataDir} cannot be written by this user`, `chown -R "$(id -un)" ${dataDir}`),
    );
  }
  for (const name of ['admin.token', 'runner.token', 'server.json']) {
    const file = join(dataDir, name);
    const secret = statOrNull(file);
    const bits = secret === null ? '' : openBits(secret);
    if (bits !== '') findings.push(fail(subject, `${file} is open to others (${bits})`, `chmod 600 ${file}`));
  }
  if (findings.length === 0) findings.push(ok(subject, dataDir));
  findings.push(checkFreeSpace(dataDir));
  return findings;
}

function checkFreeSpace(dataDir: string): DoctorFinding {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const shown = `${(free / GIB).toFixed(1)} GiB free`;
  const next = `free some space on the disk of ${dataDir}`;
  if (free < GIB / 4) return fail('Disk', shown, next);
  return free < 2 * GIB ? warn('Disk', shown, next) : ok('Disk', shown);
}

function statOrNull(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

function openBits(stat: Stats): string {
  const bits = stat.mode & 0o077;
  return process.platform === 'win32' || bits === 0
    ? ''
    : `mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')}`;
}

/** Ending a process tree works by marker in /proc always; a cgroup or a namespace makes it certain also for what hides. */
export async function checkContainment(): Promise<DoctorFinding> {
  const subject = 'Process trees';
  if (process.platform !== 'linux' || !existsSync('/proc/self/environ')) {
    return warn(
      subject,
      'no /proc here: children that hide can outlive their agent',
      'run the runner on Linux',
    );
  }
  // Whether a runner holds them in cgroups besides is its own to say: it depends on where it was started.
  if (await canUnshare([])) return ok(subject, 'found in /proc; PID namespaces besides with MC_CONTAIN=1');
  return (await canUnshare(['--user', '--map-current-user']))
    ? ok(subject, 'found in /proc; PID namespaces (of a user namespace) besides with MC_CONTAIN=1')
    : ok(subject, 'found in /proc; no PID namespaces here');
}

async function canUnshare(flags: string[]): Promise<boolean> {
  try {
    await run('unshare', [...flags, '-p', '-f', '--kill-child=SIGKILL', 'true'], { timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}
