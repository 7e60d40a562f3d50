// The services of Mission Control on a store of a benchmark's own, in this process: what the figures about services,
// and not about HTTP, are measured with. Imports what was built.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './server.mjs';

const built = (path) => import(join(root, 'dist', path));

/**
 * @param {{databaseUrl?: string, workers?: number, requires?: string[], dataDir?: string}} [options] `databaseUrl` for
 *   PostgreSQL, else SQLite in a file, with `synchronous=FULL`
 */
export async function openWorld(options = {}) {
  const workers = options.workers ?? 10_000;
  const folder = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mc-bench-world-'));
  const [
    { createDeps },
    { readSettings },
    { openSqliteStore },
    configuration,
    tickets,
    change,
    { Dispatcher },
  ] = await Promise.all([
    built('server.js'),
    built('settings.js'),
    built('store/sqlite/sqlite-store.js'),
    built('services/configuration.js'),
    built('services/tickets.js'),
    built('services/change-ticket.js'),
    built('loops/dispatcher.js'),
  ]);
  const { registerProfile, registerProject } = await built('services/projects.js');
  const { registerRunner } = await built('services/runners.js');
  const { RUNNER_PROTOCOL } = await built('domain/runner-protocol.js');
  const { SYSTEM_JOBS } = await built('domain/words.js');
  const settings = readSettings([], { MC_DATA_DIR: folder, MC_MAX_WORKERS: String(workers) }, folder);
  const store = options.databaseUrl
    ? await (await built('store/postgres/postgres-store.js')).openPostgresStore({ url: options.databaseUrl })
    : openSqliteStore({ path: join(folder, 'mission-control.db') });
  const deps = await createDeps(store, settings);
  const admin = { actor: { kind: 'human', id: 'bench' }, role: 'admin' };
  const runnerCaller = { actor: { kind: 'runner', id: 'run_bench' }, role: 'runner', tokenId: 'bench' };
  await configuration.ensureJobs(deps, SYSTEM_JOBS);
  if (!(await store.document('project', 'B'))) {
    await configuration.changePolicy(deps, admin, { maxWorkers: workers });
    fine(await registerProfile(deps, admin, 'noop', { adapter: 'command', command: ['true'] }));
    deps.inspect = {
      ...deps.inspect,
      repository: async () => ({ usable: true, message: '', defaultBranch: 'main' }),
      command: async (subject) => ({ ok: true, subject, message: '' }),
    };
    fine(
      await registerProject(deps, admin, 'B', {
        name: 'Bench',
        repository: { path: '/bench' },
        defaultProfile: 'noop',
        completion: {
          requires: options.requires ?? ['signal'],
          checks: [],
          decidedBy: 'policy',
          onAccept: 'leave_branch',
        },
      }),
    );
  }
  fine(
    await registerRunner(deps, runnerCaller, {
      name: 'bench',
      slots: workers,
      labels: [],
      kinds: ['attempt', 'verify'],
      software: '0',
      pid: null,
      containment: [],
      protocol: RUNNER_PROTOCOL,
    }),
  );
  const dispatcher = new Dispatcher(deps, `srv_${process.pid}`);
  return {
    deps,
    store,
    dispatcher,
    admin,
    runnerCaller,
    dataDir: folder,
    built,
    /** @returns the keys of that many new tickets */
    async addTickets(count, status = 'todo', more = {}) {
      const keys = [];
      for (let made = 0; made < count; made += 500) {
        const batch = Math.min(500, count - made);
        const results = await Promise.all(
          Array.from({ length: batch }, (_, i) =>
            tickets.createTicket(deps, admin, { project: 'B', status, fields: fieldsOf(made + i, more) }),
          ),
        );
        for (const result of results) keys.push(fine(result).ticket.key);
      }
      return keys;
    },
    seen: async () => store.seen('run_bench', await store.now(), false),
    transition: (key, transition, more = {}) =>
      tickets.transitionTicket(deps, admin, key, { transition, ...more }, {}),
    changeTicket: change.changeTicket,
    async close() {
      await dispatcher.release();
      await store.close();
      if (options.dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a service answered, or an error where it refused: a benchmark of refusals would be fast. */
/** @returns what was answered, where nothing was refused */
export function fine(result) {
  if (result?.refused === true) throw new Error(`${result.code}: ${result.detail}`);
  return result;
}

const WORDS = 'cents bill rounding login page export cache index retry parser colour border'.split(' ');

function fieldsOf(n, more) {
  return {
    title: `${WORDS[n % 12]} of the ${WORDS[(n * 7) % 12]} is wrong in case ${n}`,
    description: `What happens, and what should: ${WORDS[(n * 5) % 12]}. `.repeat(3),
    priority: n % 5,
    assignee: null,
    campaign: null,
    profile: null,
    labels: n % 3 === 0 ? ['bug'] : [],
    acceptanceCriteria: ['it is right in that case'],
    blockedBy: [],
    completion: null,
    budget: null,
    notBefore: null,
    ...more,
  };
}
