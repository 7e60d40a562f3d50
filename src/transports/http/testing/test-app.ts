/** The real server's parts on an in-memory store, without loops: tests drive requests and look at answers. */
import { createHash } from 'node:crypto';
import { SYSTEM_JOBS } from '../../../domain/words.ts';
import { createToken, deriving } from '../../../services/access.ts';
import { ensureJobs } from '../../../services/configuration.ts';
import type { Deps } from '../../../services/deps.ts';
import { type RecordedOutgoing, recordedOutgoing } from '../../../services/testing/recorded-outgoing.ts';
import { type SqliteStoreOptions, openSqliteStore } from '../../../store/sqlite/sqlite-store.ts';
import { Dispatcher } from '../../../loops/dispatcher.ts';
import { isRefusal } from '../../../domain/refusal.ts';
import type { Role } from '../../../domain/words.ts';
import { createHttpApp, type HttpApp } from '../app.ts';

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  // eslint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface TestApp extends HttpApp {
  deps: Deps;
  dispatcher: Dispatcher;
  tokens: Record<Role, string>;
  /** What went out to webhooks and devices. */
  outgoing: RecordedOutgoing;
  advance(ms: number): void;
  /** Listens on a free port of loopback, for clients that need a socket. @returns its address */
  listen(): Promise<string>;
  /** Sends JSON as a token's holder; `ifMatch` and `key` become headers. */
  call(
    method: string,
    path: string,
    options?: {
      /** A role of `tokens`, or a token. */
      as?: string | null;
      body?: unknown;
      raw?: string | Buffer;
      ifMatch?: number | string;
      key?: string;
      headers?: Record<string, string>;
    },
  ): Promise<Answered>;
  close(): Promise<void>;
}

export async function createTestApp(path: SqliteStoreOptions['path'] = ':memory:'): Promise<TestApp> {
  let now = Date.parse('2026-11-22T12:00:00.000Z');
  let ids = 0;
  const store = openSqliteStore({ path, clock: () => now });
  const outgoing = recordedOutgoing();
  const deps: Deps = {
    store,
    timing: {
      leaseMs: 30_000,
      graceMs: 10_000,
      offerMs: 10_000,
      dispatchLeaseMs: 15_000,
      parkedSilenceMs: 600_000,
    },
    newId: (prefix) => `${prefix}_${(ids += 1).toString().padStart(6, '0')}`,
    random: () => 0.5,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    derive: deriving('test'),
    defaultMaxWorkers: 4,
    artifacts: artifactsInMemory(),
    artifactMaxBytes: 1000,
    bundleMaxBytes: 10_000,
    outgoing,
    inspect: {
      repository: (repository, branch) =>
        Promise.resolve(
          repository.path === '/repo'
            ? { usable: true, message: 'branch main', defaultBranch: branch ?? 'main' }
            : {
                usable: false,
                message: `${repository.path ?? repository.url} is not a git repository.`,
                defaultBranch: null,
              },
        ),
      agents: () =>
        Promise.resolve([
          { id: 'codex', path: '/usr/bin/codex', version: '0.169.0', problem: null },
          { id: 'claude', path: null, version: null, problem: 'not installed: npm install -g x' },
        ]),
      command: (subject, command) =>
        Promise.resolve({ ok: command[0] !== 'missing', subject, message: 'looked at' }),
    },
  };
  await ensureJobs(deps, SYSTEM_JOBS);
  const tokens = {} as Record<Role, string>;
  for (const role of ['admin', 'member', 'viewer', 'orchestrator', 'runner'] as const) {
    const issued = await createToken(
      deps,
      { actor: { kind: 'control_plane', id: 'test' } },
      { role, name: `the-${role}`, expiresAt: null },
    );
    if (isRefusal(issued)) throw new Error(issued.detail);
    tokens[role] = issued.token;
  }
  const hosts = new Set(['mc.test:80']);
  const http = await createHttpApp({
    deps,
    hosts,
    requestsPerSecond: { attempt: 20, other: 0 },
    webRoot: null,
    onError: (error) => {
      throw error;
    },
    system: {
      version: '0.0.0',
      secureCookies: false,
      url: () => 'http://mc.test:80',
      dispatcher: () => ({ state: 'unknown', epoch: null, lastTick: null }),
      store: 'sqlite',
      notReady: () => Promise.resolve(null),
      metrics: () => Promise.resolve('# none\n'),
      runJob: () => Promise.resolve(),
      makeSample: () => Promise.resolve(null),
    },
  });
  await http.app.ready();
  return {
    ...http,
    deps,
    tokens,
    outgoing,
    dispatcher: new Dispatcher(deps, 'srv_test'),
    advance: (ms) => {
      now += ms;
    },
    listen: async () => {
      const url = await http.app.listen({ host: '127.0.0.1', port: 0 });
      hosts.add(new URL(url).host);
      return url;
    },
    call: async (method, path, options = {}) => {
      const as = options.as === undefined ? 'admin' : options.as;
      const token = as === null ? undefined : (tokens[as as Role] ?? as);
      const response = await http.app.inject({
        method: method as 'GET',
        url: path.startsWith('//') ? path.slice(1) : `/api/v1${path}`,
        headers: {
          host: 'mc.test:80',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(options.body !== undefined || options.raw !== undefined
            ? { 'content-type': 'application/json' }
            : {}),
          ...(options.ifMatch === undefined
            ? {}
            : { 'if-match': typeof options.ifMatch === 'number' ? `"${options.ifMatch}"` : options.ifMatch }),
          ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
          ...options.headers,
        },
        ...(options.raw !== undefined
          ? { payload: options.raw }
          : options.body === undefined
            ? {}
            : { payload: JSON.stringify(options.body) }),
      });
      const text = response.body;
      return {
        status: response.statusCode,
        headers: response.headers,
        body: text === '' ? undefined : safeParse(text),
      };
    },
    close: async () => {
      http.hub.close();
      await http.app.close();
      await store.close();
    },
  };
}

function artifactsInMemory(): Deps['artifacts'] {
  const kept = new Map<string, Uint8Array>();
  const hash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
  return {
    put: (content) => {
      kept.set(hash(content), content);
      return Promise.resolve(hash(content));
    },
    read: (name) => Promise.resolve(kept.get(name) ?? null),
    hashOf: (name) => Promise.resolve(kept.has(name) ? hash(kept.get(name) ?? new Uint8Array()) : null),
    list: () => Promise.resolve([...kept.keys()]),
    remove: (name) => {
      kept.delete(name);
      return Promise.resolve();
    },
  };
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
