/** Puts the HTTP transport together: the server, its routes, the event hub, the web app's files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../../domain/refusal.ts';
import type { Deps } from '../../services/deps.ts';
import { mcpRoute } from '../mcp/mcp-route.ts';
import { EventHub } from './event-hub.ts';
import { sendRefusal } from './problem.ts';
import { Api } from './route.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { attemptRoutes } from './routes/attempts.ts';
import { configurationRoutes } from './routes/configuration.ts';
import { inboxRoutes } from './routes/inbox.ts';
import { jobRoutes } from './routes/jobs.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { orchestratorRoutes } from './routes/orchestrators.ts';
import { runnerRoutes } from './routes/runners.ts';
import { type SystemView, systemRoutes } from './routes/system.ts';
import { ticketRoutes } from './routes/tickets.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { createServer } from './server.ts';
import { Wakeups } from './wakeups.ts';

export interface HttpApp {
  app: FastifyInstance;
  hub: EventHub;
  wakeups: Wakeups;
}

export async function createHttpApp(options: {
  deps: Deps;
  system: SystemView;
  hosts: Set<string>;
  requestsPerSecond: { attempt: number; other: number };
  /** The folder of the built web app; without it the server answers the API only. */
  webRoot: string | null;
  onError: (error: unknown, requestId: string) => void;
}): Promise<HttpApp> {
  const { deps, system } = options;
  const app = await createServer({
    deps,
    version: system.version,
    hosts: options.hosts,
    secureCookies: system.secureCookies,
    requestsPerSecond: options.requestsPerSecond,
    onError: options.onError,
  });
  const hub = new EventHub(deps.store);
  const wakeups = new Wakeups();
  const api = new Api(app, deps);
  systemRoutes(api, hub, system);
  configurationRoutes(api);
  jobRoutes(api, system.runJob);
  ticketRoutes(api);
  attemptRoutes(api, wakeups);
  artifactRoutes(api);
  inboxRoutes(api);
  notificationRoutes(api);
  webhookRoutes(api);
  runnerRoutes(api, wakeups);
  orchestratorRoutes(api);
  mcpRoute(app, deps, system.version);
  await serveWeb(app, api, options.webRoot);
  return { app, hub, wakeups };
}

/** Files with a hash in their name never change; everything else is asked for again. A page's address is the app's. */
async function serveWeb(app: FastifyInstance, api: Api, root: string | null): Promise<void> {
  const nothing = (request: FastifyRequest, reply: FastifyReply) => {
    const { method, url } = request;
    const methods = api.methodsOf(url.split('?')[0] ?? '');
    if (methods.length === 0)
      return sendRefusal(reply, refuse('not_found', `There is nothing at ${method} ${url.slice(0, 300)}.`));
    void reply.header('allow', methods.join(', '));
    return sendRefusal(reply, refuse('method_not_allowed', `It takes ${methods.join(', ')}, not ${method}.`));
  };
  if (root === null || !existsSync(join(root, 'index.html'))) {
    app.setNotFoundHandler(nothing);
    return;
  }
  await app.register(fastifyStatic, {
    root,
    wildcard: true,
    index: ['index.html'],
    cacheControl: false,
    setHeaders: (reply, path) => {
      const immutable = /\/assets\/.+-[\w-]{8,}\.\w+$/.test(path);
      void reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.setNotFoundHandler((request, reply) => {
    const isPage =
      request.method === 'GET' &&
      !request.url.startsWith('/api/') &&
      (request.headers.accept ?? '').includes('text/html');
    if (isPage) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    return nothing(request, reply);
  });
}
