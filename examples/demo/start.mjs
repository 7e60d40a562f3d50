// The demo: a sample repository with a test that really fails, and tickets that show what can become of work. It knows
// nothing of Mission Control but its public API, and makes only what is not there yet, so that a second start, or one
// after a start that was cut short, does no harm. `npm start -- --demo` runs it beside the server;
// `node examples/demo/start.mjs --running` makes the demo on a server that runs already.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseToml } from 'smol-toml';
import { PROFILES, projectIn, TICKETS } from './plan.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Where the server that started this script keeps its data: its flag, its environment, its settings file, its default. */
function findDataDirectory() {
  const flag = process.argv.findIndex((word) => word === '--data-dir' || word.startsWith('--data-dir='));
  const given =
    flag === -1 ? process.env.MC_DATA_DIR : (process.argv[flag].split('=')[1] ?? process.argv[flag + 1]);
  const configured = given || readSettingsFile().data_dir;
  if (configured) return resolve(configured);
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'mission-control');
}

function readSettingsFile() {
  const flag = process.argv.indexOf('--config');
  return parseToml(
    readIfThere(flag === -1 ? process.env.MC_CONFIG || 'mission-control.toml' : process.argv[flag + 1]),
  );
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const dataDir = findDataDirectory();

/** Waits until the process that started this script listens; a record of an earlier server has another pid. */
async function waitForServer() {
  const starter = process.ppid;
  for (;;) {
    try {
      const record = JSON.parse(readIfThere(join(dataDir, 'server.json')));
      if (record.pid === starter || process.argv.includes('--running')) return record.url;
    } catch {
      // Not there yet, or half written.
    }
    if (process.ppid !== starter) process.exit(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const url = await waitForServer();
const token =
  process.env.MC_ADMIN_TOKEN ||
  readIfThere(process.env.MC_ADMIN_TOKEN_FILE || join(dataDir, 'admin.token')).trim();

async function call(method, path, body, key) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(`${method} ${path}: ${answer.title}: ${answer.detail}`), {
    code: answer.code,
  });
}

async function unlessThere(make) {
  try {
    return await make();
  } catch (error) {
    if (error.code !== 'already_exists') throw error;
    return null;
  }
}

/** Copies the sample into a repository of its own; one that is there is left as it is. */
function makeRepository() {
  const repository = join(dataDir, 'demo', 'fair-share');
  if (existsSync(join(repository, '.git', 'refs', 'heads', 'main'))) return repository;
  rmSync(repository, { recursive: true, force: true });
  mkdirSync(dirname(repository), { recursive: true });
  cpSync(join(here, 'repository'), repository, { recursive: true });
  const git = (...args) =>
    execFileSync(
      'git',
      ['-C', repository, '-c', 'user.name=Demo', '-c', 'user.email=demo@localhost', ...args],
      { stdio: 'ignore' },
    );
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Split a bill among friends');
  return repository;
}

try {
  for (const profile of PROFILES) await unlessThere(() => call('POST', '/profiles', profile));
  await unlessThere(() => call('POST', '/projects', projectIn(makeRepository())));
  const { items } = await call('GET', '/tickets?project=DEMO&limit=200');
  const keys = new Map(items.map((ticket) => [ticket.title, ticket.key]));
  const before = keys.size;
  for (const { blockedBy = [], ...ticket } of TICKETS) {
    if (keys.has(ticket.title)) continue;
    const blockers = blockedBy.map((title) => keys.get(title));
    const made = await call(
      'POST',
      '/tickets',
      { ...ticket, project: 'DEMO', blockedBy: blockers },
      `demo ${ticket.title}`,
    );
    keys.set(made.title, made.key);
  }
  process.stderr.write(
    before === keys.size
      ? 'The demo is there already: project DEMO.\n'
      : `The demo has ${keys.size} tickets in project DEMO, and its agents are at work. Open the sign-in link above, or: mctl watch\n`,
  );
} catch (error) {
  process.stderr.write(`The demo could not be made: ${error.message}\n`);
  process.exitCode = 1;
}
