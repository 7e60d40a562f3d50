// The page of an attempt with a million lines: how long until all of them are there, and whether anything that one does
// with them holds the page up. Built app in Chromium against the built server.
//   node bench/web/transcript.mjs [--lines=1000000] [--json=FILE]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.mjs';
import { apiOf, startServer } from '../support/server.mjs';

const args = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=')));
const LINES = Number(args.get('lines') ?? 1_000_000);
const ITEM = 60_000;
const ROUNDS = Number(args.get('rounds') ?? 5);

const repository = mkdtempSync(join(tmpdir(), 'mc-bench-repository-'));
const git = (...words) =>
  execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', ...words], {
    cwd: repository,
    stdio: 'ignore',
  });
git('init', '-b', 'main');
git('commit', '--allow-empty', '-m', 'First');

/** An attempt whose output is sent as a runner would send it. */
async function beginAttempt(server, title) {
  const admin = apiOf(server.url, server.token);
  const { token } = await admin('POST', '/tokens', { role: 'runner', name: title });
  const runner = apiOf(server.url, token);
  const { id } = await runner('POST', '/runners', { name: title, slots: 1, version: '1' });
  await admin('POST', '/tickets', { project: 'B', title, status: 'todo' });
  for (;;) {
    const { offers } = await runner('POST', `/runners/${id}/poll`, { freeSlots: 1, waitMs: 5000 });
    if (offers.length === 0) continue;
    const [{ attempt, fence }] = offers;
    await runner('POST', `/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40) });
    let seq = 0;
    const write = async (text, stream) => {
      for (let from = 0; from < text.length; from += ITEM) {
        seq += 1;
        const item = { seq, at: new Date().toISOString(), stream, text: text.slice(from, from + ITEM) };
        await runner('POST', `/attempts/${attempt}/output`, { fence, items: [item] });
      }
    };
    return { id: attempt, write };
  }
}

const words = 'compiling checking reading writing resolving linking testing skipping'.split(' ');
const lineOf = (n) =>
  `${n} ${words[n % words.length]} src/module-${n % 977}/file-${n % 4099}.ts ${n % 50 === 0 ? '\u001b[33mslow\u001b[0m' : 'ok'}`;
function* batches(make) {
  let text = '';
  for (let n = 1; n <= LINES; n += 1) {
    text += make(n);
    if (text.length > 8 * ITEM || n === LINES) {
      yield text;
      text = '';
    }
  }
}
/** A hundred lines of output in each tool call, with a word of the agent's before it. */
const entryOf = (n) => {
  if (n % 100 !== 0) return '';
  const output = Array.from({ length: 98 }, (_, i) => lineOf(n - 98 + i)).join('\n');
  const say = { kind: 'message', id: `m${n}`, text: `Step ${n / 100}: I run the build once more.\n` };
  const tool = {
    kind: 'tool',
    id: `t${n}`,
    title: `make step-${n / 100}`,
    tool: 'execute',
    state: 'completed',
    input: `make step-${n / 100}`,
    output,
    exitCode: 0,
  };
  return `${JSON.stringify(say)}\n${JSON.stringify(tool)}\n`;
};

async function measure(page, name, attempt, url, end) {
  await page.goto(`${url}/attempts/${attempt}`);
  const log = page.getByRole('log');
  const opened = performance.now();
  await page.getByText(end.count).waitFor({ timeout: 180_000 });
  await log.getByText(end.text).first().waitFor({ timeout: 60_000 });
  const loadedMs = performance.now() - opened;
  const tasksOfLoading = await page.evaluate(() => globalThis.longTasks.splice(0));
  /** Several times: the machine has other work, and one pause says little. */
  const act = async (what) => {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await page.evaluate(() => {
        globalThis.longTasks.length = 0;
        globalThis.frames.length = 0;
      });
      await what(round);
      await page.waitForTimeout(400);
      rounds.push(
        await page.evaluate(() => ({
          task: Math.max(0, ...globalThis.longTasks),
          frame: Math.max(0, ...globalThis.frames),
        })),
      );
    }
    const spread = (name) => {
      const sorted = rounds.map((each) => each[name]).sort((x, y) => x - y);
      return { median: sorted[Math.floor(sorted.length / 2)], worst: sorted.at(-1) };
    };
    return { task: spread('task'), frame: spread('frame') };
  };
  await log.hover();
  const wheel = await act(async () => {
    for (let i = 0; i < 60; i += 1) await page.mouse.wheel(0, i % 3 === 2 ? 900 : -2000);
  });
  const jump = await act(async () => {
    for (const part of [0.1, 0.9, 0.33, 0.66, 0.5, 0]) {
      await log.evaluate((box, at) => {
        box.scrollTop = box.scrollHeight * at;
      }, part);
      await page.waitForTimeout(150);
    }
  });
  await page.getByRole('button', { name: 'Find' }).click();
  const times = [];
  const find = await act(async (round) => {
    const looked = performance.now();
    await page.getByRole('searchbox').fill(end.rare(round));
    await page.getByText(/^1 of 1$/).waitFor({ timeout: 60_000 });
    times.push(performance.now() - looked);
    await page.getByRole('searchbox').fill('');
  });
  const findMs = times.sort((x, y) => x - y)[Math.floor(times.length / 2)];
  const memory = await page.evaluate(() => performance.memory.usedJSHeapSize / 2 ** 20);
  return {
    name,
    loadedMs,
    loading: Math.max(0, ...tasksOfLoading),
    wheel,
    jump,
    find,
    findMs,
    memoryMiB: memory,
  };
}

const server = await startServer();
const executablePath = await findBrowser();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--enable-precise-memory-info'],
});
try {
  const admin = apiOf(server.url, server.token);
  await admin('POST', '/profiles', { id: 'bench', adapter: 'command', command: ['true'] });
  await admin('POST', '/projects', {
    key: 'B',
    name: 'Bench',
    repository: { path: repository },
    defaultProfile: 'bench',
  });
  const rows = [];
  for (const kind of ['output', 'transcript']) {
    const attempt = await beginAttempt(server, kind);
    const isTranscript = kind === 'transcript';
    for (const text of batches(isTranscript ? entryOf : (n) => `${lineOf(n)}\n`))
      await attempt.write(text, isTranscript ? 'transcript' : 'stdout');
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      globalThis.frames = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.longTasks.push(entry.duration);
      }).observe({ entryTypes: ['longtask'] });
      let last = performance.now();
      const frame = (now) => {
        globalThis.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    const link = await admin('POST', '/sign-in-links');
    await page.goto(link.url);
    await page.waitForURL(`${server.url}/`);
    const entries = (2 * LINES) / 100;
    const end = isTranscript
      ? {
          count: `${entries.toLocaleString('en-US')} entries`,
          text: `make step-${LINES / 100}`,
          rare: (round) => `make step-${LINES / 200 + 1 + round} `,
        }
      : {
          count: `${LINES.toLocaleString('en-US')} lines`,
          text: lineOf(LINES).slice(0, 20),
          rare: (round) => `${LINES / 2 + 1 + round} `,
        };
    rows.push(await measure(page, kind, attempt.id, server.url, end));
    await context.close();
  }
  const ms = (value) => `${value.toFixed(0)} ms`;
  const both = ({ median, worst }) => `${ms(median)}, worst ${ms(worst)}`;
  for (const row of rows) {
    process.stdout.write(
      `${row.name}, ${LINES.toLocaleString('en-US')} lines: all read in ${ms(row.loadedMs)}, longest task while reading ${ms(row.loading)}\n` +
        `  longest task, median of ${ROUNDS}: wheel ${both(row.wheel.task)}; jumps ${both(row.jump.task)}; looking through all of it ${both(row.find.task)}\n` +
        `  longest frame: wheel ${both(row.wheel.frame)}; jumps ${both(row.jump.frame)}; looking ${both(row.find.frame)}; found in ${ms(row.findMs)}\n` +
        `  script memory ${row.memoryMiB.toFixed(0)} MiB\n`,
    );
  }
  if (args.has('json')) {
    mkdirSync('bench-results', { recursive: true });
    writeFileSync(args.get('json'), JSON.stringify({ lines: LINES, rows }, null, 1));
  }
} finally {
  await browser.close();
  await server.stop();
  rmSync(repository, { recursive: true, force: true });
}
