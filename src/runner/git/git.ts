/**
 * Runs git: by argument arrays, without the machine's and the user's configuration, without hooks, without a prompt.
 * A repository that an agent worked in must not be able to make us run something.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

/** Settings for every call. They come after those of the repository, and win. */
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.attributesFile=/dev/null',
  'protocol.ext.allow=never',
  'safe.directory=*',
  'gc.auto=0',
  'commit.gpgSign=false',
  'diff.external=',
  'advice.detachedHead=false',
  'core.quotePath=false',
].flatMap((setting) => ['-c', setting]);

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export class GitError extends Error {
  readonly exitCode: number | null;
  readonly stderr: string;
  constructor(args: readonly string[], exitCode: number | null, stderr: string) {
    super(`git ${args[0] ?? ''} failed: ${lastLines(stderr) || `exit code ${exitCode}`}`);
    this.name = 'GitError';
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface GitOptions {
  cwd: string;
  signal?: AbortSignal;
  env?: Record<string, string>;
  input?: string | Buffer;
  /** Exit codes that are answers; default only 0. */
  accept?: readonly number[];
  /** It is in no hurry, and gives way to what is. */
  isIdle?: boolean;
  /** Stop reading (and git) after this many bytes; the answer is then cut. */
  maxBytes?: number;
}

export interface GitResult {
  exitCode: number;
  stdout: Buffer;
  truncated: boolean;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' ').slice(0, 1000);
}

export function gitEnvironment(): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_ATTR_NOSYSTEM: '1',
  };
  return env;
}

export function runGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...SETTINGS, ...args], {
      cwd: options.cwd,
      env: { ...gitEnvironment(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: options.signal,
    });
    if (options.isIdle && child.pid !== undefined) giveWay(child.pid);
    const maxBytes = options.maxBytes ?? MAX_OUTPUT_BYTES;
    const chunks: Buffer[] = [];
    let size = 0;
    let truncated = false;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (truncated) return;
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) {
        truncated = true;
        child.kill('SIGTERM');
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-20_000);
    });
    child.on('error', (error) => reject(error));
    child.on('close', (exitCode) => {
      const stdout = Buffer.concat(chunks);
      if (truncated) resolve({ exitCode: 0, stdout: stdout.subarray(0, maxBytes), truncated });
      else if (exitCode !== null && (options.accept ?? [0]).includes(exitCode)) {
        resolve({ exitCode, stdout, truncated });
      } else reject(new GitError(args, exitCode, stderr));
    });
    // A git that ended before it read its input is reported by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already.
  }
}

export async function gitText(args: readonly string[], options: GitOptions): Promise<string> {
  return (await runGit(args, options)).stdout.toString().trimEnd();
}

const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isFullCommitId(text: string): boolean {
  return FULL_ID.test(text);
}

/** As `git check-ref-format --branch` has it, and stricter where a name could be taken for an option or a path. */
export function isBranchName(name: string): boolean {
  if (name.length === 0 || name.length > 240 || name === '@' || !/^[^\s~^:?*[\\\x00-\x20\x7f]+$/.test(name))
    return false;
  if (name.includes('..') || name.includes('@{') || name.includes('//') || name.endsWith('.')) return false;
  return name.split('/').every((part) => part !== '' && !/^[.-]/.test(part) && !part.endsWith('.lock'));
}

/**
 * The kind of an object, or null when it does not exist. `--batch-check` answers both with exit code 0, so that
 * "it is not there" can never be mistaken for "git failed".
 */
export async function objectType(
  repository: string,
  id: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const line = await gitText(['cat-file', '--batch-check=%(objecttype)'], {
    cwd: repository,
    input: `${id}\n`,
    signal,
  });
  return line.endsWith(' missing') || line.endsWith(' ambiguous') ? null : line;
}

export async function isAncestor(
  repository: string,
  ancestor: string,
  commit: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await runGit(['merge-base', '--is-ancestor', '--end-of-options', ancestor, commit], {
    cwd: repository,
    accept: [0, 1],
    signal,
  });
  return exitCode === 0;
}

/** @returns the commit that a full reference names, or null */
export async function readRef(repository: string, ref: string, signal?: AbortSignal): Promise<string | null> {
  const { exitCode, stdout } = await runGit(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`],
    {
      cwd: repository,
      accept: [0, 1],
      signal,
    },
  );
  return exitCode === 0 ? stdout.toString().trim() : null;
}
