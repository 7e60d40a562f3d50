/**
 * One server, wired: store, services, loops, transports. `main.ts` gives it settings and a process; the simulation
 * wires the same services and loops onto its own store and clock.
 */
import { createHash } from 'node:crypto';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { artifactFiles } from './artifact-files.ts';
import { SYSTEM_JOBS } from './domain/words.ts';
import { type Jobs, createJobs } from './jobs.ts';
import { Dispatcher } from './loops/dispatcher.ts';
import { runInboxKeeper } from './loops/inbox-keeper.ts';
import { type Loop, startLoop } from './loops/loop.ts';
import { Reaper } from './loops/reaper.ts';
import { runVerifier } from './loops/verifier.ts';
import { inspectCommand, inspectRepository } from './runner/inspect.ts';
import { attemptTokens } from './services/access.ts';
import { ensureJobs } from './services/configuration.ts';
import type { Deps } from './services/deps.ts';
import { applyRemedies } from './services/remedies.ts';
import { runSchedules } from './services/schedules.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store/port.ts';
import { type HttpApp, createHttpApp } from './transports/http/app.ts';

export interface RunningServer {
  deps: Deps;
  http: HttpApp;
  url: string;
  stop(): Promise<void>;
}

const PARKED_SILENCE_MS = 10 * 60 * 1000;
const REAP_EVERY_MS = 1000;
const HOUSEKEEPING_MS = 3_600_000;
const OPERATE_EVERY_MS = 15_000;
const AUDIT_EVERY_MS = 3_600_000;
const AUDIT_AFTER_MS = 60_000;

export async function createDeps(store: Store, settings: Settings): Promise<Deps> {
  const leaseMs = settings.leaseSeconds * 1000;
  return {
    store,
    timing: {
      leaseMs,
      graceMs: settings.graceSeconds * 1000,
      offerMs: settings.offerSeconds * 1000,
      dispatchLeaseMs: Math.max(settings.tickSeconds * 3000, 10_000),
      parkedSilenceMs: PARKED_SILENCE_MS,
    },
    newId: (prefix) => `${prefix}_${uuidv7().replaceAll('-', '')}`,
    random: Math.random,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    attemptToken: attemptTokens(await store.secret('attempt-tokens')),
    defaultMaxWorkers: settings.maxWorkers,
    inspect: { repository: inspectRepository, command: inspectCommand },
    artifacts: artifactFiles(settings.dataDir),
    artifactMaxBytes: settings.artifactMaxBytes,
  };
}

export async function startServer(options: {
  store: Store;
  settings: Settings;
  version: string;
  webRoot: string | null;
  log: (level: 'info' | 'error', message: string, facts?: object) => void;
}): Promise<RunningServer> {
  const { store, settings, log } = options;
  const deps = await createDeps(store, settings);
  await ensureJobs(deps, SYSTEM_JOBS);

  const dispatcher = new Dispatcher(deps, `srv_${uuidv7().replaceAll('-', '')}`);
  const jobs = createJobs(deps, dispatcher, settings.dataDir);
  let stopping = false;
  let url = '';
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = ticketGauge(registry, deps);
  const hosts = new Set(settings.hosts);
  const http = await createHttpApp({
    deps,
    hosts,
    webRoot: options.webRoot,
    onError: (error, requestId) =>
      log('error', `request ${requestId} failed`, {
        error: String(error),
        stack: error instanceof Error ? error.stack : undefined,
      }),
    system: {
      version: options.version,
      secureCookies: false,
      url: () => url,
      dispatcher: () => {
        const tick = dispatcher.lastTick;
        const state =
          tick === null
            ? 'unknown'
            : tick.outcome === 'leader'
              ? 'leader'
              : tick.outcome === 'not_leader'
                ? 'standby'
                : 'unknown';
        return {
          state,
          epoch: dispatcher.epoch,
          lastTick: tick
            ? { at: new Date(tick.at).toISOString(), outcome: tick.outcome, detail: tick.detail }
            : null,
        };
      },
      notReady: async () => {
        if (stopping) return 'the server is stopping';
        return store.ping().then(
          () => null,
          (error: unknown) =>
            `the store does not answer: ${error instanceof Error ? error.message : String(error)}`,
        );
      },
      runJob: (name) => jobs.run(name),
      metrics: async () => {
        await gauges();
        return registry.metrics();
      },
    },
  });
  await http.app.listen({ host: settings.host, port: settings.port });
  const address = http.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no address');
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  url = `http://${host}:${address.port}`;
  for (const name of [host, '127.0.0.1', 'localhost', '[::1]'])
    hosts.add(`${name}:${address.port}`.toLowerCase());

  const loops = startLoops({ deps, dispatcher, jobs, http, settings, log });
  return {
    deps,
    http,
    url,
    stop: async () => {
      stopping = true;
      await loops.stop();
      await dispatcher.release().catch(() => undefined);
      http.wakeups.close();
      http.hub.close();
      await http.app.close();
      await store.close();
    },
  };
}

/** Which events may let something start, end, or be decided. */
const STIRS =
  /^(ticket\.(created|changed|transitioned)|attempt\.(offered|started|stopping|parked|ended)|question\.|evidence\.|waiver\.|landing\.|policy\.|project\.|profile\.|campaign\.|job\.|schedule\.|runner\.)/;

function startLoops(options: {
  deps: Deps;
  dispatcher: Dispatcher;
  jobs: Jobs;
  http: HttpApp;
  settings: Settings;
  log: (level: 'info' | 'error', message: string, facts?: object) => void;
}): { stop(): Promise<void> } {
  const { deps, dispatcher, jobs, http, settings, log } = options;
  const onError = (name: string, error: unknown): void =>
    log('error', `the loop ${name} failed; it goes on`, {
      error: String(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  let timer: NodeJS.Timeout | undefined;
  let slotTimer: NodeJS.Timeout | undefined;
  // Once after the start, and whenever a project's policy may have changed under its tickets.
  let sweep = true;
  const reaper = new Reaper(deps, () => performance.now());
  const loops: Record<string, Loop> = {
    dispatcher: startLoop({
      name: 'dispatcher',
      everyMs: settings.tickSeconds * 1000,
      onError,
      runOnce: async () => {
        await dispatcher.runOnce();
        const now = await deps.store.now();
        const next = await deps.store.nextNotBefore(now);
        clearTimeout(timer);
        // A ticket's time comes between two ticks: nobody waits for the next one.
        if (next !== null)
          timer = setTimeout(() => loops['dispatcher']?.poke(), Math.min(next - now + 5, 3_600_000));
      },
    }),
    reaper: startLoop({
      name: 'reaper',
      everyMs: REAP_EVERY_MS,
      onError,
      runOnce: async () => void (await reaper.runOnce(REAP_EVERY_MS)),
    }),
    verifier: startLoop({
      name: 'verifier',
      everyMs: settings.tickSeconds * 1000,
      onError,
      runOnce: async () => {
        const all = sweep;
        sweep = false;
        if ((await runVerifier(deps, all)) > 0) http.wakeups.wakeAll();
      },
    }),
    inbox: startLoop({
      name: 'inbox',
      everyMs: 5000,
      onError,
      runOnce: async () => void (await runInboxKeeper(deps)),
    }),
    schedules: startLoop({
      name: 'schedules',
      everyMs: settings.tickSeconds * 1000,
      onError,
      runOnce: async () => {
        const next = await runSchedules(deps);
        clearTimeout(slotTimer);
        if (next === null) return;
        const wait = Math.min(next - (await deps.store.now()) + 5, 3_600_000);
        slotTimer = setTimeout(() => loops['schedules']?.poke(), Math.max(wait, 0));
      },
    }),
    operator: startLoop({
      name: 'operator',
      everyMs: OPERATE_EVERY_MS,
      onError,
      runOnce: () => jobs.operator(),
    }),
    // Apart from the operator, which may only observe: this acts, where people have listed a remedy.
    maintenance: startLoop({
      name: 'maintenance',
      everyMs: OPERATE_EVERY_MS,
      onError,
      runOnce: async () => void (await applyRemedies(deps)),
    }),
    audit: startLoop({
      name: 'audit',
      everyMs: AUDIT_EVERY_MS,
      // A start is busy enough.
      firstAfterMs: AUDIT_AFTER_MS,
      onError,
      runOnce: () => jobs.audit(),
    }),
    retention: startLoop({
      name: 'retention',
      everyMs: HOUSEKEEPING_MS,
      onError,
      runOnce: () => jobs.retention(),
    }),
  };
  const unsubscribe = deps.store.subscribe((events) => {
    if (!events.some((event) => STIRS.test(event.type))) return;
    if (events.some((event) => event.type.startsWith('project.'))) sweep = true;
    if (events.some((event) => event.type.startsWith('schedule.'))) loops['schedules']?.poke();
    loops['dispatcher']?.poke();
    loops['verifier']?.poke();
    http.wakeups.wakeAll();
  });
  return {
    stop: async () => {
      unsubscribe();
      clearTimeout(timer);
      clearTimeout(slotTimer);
      await Promise.all(Object.values(loops).map((loop) => loop.stop()));
    },
  };
}

function ticketGauge(registry: Registry, deps: Deps): () => Promise<void> {
  const tickets = new Gauge({
    name: 'mc_tickets',
    help: 'Tickets by status',
    labelNames: ['status'],
    registers: [registry],
  });
  const workers = new Gauge({
    name: 'mc_workers_active',
    help: 'Attempts that hold a slot',
    registers: [registry],
  });
  const events = new Gauge({ name: 'mc_log_head', help: 'The seq of the last event', registers: [registry] });
  return async () => {
    const [counts, open, head] = await Promise.all([
      deps.store.countByStatus(),
      deps.store.openAttempts(),
      deps.store.head(),
    ]);
    tickets.reset();
    for (const [status, count] of Object.entries(counts)) tickets.set({ status }, count);
    workers.set(open.length);
    events.set(head.seq);
  };
}
