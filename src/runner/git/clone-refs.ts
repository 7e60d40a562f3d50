/**
 * Branches of our own bare clones, read as git writes them: starting a git for each look-up is much of the time between an
 * offer and its agent. Whatever does not look exactly so is git's to read. Never for a worktree, where such files would be
 * the agent's own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRef } from './git.ts';

const PLAIN_NAME = /^refs\/(?:heads|remotes\/origin)\/[A-Za-z0-9][\w./+@-]*$/;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** @returns the commit that a full reference names, or null */
export async function readCloneRef(clone: string, ref: string, signal?: AbortSignal): Promise<string | null> {
  const found = fromFiles(clone, ref);
  return found === undefined ? readRef(clone, ref, signal) : found;
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

const commitOf = (text: string): string | undefined => (COMMIT.test(text) ? text : undefined);

/** Null where there is no such file; nothing where there is something else. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : '';
  }
}
