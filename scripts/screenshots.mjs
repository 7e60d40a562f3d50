// `npm run screenshots`: starts a server of its own with the demo, waits until there is something to see, and takes the
// pictures of docs/images/. What is pictured is the real thing, at work.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureBrowser } from './browser.mjs';
import { installMissing } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
installMissing(root);
const images = join(root, 'docs/images');
const executablePath = await ensureBrowser();
if (executablePath === null) process.exit(1);

const dataDir = mkdtempSync(join(tmpdir(), 'mission-control-pictures-'));
const server = spawn(
  process.execPath,
  ['scripts/start.mjs', '--data-dir', dataDir, '--port', '0', '--demo'],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 2],
  },
);
process.once('exit', () => server.kill('SIGTERM'));

const url = await new Promise((resolve, reject) => {
  server.once('exit', (code) => reject(new Error(`The server ended with exit code ${code}`)));
  createInterface({ input: server.stdout }).on('line', (line) => {
    if (line.startsWith('{')) resolve(JSON.parse(line).url);
  });
});

async function api(method, path, body) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(join(dataDir, 'admin.token'), 'utf8').trim()}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Something done, something asked, something to review: then every page has something on it. */
async function waitForCycle() {
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    const { items } = await api('GET', '/tickets?project=DEMO&limit=200');
    const has = (status) => items.some((ticket) => ticket.status === status);
    if (has('done') && has('needs_input') && has('in_review')) return items;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('The demo did not come through its cycle within two minutes');
}

const tickets = await waitForCycle();
const keyOf = (status) => tickets.find((ticket) => ticket.status === status).key;
const done = tickets.find((ticket) => ticket.status === 'done');
const PAGES = [
  ['home', '/'],
  ['board', '/board'],
  ['ticket-done', `/tickets/${done.key}`],
  ['ticket-question', `/tickets/${keyOf('needs_input')}`],
  ['ticket-review', `/tickets/${keyOf('in_review')}`],
  ['attempt', `/attempts/${done.attempt.id}`],
  ['inbox', '/inbox'],
  ['trust', '/trust'],
];
const SIZES = [
  { suffix: '', device: { viewport: { width: 1280, height: 800 } } },
  {
    suffix: '-phone',
    device: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  },
];

mkdirSync(images, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ],
});
try {
  for (const colorScheme of ['light', 'dark']) {
    for (const { suffix, device } of SIZES) {
      const context = await browser.newContext({ ...device, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      await page.goto((await api('POST', '/sign-in-links', {})).url);
      await page.waitForURL(`${url}/`);
      for (const [name, path] of PAGES) {
        await page.goto(`${url}${path}`);
        await page.waitForLoadState('load');
        await page.locator('main').first().waitFor();
        // Lists fill after the page has loaded; the stream of events never lets the network be idle.
        await page.waitForTimeout(800);
        await page.screenshot({ path: join(images, `${name}${suffix}-${colorScheme}.png`) });
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  rmSync(dataDir, { recursive: true, force: true });
}
process.stdout.write(`${PAGES.length * 4} pictures in docs/images\n`);
process.exit(0);
