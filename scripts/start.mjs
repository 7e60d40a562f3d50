// `npm start`: installs what is missing, builds what is stale, and becomes the server, in this process.
// `npm start -- --demo` has the demo made beside it, by a process that knows nothing but the public API.
import { spawn, spawnSync } from 'node:child_process';
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
const demo = process.argv.indexOf('--demo');
if (demo !== -1) {
  process.argv.splice(demo, 1);
  spawn(process.execPath, [join(root, 'examples/demo/start.mjs'), ...process.argv.slice(2)], {
    stdio: ['ignore', 2, 2],
  });
}
await import(join(root, 'dist/main.js'));
