/**
 * What README.md promises a newcomer: `npm start -- --demo` comes through its cycle by itself, the commands that the
 * README names do what it says, and a second start does no harm. Everything is done as a person does it, by `mctl`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InboxItem, Page, Runner, Ticket } from '../../src/contract/shapes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let folder: string;
let dataDir: string;
let server: ChildProcess | undefined;
let said: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mc-demo-')));
  dataDir = join(folder, 'data');
});

afterEach(async () => {
  const runners = server === undefined ? [] : (await json<Page<Runner>>('runner', 'list')).items;
  await stop();
  for (const { pid } of runners) if (pid !== null) process.kill(pid, 'SIGTERM');
  await until(
    () => runners.every(({ pid }) => pid === null || !existsSync(`/proc/${pid}`)),
    'the runner left',
  );
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  said = '';
  const child = spawn(
    process.execPath,
    ['scripts/start.mjs', '--demo', '--data-dir', dataDir, '--port', '0', '--max-workers', '2'],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  server = child;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (/^\{.*"listening"/m.test(text)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the server left with ${code}: ${said}`)));
  });
}

async function stop(): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function mctl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, MC_DATA_DIR: dataDir, MC_URL: '', MC_ADMIN_TOKEN: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'dist/cli/mctl.js'), ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await mctl('--json', ...args);
  if (code !== 0) throw new Error(`mctl ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string, withinMs = 60_000): Promise<void> {
  for (const end = Date.now() + withinMs; !(await isSo());) {
    if (Date.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}. The server said: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function tickets(): Promise<Map<string, Ticket>> {
  const { items } = await json<Page<Ticket>>('list', '--all');
  return new Map(items.map((ticket) => [ticket.key, ticket]));
}

const evidenceOf = (ticket: Ticket | undefined): string[] =>
  (ticket?.evidence ?? []).filter(({ required }) => required).map(({ kind, state }) => `${kind} ${state}`);

test('the demo comes through its cycle, people finish it, and a second start does no harm', async () => {
  await start();
  const reached = [
    'DEMO-1 done',
    'DEMO-2 needs_input',
    'DEMO-3 needs_input',
    'DEMO-4 in_review',
    'DEMO-5 todo',
    'DEMO-6 todo',
  ];
  // Which of them comes last depends on the machine: all of it is waited for.
  await until(
    async () => {
      const now = await tickets();
      const statuses = [...now.values()].map(({ key, status }) => `${key} ${status}`);
      const isVerified = now.get('DEMO-4')?.nextAction.text === 'Decide the review';
      const inbox = await json<Page<InboxItem>>('inbox');
      const kinds = new Set(inbox.items.map(({ kind }) => kind));
      const asked = ['question', 'review', 'attempts_exhausted'].every((kind) =>
        kinds.has(kind as InboxItem['kind']),
      );
      return asked && isVerified && statuses.sort().join() === reached.join();
    },
    `a question, a review and spent attempts wait for a person: ${reached.join(', ')}`,
  );

  const before = await tickets();
  expect(evidenceOf(before.get('DEMO-1')).sort()).toEqual([
    'check verified',
    'commit verified',
    'signal verified',
  ]);
  expect(evidenceOf(before.get('DEMO-2'))).toContain('check refuted');
  expect((await mctl('evidence', 'output', 'DEMO-2', 'test')).out).toContain('999 !== 1000');
  expect(before.get('DEMO-5')?.whyNotRunning?.code).toBe('blocked_by');
  expect(before.get('DEMO-6')?.whyNotRunning?.code).toBe('assignee_not_runnable');

  for (const args of [
    ['answer', 'DEMO-3', '--choice', '1'],
    ['inbox', 'act', 'DEMO-4', 'accept', '--reason', 'reads well'],
    ['inbox', 'act', 'DEMO-2', 'retry', '--profile', 'demo_agent', '--reason', 'someone honest, please'],
    ['move', 'DEMO-6', 'hand_in', '--summary', 'They split bills.'],
  ]) {
    expect(await mctl(...args)).toMatchObject({ code: 0, err: '' });
  }
  await until(
    async () => [...(await tickets()).values()].every(({ status }) => status === 'done'),
    'all are done',
  );
  expect((await mctl('attempt', 'diff', 'DEMO-3')).out).toContain('+  return `€${amount}`;');
  expect((await mctl('attempt', 'list', 'DEMO-3')).out).toMatch(/^1 +Submitted/m);
  expect((await mctl('verify')).code).toBe(0);
  expect(await mctl('doctor')).toMatchObject({ code: 0 });

  await stop();
  await start();
  await until(() => said.includes('The demo is there already'), 'the second start says so');
  expect((await tickets()).size).toBe(6);
}, 180_000);

test('mctl tells a server that does not run from one that refuses', async () => {
  expect((await mctl('list')).code).toBe(5);
  await start();
  expect((await mctl('list', '--token', 'wrong')).code).toBe(3);
  expect((await mctl('show', 'DEMO-99')).code).toBe(3);
  expect((await mctl('show', 'nonsense')).code).toBe(2);
  expect((await mctl('show', '--nonsense')).code).toBe(2);
}, 60_000);
