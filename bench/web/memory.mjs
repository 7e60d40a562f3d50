// Whether an open app grows: an hour of a busy installation (a hundred tickets, each claimed, worked on with progress,
// handed in, decided) is replayed at speed against a board, a ticket and the inbox that stay open in Chromium. The heap of
// each page is measured after a forced collection, at the start, at eight points and at the end.
//   node bench/web/memory.mjs [--tickets=100] [--progress=40] [--rounds=1] [--json=FILE]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.mjs';
import { apiOf, startServer } from '../support/server.mjs';

const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const TICKETS = Number(args.get('tickets') ?? 100);
const PROGRESS = Number(args.get('progress') ?? 40);
const SLOTS = 4;
const POINTS = 8;
/** What the second half of the hour may add to a page, MiB: its fifty tickets are kept for reading offline, and nothing else. */
const MOST_GROWTH_MIB = 0.75;

const repository = mkdtempSync(join(tmpdir(), 'mc-bench-repository-'));
for (const words of [
  ['init', '-b', 'main'],
  ['commit', '--allow-empty', '-m', 'First'],
])
  execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', ...words], {
    cwd: repository,
    stdio: 'ignore',
  });
const server = await startServer({ MC_MAX_WORKERS: String(SLOTS), MC_TICK_SECONDS: '1' });
const admin = apiOf(server.url, server.token);
const browser = await chromium.launch({
  executablePath: await findBrowser(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--enable-precise-memory-info'],
});

/** A runner without agents: each offer is worked on at once, by this process. */
async function startRunner() {
  const { token } = await admin('POST', '/tokens', { role: 'runner', name: 'bench' });
  const runner = apiOf(server.url, token);
  const { id } = await runner('POST', '/runners', { name: 'bench', slots: SLOTS, version: '1' });
  let isOver = false;
  const free = { slots: SLOTS };
  const work = async ({ attempt, fence, token: own }) => {
    const worker = apiOf(server.url, own);
    await runner('POST', `/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40), branch: 'b' });
    for (let i = 0; i < PROGRESS; i += 1)
      await worker('POST', `/attempts/${attempt}/signals`, {
        type: 'progress',
        text: `Step ${i}: ${'reading, changing, trying '.repeat(4)}`,
        percent: Math.round((100 * i) / PROGRESS),
      });
    await worker('POST', `/attempts/${attempt}/signals`, {
      type: 'submit',
      summary: 'It is done, says the worker.',
    });
    await runner('POST', `/attempts/${attempt}/end`, { fence, outcome: 'submitted', treeGone: true });
  };
  const failures = [];
  const taken = new Set();
  const lane = (async () => {
    while (!isOver) {
      const { offers } = await runner('POST', `/runners/${id}/poll`, { freeSlots: free.slots, waitMs: 1000 });
      for (const offer of offers) {
        // An offer stands until it is accepted, and is made again meanwhile.
        if (taken.has(offer.attempt)) continue;
        taken.add(offer.attempt);
        free.slots -= 1;
        work(offer)
          .catch((error) => failures.push(error))
          .finally(() => {
            free.slots += 1;
          });
      }
      if (free.slots === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    failures,
    stop: async () => {
      isOver = true;
      await lane;
    },
  };
}

/** A person at the other end: decides what waits in the inbox. */
async function decideAll() {
  const { items } = await admin('GET', '/tickets?status=in_review&limit=200');
  for (const { key, version } of items)
    await admin(
      'POST',
      `/tickets/${key}/transitions`,
      { transition: 'accept' },
      { 'if-match': `"${version}"` },
    ).catch(() => undefined);
}
const seqNow = async () => (await admin('GET', '/verify')).head?.seq ?? 0;

const heaps = {};
let events = 0;
let seconds = 0;
try {
  await admin('POST', '/profiles', { id: 'bench', adapter: 'command', command: ['true'] });
  await admin('POST', '/projects', {
    key: 'B',
    name: 'Bench',
    repository: { path: repository },
    defaultProfile: 'bench',
  });
  // What stands on the board already.
  for (let n = 0; n < 150; n += 1)
    await admin('POST', '/tickets', { project: 'B', title: `Waits in the backlog ${n}`, priority: n % 5 });
  const watched = await admin('POST', '/tickets', {
    project: 'B',
    title: 'The one that is looked at',
    assignee: 'ada',
  });

  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
  });
  const { url: link } = await admin('POST', '/sign-in-links', {});
  const entry = await context.newPage();
  await entry.goto(link);
  await entry.waitForURL(`${server.url}/`);
  await entry.close();
  const pages = [];
  for (const [name, path] of [
    ['board', '/board'],
    ['ticket', `/tickets/${watched.key}`],
    ['inbox', '/inbox'],
  ]) {
    const page = await context.newPage();
    await page.goto(server.url + path);
    await page.locator('#main h1, #main h2').first().waitFor();
    const devtools = await context.newCDPSession(page);
    await devtools.send('HeapProfiler.enable');
    heaps[name] = [];
    pages.push({ name, page, devtools });
  }
  const measure = async () => {
    for (const { name, page, devtools } of pages) {
      await page.bringToFront();
      await page.waitForTimeout(700);
      for (let i = 0; i < 3; i += 1) await devtools.send('HeapProfiler.collectGarbage');
      const { usedSize } = await devtools.send('Runtime.getHeapUsage');
      const { nodes } = await devtools.send('Memory.getDOMCounters');
      heaps[name].push({ mib: usedSize / 2 ** 20, nodes });
    }
  };
  const runner = await startRunner();
  const start = await seqNow();
  const began = performance.now();
  await pages[0].page.waitForTimeout(1500);
  await measure();
  for (let point = 0; point < POINTS; point += 1) {
    const keys = [];
    for (let n = 0; n < Math.ceil(TICKETS / POINTS); n += 1)
      keys.push(
        (
          await admin('POST', '/tickets', {
            project: 'B',
            title: `Work ${point}.${n}: ${'as people describe it '.repeat(2)}`,
            description: 'What should be true afterwards, in a sentence or two. '.repeat(5),
            priority: n % 5,
            status: 'todo',
            completion: { requires: ['signal'], decidedBy: n % 2 === 0 ? 'policy' : 'human' },
          })
        ).key,
      );
    for (let left = keys.length; left > 0;) {
      await decideAll();
      await admin('POST', `/tickets/${watched.key}/comments`, { text: `Seen at ${point}, ${left} left` });
      const open = await admin('GET', '/tickets?status=todo,in_progress,in_review&limit=200');
      left = open.items.filter(({ key }) => keys.includes(key)).length;
      if (runner.failures.length > 0) throw runner.failures[0];
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await measure();
    process.stderr.write(
      `${point + 1}/${POINTS}: ${pages.map(({ name }) => `${name} ${heaps[name].at(-1).mib.toFixed(2)} MiB`).join(', ')}\n`,
    );
  }
  events = (await seqNow()) - start;
  seconds = (performance.now() - began) / 1000;
  await runner.stop();
} finally {
  await browser.close();
  await server.stop();
  rmSync(repository, { recursive: true, force: true });
}

const figures = Object.entries(heaps).map(([name, all]) => {
  const mib = all.map((each) => Math.round(each.mib * 100) / 100);
  const growth = Math.round((mib.at(-1) - mib[POINTS / 2]) * 100) / 100;
  return {
    page: name,
    mib,
    nodes: all.map((each) => each.nodes),
    growthOfSecondHalf: growth,
    missed: growth > MOST_GROWTH_MIB,
  };
});
process.stdout.write(`${events} events in ${seconds.toFixed(0)} s\n`);
for (const { page, mib, nodes, growthOfSecondHalf, missed } of figures)
  process.stdout.write(
    `${page.padEnd(8)} ${mib.map((each) => each.toFixed(2)).join(' ')} MiB; nodes ${nodes[0]} to ${nodes.at(-1)}; second half +${growthOfSecondHalf} (at most ${MOST_GROWTH_MIB}) ${missed ? 'MISSED' : ''}\n`,
  );
const file = args.get('json') ?? 'bench-results/memory.json';
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify({ tickets: TICKETS, events, seconds, figures }, null, 2)}\n`);
process.exit(figures.some(({ missed }) => missed) ? 1 : 0);
