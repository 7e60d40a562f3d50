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

async function api(method, path, body, headers = {}) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(join(dataDir, 'admin.token'), 'utf8').trim()}`,
      ...(body && { 'content-type': 'application/json' }),
      ...headers,
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

/** A real attempt by an agent that says how far it is and goes on until it is stopped: someone is at work in the pictures. */
async function letSomeoneWork() {
  const says = [
    'echo "Reading test/split.test.mjs"',
    'mc-coord progress "Reading how amounts are rounded" --percent 15 >/dev/null',
    'echo "3 of 5 tests pass; the two about halves fail"',
    'mc-coord progress "Two of five rounding tests still fail" --percent 60 >/dev/null',
    'sleep 3600',
  ];
  await api('POST', '/profiles', { id: 'demo_rounding', adapter: 'command', command: says.join('; ') });
  const { key } = await api('POST', '/tickets', {
    project: 'DEMO',
    title: 'Round half a cent to the even one',
    profile: 'demo_rounding',
    status: 'todo',
    priority: 1,
  });
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const ticket = await api('GET', `/tickets/${key}`);
    if (ticket.attempt?.lastProgress?.percent === 60) return key;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`Nobody was at work on ${key} within a minute`);
}

async function stopWorker(key) {
  const { version } = await api('GET', `/tickets/${key}`);
  await api('POST', `/tickets/${key}/transitions`, { transition: 'cancel' }, { 'if-match': `"${version}"` });
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    const { attempt } = await api('GET', `/tickets/${key}`);
    if (attempt === null || ['ended', 'over'].includes(attempt.state)) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const { done, inbox } = await waitForCycle();
const working = await letSomeoneWork();
const itemOf = (kind) => inbox.find((item) => item.kind === kind);
const ticketOf = (kind) => `/tickets/${itemOf(kind).ticket}`;
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
  { name: 'ticket-working', path: `/tickets/${working}` },
  { name: 'attempt', path: `/attempts/${done.attempt.id}` },
  { name: 'inbox', path: '/inbox' },
  { name: 'decision', path: `/inbox/${itemOf('review').id}` },
  { name: 'decision-question', path: `/inbox/${itemOf('question').id}` },
  { name: 'decision-exhausted', path: `/inbox/${itemOf('attempts_exhausted').id}` },
  { name: 'alerts', path: '/alerts' },
  { name: 'agents', path: '/agents' },
  { name: 'jobs', path: '/jobs' },
  { name: 'trust', path: '/trust' },
  { name: 'settings', path: '/settings' },
  { name: 'notifications', path: '/notifications' },
  { name: 'settings-notifications', path: '/settings#notifications' },
  { name: 'help', path: '/help' },
  { name: 'new-ticket', path: '/board', act: (page) => page.keyboard.press('c') },
  { name: 'edit-ticket', path: ticketOf('review'), act: (page) => page.keyboard.press('e') },
  { name: 'shortcuts', path: '/', act: (page) => page.keyboard.press('?') },
  { name: 'pause', path: '/', act: (page, isPhone) => pressPause(page, isPhone) },
  { name: 'palette', path: '/', act: (page) => openPalette(page, 'bill') },
  { name: 'bulk', path: '/board?view=list&status=all', act: chooseThree },
  {
    name: 'bulk-priority',
    path: '/board?view=list&status=all',
    act: async (page) => {
      await chooseThree(page);
      await page.keyboard.press('p');
    },
  },
  { name: 'move', path: ticketOf('review'), act: (page) => page.keyboard.press('s') },
  { name: 'review-comments', path: `${ticketOf('review')}#diff`, act: commentOnDiff },
];

async function openPalette(page, words) {
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type(words);
}

async function pressPause(page, isPhone) {
  if (!isPhone) return page.getByRole('button', { name: 'Pause all work …' }).click();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('button', { name: 'Pause …' }).click();
}

async function chooseThree(page) {
  for (let i = 0; i < 3; i += 1) {
    await page.keyboard.press('j');
    await page.keyboard.press('x');
  }
}

/** Two comments: one added to the review, one that is being written. */
async function commentOnDiff(page) {
  const lines = page.locator('[data-file] [data-line^="after"]');
  await lines.first().click();
  await page.getByRole('textbox', { name: /^Comment on/ }).fill('Say who gets the cent that is left over.');
  await page.getByRole('button', { name: 'Add to the review' }).click();
  await lines.last().click();
  await page
    .getByRole('textbox', { name: /^Comment on/ })
    .fill('An example with three people would help here.');
}
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
      for (const { name, path, width = DESKTOP.viewport.width, act } of PAGES) {
        if (!isPhone) await page.setViewportSize({ width, height: HEIGHT });
        // From elsewhere: a step within the same page would keep its dialog open.
        await page.goto('about:blank');
        await page.goto(`${url}${path}`);
        await page.locator('main').first().waitFor();
        // Lists fill after the page has loaded; the stream of events never lets the network be idle.
        await page.waitForTimeout(1000);
        if (act) {
          await act(page, isPhone);
          await page.waitForTimeout(600);
        }
        const file = `${name}${theme}.png`;
        await page.screenshot({ path: join(KEPT.has(name) && !isPhone ? images : others, file) });
        taken += 1;
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await stopWorker(working);
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
