/** What an attempt changed, in the shape that is reported: file list with counts, and a patch of at most 512 KiB. */
import type { Diff } from '../../contract/shapes.ts';
import { cleanText } from '../output/output-chunk.ts';
import { gitText, runGit } from './git.ts';

const PATCH_BYTES = 512 * 1024;
/** The whole report must fit into a body of 1 MiB, and control characters grow sixfold in JSON. */
const PATCH_JSON_BYTES = 700 * 1024;
const MAX_FILES = 1000;
const PLAIN = ['--no-color', '--no-ext-diff', '--no-textconv', '--no-renames'];

export async function diffOf(repository: string, base: string, head: string): Promise<Diff> {
  const counts = await gitText(['diff', ...PLAIN, '--numstat', '-z', '--end-of-options', base, head], {
    cwd: repository,
  });
  const all = counts.split('\0').filter((line) => line !== '');
  const files = all.slice(0, MAX_FILES).map((line) => {
    const [additions, deletions, ...path] = line.split('\t');
    return {
      path: cleanText(path.join('\t'), 4096),
      additions: Number(additions) || 0,
      deletions: Number(deletions) || 0,
      protected: false,
    };
  });
  const { stdout, truncated } = await runGit(['diff', ...PLAIN, '--patch', '--end-of-options', base, head], {
    cwd: repository,
    maxBytes: PATCH_BYTES,
  });
  let patch = cleanText(stdout.toString(), PATCH_BYTES);
  let isCut = truncated || all.length > MAX_FILES;
  while (Buffer.byteLength(JSON.stringify(patch)) > PATCH_JSON_BYTES) {
    patch = cleanText(patch, Math.floor(patch.length / 2));
    isCut = true;
  }
  return { base, head, files, patch, truncated: isCut };
}

/** Every path that differs, for what is judged by paths: renames count as both. */
export async function changedFiles(repository: string, base: string, head: string): Promise<string[]> {
  const names = await gitText(['diff', ...PLAIN, '--name-only', '-z', '--end-of-options', base, head], {
    cwd: repository,
  });
  return names.split('\0').filter((name) => name !== '');
}
