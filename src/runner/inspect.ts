/**
 * Live checks of what people register: is this a repository, does that program exist? Run when a thing is registered
 * and by `mctl doctor`, so that what cannot work is said before a night is lost to it.
 */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Finding } from '../domain/config.ts';

export interface RepositoryFinding {
  usable: boolean;
  message: string;
  defaultBranch: string | null;
}

const GIT_ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
};

async function git(args: string[], timeoutMs = 15_000): Promise<{ ok: boolean; text: string }> {
  const hardened = [
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'protocol.ext.allow=never',
    '-c',
    'safe.directory=*',
  ];
  const { execa } = await import('execa');
  const result = await execa('git', [...hardened, ...args], {
    env: GIT_ENV,
    reject: false,
    timeout: timeoutMs,
    stdin: 'ignore',
  });
  return {
    ok: result.exitCode === 0,
    text: (result.exitCode === 0 ? result.stdout : result.stderr || result.shortMessage || '').trim(),
  };
}

export async function inspectRepository(
  repository: { path?: string | undefined; url?: string | undefined },
  wantedBranch: string | undefined,
): Promise<RepositoryFinding> {
  const { path, url } = repository;
  const no = (message: string): RepositoryFinding => ({ usable: false, message, defaultBranch: null });
  const source = path ?? url ?? '';
  if (path !== undefined) {
    if (!isAbsolute(path)) return no(`${path} is not an absolute path.`);
    if (!(await stat(path).catch(() => null))?.isDirectory()) return no(`${path} is not a directory.`);
    const inside = await git(['-C', path, 'rev-parse', '--git-dir']);
    if (!inside.ok)
      return no(`${path} is not a git repository: ${inside.text.split('\n')[0]}. Make one with: git init`);
  } else if (!/^(https?|ssh|git|file):\/\/|^[\w.-]+@[\w.-]+:/.test(source)) {
    return no(`${source} is not an address that git can fetch from.`);
  }
  const heads = await git(['ls-remote', '--symref', '--end-of-options', source, 'HEAD', 'refs/heads/*']);
  if (!heads.ok) return no(`git cannot read ${source}: ${heads.text.split('\n')[0]}`);
  const branches = [...heads.text.matchAll(/^[0-9a-f]+\trefs\/heads\/(.+)$/gm)].map(
    (match) => match[1] ?? '',
  );
  if (branches.length === 0) return no(`${source} has no commit yet. Commit something first.`);
  const head = /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(heads.text)?.[1];
  const branch = wantedBranch ?? (head !== undefined && branches.includes(head) ? head : branches[0]) ?? null;
  if (branch === null || !branches.includes(branch)) {
    return no(`${source} has no branch ${wantedBranch}; it has ${branches.slice(0, 10).join(', ')}.`);
  }
  return { usable: true, message: `branch ${branch}`, defaultBranch: branch };
}

/** Whether the program of a command exists; what a shell line needs is known only when it runs. */
export async function inspectCommand(subject: string, command: readonly string[]): Promise<Finding> {
  const program = command[0] ?? '';
  if (program.includes('${') || (program.includes('/') && !isAbsolute(program))) {
    return { ok: true, subject, message: `${program} is looked up in the worktree when it runs` };
  }
  if (program === '/bin/sh' && command[1] === '-c') {
    const { execa } = await import('execa');
    const syntax = await execa('/bin/sh', ['-n', '-c', command[2] ?? ''], {
      reject: false,
      stdin: 'ignore',
      timeout: 5000,
    });
    if (syntax.exitCode !== 0)
      return { ok: false, subject, message: `the shell cannot read it: ${syntax.stderr.split('\n')[0]}` };
    const first = /^\s*([A-Za-z0-9_./-]+)(\s|$)/.exec(command[2] ?? '')?.[1];
    if (first === undefined || SHELL_WORDS.has(first)) return { ok: true, subject, message: 'a shell line' };
    return inspectCommand(subject, [first]);
  }
  const found = await findProgram(program);
  return found === null
    ? {
        ok: false,
        subject,
        message: `the program ${program} is not on the PATH of the server; install it, or give its full path`,
      }
    : { ok: true, subject, message: found };
}

const SHELL_WORDS = new Set([
  'cd',
  'if',
  'for',
  'while',
  'case',
  'test',
  'export',
  'set',
  'exit',
  'true',
  'false',
  'echo',
  'exec',
  'eval',
  '.',
  ':',
]);

export async function findProgram(program: string, path = process.env['PATH'] ?? ''): Promise<string | null> {
  const candidates = isAbsolute(program)
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  for (const candidate of candidates) {
    const isFile = (await stat(candidate).catch(() => null))?.isFile() ?? false;
    if (
      isFile &&
      (await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return candidate;
  }
  return null;
}
