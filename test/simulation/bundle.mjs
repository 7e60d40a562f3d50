// One file of plain JavaScript out of the simulation and the sources it runs; a planted bug is a replacement in one
// source at this point, which must match exactly once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * @param mutations `[{file, find, replace}]`: the planted bug, or nothing
 * @param entry the program: the simulation, or the exhaustive check
 */
export async function bundleSimulation(root, folder, mutations = [], entry = 'test/simulation/main.ts') {
  const build = await rolldown({
    input: join(root, entry),
    platform: 'node',
    external: [/^node:/, 'kysely', 'croner', 'zod', 'execa', '@photostructure/sqlite'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'planted-bug',
        load(id) {
          const here = mutations.filter((mutation) => id === join(root, mutation.file));
          if (here.length === 0) return null;
          const source = here.reduce(plant, readFileSync(id, 'utf8'));
          return { code: source, moduleType: 'ts' };
        },
      },
    ],
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: 'simulation.mjs',
    codeSplitting: false,
  });
  await build.close();
  return join(folder, output[0].fileName);
}

/**
 * The source with the bug in it. The formatter may break a line where it likes, and then puts a comma behind the last
 * argument: white space does not count, nor does such a comma.
 */
export function plant(source, { file, find, replace }) {
  const characters = [...find.replace(/\s+/g, '')].map((c) =>
    ')]}'.includes(c) ? `,?\\s*${escape(c)}` : escape(c),
  );
  const pattern = new RegExp(characters.join('\\s*'), 'g');
  const count = [...source.matchAll(pattern)].length;
  if (count !== 1) throw new Error(`${file}: the planted bug matches ${count} times: ${find}`);
  return source.replace(pattern, () => replace);
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
