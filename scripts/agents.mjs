// The real agents that test/agents runs: installed into that folder by `npm test`, never by `npm start`. Run alone:
// `node scripts/agents.mjs`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test/agents');

function missing() {
  const wanted = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.entries({ ...wanted.dependencies, ...wanted.optionalDependencies })
    .filter(([name, version]) => {
      const file = join(folder, 'node_modules', name, 'package.json');
      return !existsSync(file) || JSON.parse(readFileSync(file, 'utf8')).version !== version;
    })
    .map(([name, version]) => `${name}@${version}`);
}

/** @returns whether all of them are there; what is missing is said on standard error */
export function installAgents() {
  if (missing().length === 0) return true;
  const started = performance.now();
  process.stderr.write(`Installing the agents of the tests (${missing().join(', ')}; about 600 MB) …\n`);
  spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  });
  const left = missing();
  const took = ((performance.now() - started) / 1000).toFixed(0);
  process.stderr.write(
    left.length === 0
      ? `Installed in ${took} s\n`
      : `Not there: ${left.join(', ')}. Their tests fail; they need Linux on x64 and a package registry.\n`,
  );
  return left.length === 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(installAgents() ? 0 : 1);
}
