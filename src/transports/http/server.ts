/**
 * The HTTP server: what every request passes before a route sees it, in this order.
 *
 *     Host allow-list (421) → body as strict UTF-8 JSON (400, 413, 415) → token or cookie (401)
 *       → for a cookie's changes Origin or Sec-Fetch-Site (403) → role (403) → schema (400) → idempotency (422)
 */
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, validatorCompiler } from 'fastify-type-provider-zod';
import { refuse } from '../../domain/refusal.ts';
import type { Credential } from '../../store/port.ts';
import { credentialFor } from '../../services/access.ts';
import type { Deps } from '../../services/deps.ts';
import { problemOf, refusalOfError, sendRefusal } from './problem.ts';
import { securityHeaders } from './security-headers.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface HttpOptions {
  deps: Deps;
  version: string;
  /** `host:port` values that a request's Host may have; the listening address is added at start. */
  hosts: Set<string>;
  secureCookies: boolean;
  /** Requests a second that each token may make, ten seconds' worth at once: those of attempts, and the others; 0 is no limit. */
  requestsPerSecond: { attempt: number; other: number };
  onError: (error: unknown, requestId: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    credential: Credential | null;
    viaCookie: boolean;
    rawText: string;
  }
  interface FastifyContextConfig {
    takesBytes?: boolean;
  }
}

const BODY_LIMIT = 1_048_576;
const JSON_DEPTH = 64;

export async function createServer(options: HttpOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 90_000,
    keepAliveTimeout: 60_000,
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    logger: false,
    frameworkErrors: (error, _request, reply) => {
      void sendRefusal(reply as FastifyReply, refuse('invalid_request', error.message));
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable)
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    },
  });
  app.server.headersTimeout = 10_000;
  app.decorateRequest('credential', null);
  app.decorateRequest('viaCookie', false);
  app.decorateRequest('rawText', '');
  app.setValidatorCompiler(validatorCompiler);
  // Responses are shaped by typed presenters; validating each one again would cost more than the query behind it.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));

  parseStrictJson(app);
  takeBytes(app);
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mission Control',
        version: options.version,
        description: 'A control plane for the work of AI agents.',
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });

  const buckets = new TokenBuckets();
  const headersOf = securityHeaders(options.secureCookies);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headersOf(request.url));
    const host = request.headers.host ?? '';
    if (!options.hosts.has(host.toLowerCase())) {
      return sendRefusal(
        reply,
        refuse('host_not_allowed', `This server is not ${host.slice(0, 200) || '(no host)'}.`),
      );
    }
    // SQLite ends a bound text at a NUL, so that one key would stand for another.
    if (/%00/.test(request.url))
      return sendRefusal(reply, refuse('invalid_request', 'The address contains a NUL character.'));
    await authenticate(options.deps, request);
    const { credential } = request;
    const { attempt, other } = options.requestsPerSecond;
    const perSecond = credential?.attempt == null ? other : attempt;
    if (credential && !buckets.take(credential.id, perSecond))
      return sendRefusal(
        reply,
        refuse('rate_limited', `This token makes more than ${perSecond} requests a second.`),
      );
    if (!isSameOrigin(request)) {
      return sendRefusal(
        reply,
        refuse(
          'origin_not_allowed',
          `The request came from ${(request.headers.origin ?? 'an unnamed origin').slice(0, 200)}.`,
        ),
      );
    }
    return undefined;
  });

  app.setErrorHandler(
    (error: Error & { statusCode?: number; code?: string; validation?: unknown }, request, reply) => {
      const refusal = refusalOfError(error);
      if (refusal) return sendRefusal(reply, refusal);
      if (error.name === 'StoreBroken' || error.name === 'StoreBusy' || error.name === 'StoreDamaged') {
        options.onError(error, request.id);
        const why = error.name === 'StoreBroken' ? '' : `: ${error.message}`;
        return sendRefusal(reply, refuse('store_unavailable', `The store did not take the change${why}.`));
      }
      options.onError(error, request.id);
      const problem = problemOf(refuse('internal', `Request ${request.id} failed.`));
      return reply
        .code(500)
        .header('content-type', 'application/problem+json; charset=utf-8')
        .send(JSON.stringify(problem));
    },
  );
  return app;
}

/** JSON only, in UTF-8 that is valid, without prototype keys, at most 64 levels deep. */
function parseStrictJson(app: FastifyInstance): void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = decoder.decode(body as Buffer);
    } catch {
      done(badRequest('the body is not valid UTF-8'), undefined);
      return;
    }
    request.rawText = text;
    // A POST without a body means an empty object; so does an empty one.
    if (text.trim() === '') {
      done(null, {});
      return;
    }
    if (isTooDeep(text)) {
      done(badRequest(`the body is nested deeper than ${JSON_DEPTH} levels`), undefined);
      return;
    }
    void parse(request, text, (error, value) =>
      error ? done(badRequest(error.message), undefined) : done(null, value),
    );
  });
}

/** Bytes as they are, for the routes that say so; anything else takes JSON alone. */
function takeBytes(app: FastifyInstance): void {
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.takesBytes === true) done(null, body);
    else done(Object.assign(new Error('this takes application/json'), { statusCode: 415 }), undefined);
  });
}

function badRequest(message: string): Error & { statusCode: number } {
  return Object.assign(new Error(message), { statusCode: 400 });
}

/** Counts brackets outside strings: cheap, and before any parser recurses. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i += 1;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 123 || c === 91) {
      depth += 1;
      if (depth > JSON_DEPTH) return true;
    } else if (c === 125 || c === 93) depth -= 1;
  }
  return false;
}

async function authenticate(deps: Deps, request: FastifyRequest): Promise<void> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const match = /^Bearer +([A-Za-z0-9_.~+/=-]{1,500})$/i.exec(header);
    request.credential = match?.[1] === undefined ? null : await credentialFor(deps, match[1]);
    if (request.credential?.kind === 'session') request.credential = null;
    return;
  }
  const session = request.cookies['mc_session'] ?? request.cookies['__Host-mc_session'];
  if (session === undefined) return;
  const credential = await credentialFor(deps, session);
  if (credential?.kind !== 'session') return;
  request.credential = credential;
  request.viaCookie = true;
}

/** Where a browser names the page's origin, it has to be this server's; a change by cookie has to name it. */
function isSameOrigin(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  if (origin !== undefined) return origin === `http://${host}` || origin === `https://${host}`;
  if (!request.viaCookie || request.method === 'GET' || request.method === 'HEAD') return true;
  return request.headers['sec-fetch-site'] === 'same-origin';
}
