// What `npm start` and `npm test` share: install what is missing, and know whether dist/ is older than its sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `Mission Control needs Node 20.19 or newer; this is ${process.version}. Install a newer Node and try again.\n`,
  );
  process.exit(1);
}

/** True when package.json names a package, or a version of one, that node_modules does not have. */
export function isInstallStale(root) {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries({ ...wanted.dependencies, ...wanted.devDependencies })) {
    const file = join(root, 'node_modules', name, 'package.json');
    if (!existsSync(file) || JSON.parse(readFileSync(file, 'utf8')).version !== version) return true;
  }
  return false;
}

export function installMissing(root) {
  if (!isInstallStale(root)) return;
  process.stderr.write('Installing packages (npm install) …\n');
  const result = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write('npm install failed; see above. Check the network and run the command again.\n');
    process.exit(1);
  }
}

function newestMtime(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  let newest = 0;
  for (const entry of readdirSync(path)) {
    if (entry !== 'node_modules' && entry !== 'dist')
      newest = Math.max(newest, newestMtime(join(path, entry)));
  }
  return newest;
}

const SOURCES = ['src', 'web', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

export function isBuildStale(root) {
  const stamp = statSync(join(root, 'dist/.built'), { throwIfNoEntry: false });
  if (!stamp) return true;
  return SOURCES.some((source) => newestMtime(join(root, source)) > stamp.mtimeMs);
}
