// `npm run bench:web`: each of them, also where one before it missed a limit; ends with 1 where any did.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let missed = false;
for (const name of ['board', 'transcript', 'memory']) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  if (spawnSync(process.execPath, [file], { stdio: 'inherit' }).status !== 0) missed = true;
}
process.exit(missed ? 1 : 0);
