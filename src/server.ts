/**
 * One server, wired: store, services, loops, transports. `main.ts` gives it settings and a process. Which loops there
 * are says `server-loops.ts`, which the simulation runs too, on its own store and clock.
 */
import { hash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { artifactFiles } from './artifact-files.ts';
import { SYSTEM_JOBS } from './domain/words.ts';
import { type Loop, startLoop } from './loops/loop.ts';
import { Rests } from './loops/rests.ts';
import { detectAgents } from './runner/detect-agents.ts';
import { inspectCommand, inspectRepository } from './runner/inspect.ts';
import { createOutgoing } from './outgoing/outgoing.ts';
import { deriving } from './services/access.ts';
import { type ServerLoops, serverLoops } from './server-loops.ts';
import { ensureJobs } from './services/configuration.ts';
import type { Deps } from './services/deps.ts';
import { makeSampleProject } from './sample-project.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store/port.ts';
import { type HttpApp, createHttpApp } from './transports/http/app.ts';

export interface RunningServer {
  deps: Deps;
  http: HttpApp;
  url: string;
  stop(): Promise<void>;
}

export async function createDeps(store: Store, settings: Settings): Promise<Deps> {
  const leaseMs = settings.leaseSeconds * 1000;
  return {
    store,
    timing: {
      leaseMs,
      graceMs: settings.graceSeconds * 1000,
      offerMs: settings.offerSeconds * 1000,
      dispatchLeaseMs: Math.max(settings.tickSeconds * 3000, 10_000),
      parkedSilenceMs: settings.silenceSeconds * 1000,
    },
    newId: (prefix) => `${prefix}_${uuidv7().replaceAll('-', '')}`,
    random: Math.random,
    sha256: (text) => hash('sha256', text),
    derive: deriving(await store.secret('attempt-tokens')),
    defaultMaxWorkers: settings.maxWorkers,
    inspect: { repository: inspectRepository, command: inspectCommand, agents: () => detectAgents() },
    artifacts: store.blobs ?? artifactFiles(settings.dataDir),
    artifactMaxBytes: settings.artifactMaxBytes,
    bundleMaxBytes: settings.bundleMaxBytes,
    outgoing: createOutgoing({
      allowedHosts: settings.notifyHosts,
      pushContact: settings.pushContact,
      pushSecret: () => store.secret('push'),
    }),
  };
}

export async function startServer(options: {
  /** As it is named in leases. */
  id: string;
  store: Store;
  settings: Settings;
  version: string;
  /** The folder of the installation. */
  root: string;
  webRoot: string | null;
  log: (level: 'info' | 'error', message: string, facts?: object) => void;
}): Promise<RunningServer> {
  const { store, settings, log } = options;
  const deps = await createDeps(store, settings);
  await ensureJobs(deps, SYSTEM_JOBS);

  const rests = new Rests();
  const wired = serverLoops(deps, options.id, settings.tickSeconds * 1000, {
    monotonic: () => performance.now(),
    disk: () => freeSpace(settings.dataDir),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    pause: rests.pause,
  });
  const { dispatcher, jobs, notifier } = wired;
  let stopping = false;
  let url = '';
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = ticketGauge(registry, deps);
  const hosts = new Set(settings.hosts);
  const http = await createHttpApp({
    deps,
    hosts,
    requestsPerSecond: { attempt: settings.attemptRequestsPerSecond, other: settings.requestsPerSecond },
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
      store: settings.databaseUrl === null ? 'sqlite' : 'postgresql',
      notReady: async () => {
        if (stopping) return 'the server is stopping';
        return store.ping().then(
          () => null,
          (error: unknown) =>
            `the store does not answer: ${error instanceof Error ? error.message : String(error)}`,
        );
      },
      runJob: (name) => jobs.run(name),
      makeSample: () => makeSampleProject(deps, options.root, settings.dataDir),
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

  const loops = startLoops({ deps, wired, http, log });
  return {
    deps,
    http,
    url,
    stop: async () => {
      stopping = true;
      rests.stop();
      await Promise.all([loops.stop(), notifier.stop().catch(() => undefined)]);
      await dispatcher.release().catch(() => undefined);
      http.wakeups.close();
      http.hub.close();
      await http.app.close();
      await store.close();
    },
  };
}

/** Timers around the loops. */
function startLoops(options: {
  deps: Deps;
  wired: ServerLoops;
  http: HttpApp;
  log: (level: 'info' | 'error', message: string, facts?: object) => void;
}): { stop(): Promise<void> } {
  const { deps, wired, http, log } = options;
  const onError = (name: string, error: unknown): void =>
    log('error', `the loop ${name} failed; it goes on`, {
      error: String(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  const loops = new Map<string, Loop>();
  for (const [name, loop] of Object.entries(wired.loops)) {
    const runOnce = async (): Promise<number | null> => {
      const { againInMs, offers } = (await loop.runOnce()) ?? {};
      if (offers) http.wakeups.wakeAll();
      return againInMs ?? null;
    };
    loops.set(name, startLoop({ ...loop, name, onError, runOnce }));
  }
  const unsubscribe = deps.store.subscribe((events) => {
    for (const name of wired.stirredBy(events)) loops.get(name)?.poke();
    if (wired.mayOffer(events)) http.wakeups.wakeAll();
  });
  return {
    stop: async () => {
      unsubscribe();
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
    },
  };
}

async function freeSpace(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
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
    const [counts, active, head] = await Promise.all([
      deps.store.countByStatus(),
      deps.store.countOpenAttempts(),
      deps.store.head(),
    ]);
    tickets.reset();
    for (const [status, count] of Object.entries(counts)) tickets.set({ status }, count);
    workers.set(active);
    events.set(head.seq);
  };
}
