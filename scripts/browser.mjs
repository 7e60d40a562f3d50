// Finds a Chromium for the browser tests and the screenshots, and installs Debian's where there is none and we may.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a Chromium (`MC_CHROMIUM` wins, then PATH, then what playwright has downloaded), or null. */
export async function findBrowser() {
  if (process.env.MC_CHROMIUM) return process.env.MC_CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  if (isExecutable(MAC)) return MAC;
  const { chromium } = await import('playwright-core');
  const own = chromium.executablePath();
  return existsSync(own) ? own : null;
}

/** The path of a Chromium, installed if need be; null with a sentence on standard error where that is not possible. */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found !== null) return found;
  const isDebian = existsSync('/usr/bin/apt-get');
  if (!isDebian || process.getuid?.() !== 0) {
    const how = isDebian ? 'sudo apt-get install chromium' : 'npx playwright-core install chromium';
    process.stderr.write(
      `The browser tests need Chromium, and none was found. Type: ${how}\n(or set MC_CHROMIUM to one you have).\n`,
    );
    return null;
  }
  process.stderr.write('Installing chromium (apt-get) …\n');
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-y', ...args], {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const install = () => apt('install', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
  if (!install()) {
    apt('update');
    if (!install()) process.stderr.write('apt-get could not install chromium; see above.\n');
  }
  return findBrowser();
}
