// One file of plain JavaScript out of the simulation and the sources it runs; a planted bug is a replacement in one
// source at this point, which must match exactly once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** @param mutations `[{file, find, replace}]`: the planted bug, or nothing */
export async function bundleSimulation(root, folder, mutations = []) {
  const build = await rolldown({
    input: join(root, 'test/simulation/main.ts'),
    platform: 'node',
    external: [/^node:/, 'kysely', 'croner', 'zod', 'execa', '@photostructure/sqlite'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'planted-bug',
        load(id) {
          const here = mutations.filter((mutation) => id === join(root, mutation.file));
          if (here.length === 0) return null;
          let source = readFileSync(id, 'utf8');
          for (const { file, find, replace } of here) {
            // The formatter may break a line where it likes: any white space stands for any other.
            const pattern = new RegExp(find.trim().split(/\s+/).map(escape).join('\\s+'), 'g');
            const count = [...source.matchAll(pattern)].length;
            if (count !== 1) throw new Error(`${file}: the planted bug matches ${count} times: ${find}`);
            source = source.replace(pattern, () => replace);
          }
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

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
