// One file of plain JavaScript out of the simulation and the sources it runs; a planted bug is a replacement in one
// source at this point, which must match exactly once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** @param mutation `{file, find, replace}`: the planted bug, or nothing */
export async function bundleSimulation(root, folder, mutation) {
  const build = await rolldown({
    input: join(root, 'test/simulation/main.ts'),
    platform: 'node',
    external: [/^node:/, 'kysely', 'croner', 'zod', 'execa', '@photostructure/sqlite'],
    logLevel: 'silent',
    plugins: mutation
      ? [
          {
            name: 'planted-bug',
            load(id) {
              if (id !== join(root, mutation.file)) return null;
              const source = readFileSync(id, 'utf8');
              const count = source.split(mutation.find).length - 1;
              if (count !== 1) throw new Error(`${mutation.file}: the planted bug matches ${count} times: ${mutation.find}`);
              return { code: source.replace(mutation.find, () => mutation.replace), moduleType: 'ts' };
            },
          },
        ]
      : [],
  });
  const { output } = await build.write({ dir: folder, format: 'esm', entryFileNames: 'simulation.mjs', codeSplitting: false });
  await build.close();
  return join(folder, output[0].fileName);
}
