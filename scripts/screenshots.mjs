// `npm run screenshots`: starts a server of its own with the demo, waits until there is something to see, and takes
// pictures of every page, in both themes, on a desk and a phone. What is pictured is the real thing, at work. The
// README's own are kept in docs/images/; the others go to test-results/screenshots/, to be looked at.
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
const others = join(root, 'test-results/screenshots');
const KEPT = new Set(['home', 'board', 'board-timeline']);
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

/** Work done, a question asked, a review to decide, and nobody at work: then every page has something on it. */
async function waitForCycle() {
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    const { items } = await api('GET', '/tickets?project=DEMO&limit=200');
    const { items: inbox } = await api('GET', '/inbox?state=pending');
    const kinds = new Set(inbox.map((item) => item.kind));
    const isCalm = items.every((ticket) => ticket.status !== 'in_progress' && ticket.runtime !== 'verifying');
    const hasDone = items.some((ticket) => ticket.status === 'done');
    if (hasDone && isCalm && ['review', 'question', 'attempts_exhausted'].every((kind) => kinds.has(kind))) {
      return { done: items.find((ticket) => ticket.status === 'done'), inbox };
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('The demo did not come through its cycle within two minutes');
}

const { done, inbox } = await waitForCycle();
const ticketOf = (kind) => `/tickets/${inbox.find((item) => item.kind === kind).ticket}`;
const PAGES = [
  { name: 'home', path: '/' },
  { name: 'board', path: '/board', width: 1440 },
  { name: 'board-list', path: '/board?view=list&status=all', width: 1440 },
  { name: 'board-timeline', path: '/board?view=timeline', width: 1440 },
  { name: 'board-by-agent', path: '/board?group=agent&status=all', width: 1440 },
  { name: 'ticket-done', path: `/tickets/${done.key}` },
  { name: 'ticket-question', path: ticketOf('question') },
  { name: 'ticket-review', path: `${ticketOf('review')}#diff` },
  { name: 'ticket-refuted', path: ticketOf('attempts_exhausted') },
  { name: 'attempt', path: `/attempts/${done.attempt.id}` },
  { name: 'inbox', path: '/inbox' },
  { name: 'decision', path: `/inbox/${inbox.find((item) => item.kind === 'review').id}` },
  { name: 'alerts', path: '/alerts' },
  { name: 'agents', path: '/agents' },
  { name: 'jobs', path: '/jobs' },
  { name: 'trust', path: '/trust' },
  { name: 'settings', path: '/settings' },
  { name: 'notifications', path: '/notifications' },
  { name: 'settings-notifications', path: '/settings#notifications' },
  { name: 'help', path: '/help' },
];
const HEIGHT = 900;
const DESKTOP = { viewport: { width: 1280, height: HEIGHT } };
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

mkdirSync(images, { recursive: true });
mkdirSync(others, { recursive: true });
let taken = 0;
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
    for (const device of [DESKTOP, PHONE]) {
      const isPhone = device === PHONE;
      const context = await browser.newContext({ ...device, colorScheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      await page.goto(`${url}/sign-in`);
      await page.locator('main').first().waitFor();
      await page.waitForTimeout(500);
      const theme = `${isPhone ? '-phone' : ''}-${colorScheme}`;
      await page.screenshot({ path: join(others, `sign-in${theme}.png`) });
      taken += 1;
      const { url: signIn } = await api('POST', '/sign-in-links', {});
      await page.goto(signIn);
      await page.waitForURL(`${url}/`);
      for (const { name, path, width = DESKTOP.viewport.width } of PAGES) {
        if (!isPhone) await page.setViewportSize({ width, height: HEIGHT });
        await page.goto(`${url}${path}`);
        await page.locator('main').first().waitFor();
        // Lists fill after the page has loaded; the stream of events never lets the network be idle.
        await page.waitForTimeout(1000);
        const file = `${name}${theme}.png`;
        await page.screenshot({ path: join(KEPT.has(name) && !isPhone ? images : others, file) });
        taken += 1;
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  const { items: runners } = await api('GET', '/runners');
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  // A runner outlives its server by design; this one's work is done.
  for (const { pid } of runners) process.kill(pid, 'SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
}
process.stdout.write(
  `${taken} pictures: the README’s in docs/images, the others in test-results/screenshots\n`,
);
process.exit(0);
