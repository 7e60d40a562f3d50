// `npm start`: installs what is missing, builds what is stale, and becomes the server, in this process.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { installMissing, isBuildStale } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
installMissing(root);
if (isBuildStale(root)) {
  process.stderr.write('Building …\n');
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
await import(join(root, 'dist/main.js'));
