// The Node on which the programs that compute most run: 24 where this is older and npm can bring it, as it takes two
// thirds of the time for the simulation; else the one that runs this.
import { spawnSync } from 'node:child_process';

const WANTED = 24;

/** @returns the path of a Node, and its version in words */
export function newerNode() {
  const own = { path: process.execPath, version: process.version };
  if (Number(process.versions.node.split('.')[0]) >= WANTED) return own;
  const words = ['--yes', `node@${WANTED}`, '-p', 'JSON.stringify([process.execPath, process.version])'];
  const found = spawnSync('npx', words, { encoding: 'utf8', timeout: 180_000 });
  try {
    const [path, version] = JSON.parse(found.stdout.trim().split('\n').at(-1));
    return { path, version };
  } catch {
    return own;
  }
}
