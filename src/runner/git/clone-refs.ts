/**
 * Branches, read as git writes them: starting a git for each look-up is much of the time between an offer and its agent.
 * Whatever does not look exactly so is git's to read. Of our own bare clones and of users' repositories; never of a
 * worktree, where such files would be the agent's own.
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitText, readRef } from './git.ts';

const PLAIN_NAME = /^refs\/(?:heads|remotes\/origin)\/[A-Za-z0-9][\w./+@-]*$/;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** Beyond so many files one git reads faster. */
const MOST_FILES = 500;

/** @returns the commit that a full reference names, or null */
export async function readCloneRef(clone: string, ref: string, signal?: AbortSignal): Promise<string | null> {
  const found = fromFiles(clone, ref);
  return found === undefined ? readRef(clone, ref, signal) : found;
}

/** @param under `refs/heads` or what stands there for another's. @returns commits by name, in the order of names */
export async function listRefs(
  repository: string,
  under: string,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const files = listedInFiles(repository, under);
  if (files) return inOrder(files);
  const format = `--format=%(objectname) %(refname:lstrip=${under.split('/').length})`;
  const lines = await gitText(['for-each-ref', format, `${under}/`], { cwd: repository, signal });
  return inOrder(lines.split('\n').flatMap((line) => (line === '' ? [] : [split(line)])));
}

/** Undefined where git has to be asked. */
function fromFiles(clone: string, ref: string): string | null | undefined {
  if (!PLAIN_NAME.test(ref) || ref.includes('..')) return undefined;
  const loose = readText(join(clone, ref));
  if (loose !== null) return commitOf(loose.replace(/\n$/, ''));
  const packed = readText(join(clone, 'packed-refs')) ?? '';
  const end = ` ${ref}`;
  const line = packed.split('\n').find((each) => each.endsWith(end));
  return line === undefined ? null : commitOf(line.slice(0, -end.length));
}

function listedInFiles(repository: string, under: string): Map<string, string> | undefined {
  const dir = gitDirOf(repository);
  if (dir === undefined) return undefined;
  const loose = new Map<string, string>();
  // What is being packed meanwhile is in one of the two at any time, in this order.
  if (!readLoose(join(dir, under), '', loose)) return undefined;
  const packed = new Map<string, string>();
  for (const line of (readText(join(dir, 'packed-refs')) ?? '').split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('^')) continue;
    const [name, commit] = split(line);
    if (commitOf(commit) === undefined) return undefined;
    if (name.startsWith(`${under}/`)) packed.set(name.slice(under.length + 1), commit);
  }
  return new Map([...packed, ...loose]);
}

/** Where the references are files; not in a linked worktree, nor where they are kept in tables. */
function gitDirOf(repository: string): string | undefined {
  const dir = existsSync(join(repository, '.git', 'HEAD')) ? join(repository, '.git') : repository;
  const isPlain =
    existsSync(join(dir, 'HEAD')) &&
    existsSync(join(dir, 'objects')) &&
    !existsSync(join(dir, 'commondir')) &&
    !existsSync(join(dir, 'reftable'));
  return isPlain ? dir : undefined;
}

/** @returns whether all of them were plain */
function readLoose(folder: string, above: string, found: Map<string, string>): boolean {
  for (const entry of readFolder(folder)) {
    const name = `${above}${entry.name}`;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!readLoose(path, `${name}/`, found)) return false;
    } else if (!entry.name.endsWith('.lock')) {
      const commit = entry.isFile() ? commitOf((readText(path) ?? '').replace(/\n$/, '')) : undefined;
      if (commit === undefined || found.size >= MOST_FILES) return false;
      found.set(name, commit);
    }
  }
  return true;
}

function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function inOrder(refs: Iterable<[string, string]>): Map<string, string> {
  return new Map([...refs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function split(line: string): [name: string, commit: string] {
  const at = line.indexOf(' ');
  return [line.slice(at + 1), line.slice(0, at)];
}

const commitOf = (text: string): string | undefined => (COMMIT.test(text) ? text : undefined);

/** Null where there is no such file; nothing where there is something else. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : '';
  }
}
