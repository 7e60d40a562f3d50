// Builds dist/: the server, the runner and the commands by tsc, the web app by vite. `--server` leaves the web app out.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const started = Date.now();
const run = (file, ...args) => {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', file), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
};
rmSync(join(root, 'dist/.built'), { force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
for (const bin of ['cli/mctl.js', 'cli/mc-coord.js', 'main.js']) {
  const file = join(root, 'dist', bin);
  if (existsSync(file)) chmodSync(file, 0o755);
}
if (!process.argv.includes('--server')) {
  run('vite/bin/vite.js', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn');
  writeFileSync(join(root, 'dist/.built'), `${new Date().toISOString()}\n`);
}
process.stderr.write(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
