/** Health, overview, sessions, the event stream, the proof, the contract itself. */
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import * as figures from '../../../contract/figures.ts';
import * as requests from '../../../contract/requests.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Runner } from '../../../domain/config.ts';
import { isRefusal, refuse } from '../../../domain/refusal.ts';
import { createSignInCode, isLive, signIn, signOut } from '../../../services/access.ts';
import { readPolicy } from '../../../services/deps.ts';
import { aliveWithinMs } from '../../../services/dispatching.ts';
import { iso, policyView } from '../../../services/present.ts';
import { isTimezone, readStatistics } from '../../../services/statistics.ts';
import { backupLines } from '../../../services/backup.ts';
import { verifyState } from '../../../services/verify.ts';
import { BASE, type Api } from '../route.ts';
import type { EventHub } from '../event-hub.ts';
import { several } from '../listing.ts';

/** How long a backup may stand still before it is broken off. */
const STALLED_MS = 5 * 60_000;

export interface SystemView {
  version: string;
  /** What this server's dispatcher is, and its last tick. */
  dispatcher: () => {
    state: 'leader' | 'standby' | 'unknown';
    epoch: number | null;
    lastTick: { at: string; outcome: string; detail: string } | null;
  };
  /** The database it stands on. */
  store: 'sqlite' | 'postgresql';
  /** Null when ready; else why not. */
  notReady: () => Promise<string | null>;
  metrics: () => Promise<string>;
  runJob: (name: string) => Promise<void>;
  /** Makes the sample project. @returns why it could not, or null */
  makeSample: () => Promise<string | null>;
  /** The address of this server, for sign-in links. */
  url: () => string;
  secureCookies: boolean;
}

export function systemRoutes(api: Api, hub: EventHub, system: SystemView): void {
  const { deps, app } = api;
  const health = z.object({ status: z.string(), reason: z.string().optional() });
  api.route({
    method: 'GET',
    path: '//livez',
    summary: 'The process lives',
    access: 'public',
    response: health,
    handler: async () => ({ body: { status: 'ok' } }),
  });
  api.route({
    method: 'GET',
    path: '//readyz',
    summary: 'The server can take requests',
    access: 'public',
    response: health.extend({ store: z.enum(['sqlite', 'postgresql']) }),
    handler: async () => {
      const reason = await system.notReady();
      const { store } = system;
      return reason === null
        ? { body: { status: 'ok', store } }
        : { body: { status: 'unavailable', reason, store }, status: 503 };
    },
  });
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(await system.metrics()),
  );
  app.get(`${BASE}/openapi.json`, { schema: { hide: true } }, async (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );

  api.route({
    method: 'GET',
    path: '/overview',
    summary: 'Health in one look',
    access: 'read',
    handler: async () => {
      const { store } = deps;
      const [policy, counts, runners, presences, now, inbox, alerts] = await Promise.all([
        readPolicy(deps),
        store.countByStatus(),
        store.documents<Runner>('runner'),
        store.presences(),
        store.now(),
        store.inbox({ states: ['pending', 'delivered'], limit: 200 }),
        store.alerts({ states: ['open'], limit: 200 }),
      ]);
      const active = await store.countOpenAttempts().catch(() => null);
      const ready = runners.filter((runner) => {
        const seen = presences.find((presence) => presence.runner === runner.id);
        return seen !== undefined && now - seen.seenAt < aliveWithinMs(deps);
      }).length;
      return {
        body: {
          version: system.version,
          paused: policyView(policy).paused,
          dispatcher: system.dispatcher(),
          workers: { active, max: policy.maxWorkers },
          runners: { ready, silent: runners.length - ready },
          counts,
          openQuestions: inbox.items.filter(
            (item) => item.kind === 'question' || item.kind === 'attempts_exhausted',
          ).length,
          openReviews: inbox.items.filter((item) => item.kind === 'review' || item.kind === 'conflict')
            .length,
          openAlerts: alerts.items.length,
          at: iso(now),
        },
      };
    },
  });
  api.route({
    method: 'GET',
    path: '/statistics',
    summary: 'What was done by day, how long it took, what it cost, and how each profile fares',
    access: 'read',
    query: z.object({
      days: z.coerce.number().int().min(1).max(90).optional(),
      /** Whose days: an IANA name. */
      timezone: z.string().max(100).optional(),
    }),
    response: figures.statistics,
    handler: async ({ query }) => {
      const timezone = query.timezone ?? 'UTC';
      if (!isTimezone(timezone))
        return refuse('invalid_request', `There is no time zone ${timezone}.`, {
          errors: [{ path: 'timezone', message: 'an IANA name, like Europe/Berlin' }],
        });
      return { body: await readStatistics(deps, { days: query.days ?? 30, timezone }) };
    },
  });
  api.route({
    method: 'POST',
    path: '/sample-project',
    summary:
      'Makes a sample repository with scripted agents and tickets; what is there already is left as it is',
    access: 'admin',
    response: z.object({ project: z.string() }),
    status: 201,
    handler: async () => {
      const problem = await system.makeSample();
      return problem === null
        ? { body: { project: 'DEMO' }, status: 201 }
        : refuse('sample_unavailable', problem);
    },
  });
  api.route({
    method: 'GET',
    path: '/verify',
    summary: 'Proves the state: chains, replay, the thirteen invariants',
    access: 'read',
    query: z.object({
      /** A head that was written down, as `seq:hash`; at least 16 digits of the hash. */
      head: z
        .string()
        .regex(/^[1-9]\d{0,15}:[0-9a-f]{16,64}$/, { message: 'a head is written 48:bdd014056306b7db' })
        .optional(),
    }),
    response: shapes.verification,
    handler: async ({ query }) => {
      const [seq, hash = ''] = query.head?.split(':') ?? [];
      return { body: await verifyState(deps, seq === undefined ? undefined : { seq: Number(seq), hash }) };
    },
  });
  api.route({
    method: 'GET',
    path: '/backup',
    summary: 'All of the installation as of one moment, to be restored with `mctl restore`; it holds secrets',
    access: 'admin',
    handler: async ({ request, reply }) => {
      if (request.method === 'HEAD') return { body: undefined };
      const dump = await deps.store.dump();
      const name = `mission-control-${fileTime(dump.at)}.backup`;
      void reply.headers({
        'content-type': 'application/gzip',
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'private, no-store',
      });
      const lines = Readable.from(backupLines(dump, deps.artifacts, system.version));
      const packed = createGzip({ level: 6 });
      lines.on('error', (error) => packed.destroy(error));
      // Whoever takes it may leave at any time; the dump must be let go then.
      let written = -1;
      const watching = setInterval(() => {
        // One that takes nothing any more would hold the database's picture of that moment for good.
        if (request.raw.socket.bytesWritten === written) packed.destroy();
        written = request.raw.socket.bytesWritten;
      }, STALLED_MS);
      packed.on('close', () => {
        clearInterval(watching);
        lines.destroy();
      });
      void reply.send(lines.pipe(packed));
      return null;
    },
  });
  api.route({
    method: 'GET',
    path: '/stream',
    summary: 'Server-sent events; resumes from Last-Event-ID',
    access: 'read',
    query: z.object({
      ticket: z.string().max(30).optional(),
      project: z.string().max(10).optional(),
      type: z.string().max(500).optional(),
      lastEventId: z.string().max(20).optional(),
    }),
    handler: async ({ query, request, reply }) => {
      // A HEAD has no body to wait for.
      if (request.method === 'HEAD') {
        return { body: undefined, headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
      }
      const { credential } = request;
      const header = request.headers['last-event-id'];
      const lastEventId = typeof header === 'string' && header !== '' ? header : query.lastEventId;
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined && !reply.raw.headersSent) reply.raw.setHeader(name, value);
      }
      await hub.watch(
        reply.raw,
        { ticket: query.ticket, project: query.project, types: several(query.type) },
        lastEventId,
        async () => credential !== null && (await isLive(deps, credential)),
      );
      return null;
    },
  });

  sessionRoutes(api, system);
}

const fileTime = (at: number): string => new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');

function sessionRoutes(api: Api, system: SystemView): void {
  const { deps } = api;
  const cookieName = system.secureCookies ? '__Host-mc_session' : 'mc_session';
  const session = z.object({ role: z.string(), name: z.string() });
  const failures = new Map<string, { count: number; until: number }>();
  const MAX_FAILURES = 5;
  const WINDOW_MS = 60_000;
  api.route({
    method: 'POST',
    path: '/session',
    summary: 'Signs a browser in with a one-time code or a token',
    access: 'public',
    body: requests.createSession,
    response: session,
    handler: async ({ body, request, reply }) => {
      const failed = failures.get(request.ip);
      if (failed && failed.until > Date.now() && failed.count >= MAX_FAILURES) {
        return refuse('rate_limited', 'Too many failed sign-ins from this address; wait a minute.');
      }
      const result = await signIn(deps, body);
      if (isRefusal(result)) {
        const count = failed && failed.until > Date.now() ? failed.count + 1 : 1;
        failures.set(request.ip, { count, until: Date.now() + WINDOW_MS });
        return result;
      }
      failures.delete(request.ip);
      void reply.setCookie(cookieName, result.session, {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: system.secureCookies,
        expires: new Date(result.expiresAt),
      });
      return { body: { role: result.role, name: result.name } };
    },
  });
  api.route({
    method: 'GET',
    path: '/session',
    summary: 'Who am I?',
    access: 'worker',
    response: session.extend({
      seq: z
        .number()
        .int()
        .describe(
          'Where the log ends now. Read what you show after this, and begin the stream with it as Last-Event-ID: then nothing is missed.',
        ),
    }),
    handler: async ({ request }) => ({
      body: {
        role: request.credential?.role,
        name: request.credential?.name,
        seq: (await deps.store.head()).seq,
      },
    }),
  });
  api.route({
    method: 'DELETE',
    path: '/session',
    summary: 'Signs this browser out',
    access: 'read',
    status: 204,
    handler: async ({ request, reply }) => {
      const secret = request.cookies[cookieName];
      if (secret !== undefined) await signOut(deps, secret);
      void reply.clearCookie(cookieName, { path: '/' });
      return { body: undefined, status: 204 };
    },
  });
  api.route({
    method: 'POST',
    path: '/sign-in-links',
    summary: 'Makes a one-time sign-in link',
    access: 'admin',
    response: z.object({ url: z.string(), expiresAt: shapes.time }),
    status: 201,
    handler: async ({ request }) => {
      const { credential } = request;
      if (!credential) return refuse('unauthenticated', 'No credential.');
      const { code, expiresAt } = await createSignInCode(deps, {
        id: credential.id,
        role: credential.role,
        name: credential.name,
      });
      return { body: { url: `${system.url()}/sign-in#${code}`, expiresAt: iso(expiresAt) }, status: 201 };
    },
  });
}
