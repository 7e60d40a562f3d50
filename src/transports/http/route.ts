/**
 * One way to declare a route: its schemas (which validate and document it), who may call it, and a handler that gives
 * a result or a refusal. Idempotency keys, If-Match and ETag are handled here, the same for all.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { problem } from '../../contract/shapes.ts';
import { type Refusal, isRefusal, refuse } from '../../domain/refusal.ts';
import type { ActorKind } from '../../domain/words.ts';
import type { IdempotentAnswer } from '../../store/port.ts';
import { actorKindOf } from '../../services/access.ts';
import { AlreadyAnswered, type Caller, type Deps } from '../../services/deps.ts';
import { problemOf, sendRefusal } from './problem.ts';

/** Who may call: `read` any person or orchestrator, `write` the same without viewers, and so on. */
export type Access = 'public' | 'read' | 'write' | 'person' | 'admin' | 'runner' | 'attempt' | 'worker';

const ROLES: Record<Exclude<Access, 'public'>, readonly string[]> = {
  read: ['admin', 'member', 'viewer', 'orchestrator'],
  write: ['admin', 'member', 'orchestrator'],
  person: ['admin', 'member'],
  admin: ['admin'],
  runner: ['runner'],
  attempt: ['attempt'],
  /** People and the attempt itself. */
  worker: ['admin', 'member', 'viewer', 'orchestrator', 'attempt'],
};

export interface Answer {
  body: unknown;
  status?: number;
  version?: number;
  headers?: Record<string, string>;
}

export interface Context<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  caller: Caller;
  viewer: ActorKind;
  ifMatch: number | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Makes the stored answer of an idempotent request from the same presenter as the reply. */
  respond: <T>(present: (result: T) => Promise<Answer> | Answer) => (result: T) => Promise<IdempotentAnswer>;
}

export interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below the base, with fastify's `:name` parameters. */
  path: string;
  summary: string;
  access: Access;
  params?: P;
  query?: Q;
  body?: B;
  response?: z.ZodType;
  status?: number;
  /** For bodies that may be larger than the server's limit; bytes. */
  bodyLimit?: number;
  /** The body is bytes, of application/octet-stream. */
  takesBytes?: boolean;
  /** `required`: without If-Match the answer is 428. */
  ifMatch?: 'required' | 'honoured';
  /** A member of the answer that is never stored: a repetition of the request makes it again. */
  secret?: {
    member: string;
    again: (body: Record<string, unknown>, request: NonNullable<Caller['idempotency']>) => string;
  };
  /** null when the handler has taken over the reply, as a stream does. */
  handler: (context: Context<z.infer<P>, z.infer<Q>, z.infer<B>>) => Promise<Answer | Refusal | null>;
}

export const BASE = '/api/v1';

export class Api {
  readonly app: FastifyInstance;
  readonly deps: Deps;
  /** Requests with an idempotency key that are under way; a repetition waits for the first. */
  readonly #underWay = new Map<string, Promise<void>>();

  readonly #known: { method: string; pattern: RegExp }[] = [];

  constructor(app: FastifyInstance, deps: Deps) {
    this.app = app;
    this.deps = deps;
  }

  /** The methods that an address takes; none for an address that is not the API's. */
  methodsOf(path: string): string[] {
    const methods = this.#known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  }

  route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(spec: RouteSpec<P, Q, B>): void {
    const status = spec.status ?? 200;
    const pattern = spec.path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+');
    this.#known.push({
      method: spec.method,
      pattern: new RegExp(`^${spec.path.startsWith('//') ? pattern.slice(1) : BASE + pattern}/?$`),
    });
    this.app.route({
      method: spec.method,
      url: spec.path.startsWith('//') ? spec.path.slice(1) : `${BASE}${spec.path}`,
      schema: {
        summary: spec.summary,
        ...(spec.params ? { params: spec.params } : {}),
        ...(spec.query ? { querystring: spec.query } : {}),
        ...(spec.body ? { body: spec.body } : {}),
        response: { [status]: spec.response ?? z.unknown(), default: problem },
        ...(spec.access === 'public' ? { security: [] } : {}),
      },
      ...(spec.bodyLimit === undefined ? {} : { bodyLimit: spec.bodyLimit }),
      ...(spec.takesBytes ? { config: { takesBytes: true } } : {}),
      // Roles before schemas: who may not call learns nothing about what the body should be.
      onRequest: (request, reply, done) => {
        const refused = checkAccess(request, spec.access);
        if (refused) sendRefusal(reply, refused);
        else done();
      },
      // A POST without a body stands for an empty object.
      ...(spec.body
        ? {
            preValidation: (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
              request.body ??= {};
              done();
            },
          }
        : {}),
      handler: (request, reply) => this.#handle(spec, request, reply),
    });
  }

  async #handle<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
    spec: RouteSpec<P, Q, B>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const ifMatch = readIfMatch(request);
    if (isRefusal(ifMatch)) return sendRefusal(reply, ifMatch);
    if (spec.ifMatch === 'required' && ifMatch === undefined) {
      return sendRefusal(
        reply,
        refuse('precondition_required', 'This change needs the version that it was decided on.'),
      );
    }
    const key = request.headers['idempotency-key'];
    if (spec.method !== 'POST' || key === undefined)
      return this.#run(spec, request, reply, ifMatch, undefined);
    if (typeof key !== 'string' || key.length === 0 || key.length > 200) {
      return sendRefusal(
        reply,
        refuse('invalid_request', 'An Idempotency-Key has 1 to 200 characters.', {
          errors: [{ path: 'Idempotency-Key', message: 'has 1 to 200 characters' }],
        }),
      );
    }
    const path = request.url.split('?')[0] ?? '';
    const scope = `${request.credential?.id ?? 'public'} ${spec.method} ${path}`;
    const bodyHash = this.deps.sha256(spec.takesBytes === true ? textOfBytes(request) : request.rawText);
    const idempotency = { scope, key, bodyHash };
    const flight = `${scope}\n${key}`;
    for (let first = this.#underWay.get(flight); first; first = this.#underWay.get(flight)) await first;
    let done = (): void => undefined;
    this.#underWay.set(flight, new Promise<void>((resolve) => (done = resolve)));
    try {
      if (await this.#repeat(reply, spec.secret, idempotency)) return reply;
      return await this.#run(spec, request, reply, ifMatch, idempotency);
    } catch (error) {
      // Another server committed the same request first; its answer is this one's.
      if (error instanceof AlreadyAnswered && (await this.#repeat(reply, spec.secret, idempotency)))
        return reply;
      throw error;
    } finally {
      this.#underWay.delete(flight);
      done();
    }
  }

  async #repeat(
    reply: FastifyReply,
    secret: Secret,
    idempotency: NonNullable<Caller['idempotency']>,
  ): Promise<boolean> {
    const { scope, key, bodyHash } = idempotency;
    const stored = await this.deps.store.idempotent(scope, key);
    if (!stored) return false;
    if (stored.bodyHash !== bodyHash) {
      sendRefusal(
        reply,
        refuse('idempotency_key_reused', `The key ${key} belongs to an earlier request with another body.`),
      );
      return true;
    }
    reply.code(stored.answer.status).headers(stored.answer.headers).header('idempotent-replayed', 'true');
    const { status, body } = stored.answer;
    void reply.send(status < 300 ? withSecret(body, secret, idempotency) : body);
    return true;
  }

  async #run<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
    spec: RouteSpec<P, Q, B>,
    request: FastifyRequest,
    reply: FastifyReply,
    ifMatch: number | undefined,
    idempotency: Caller['idempotency'],
  ): Promise<FastifyReply> {
    const caller = callerOf(request, idempotency);
    let stored = false;
    const answer = await spec.handler({
      params: request.params as z.infer<P>,
      query: request.query as z.infer<Q>,
      body: request.body as z.infer<B>,
      caller,
      viewer: caller.actor.kind,
      ifMatch: spec.ifMatch ? ifMatch : undefined,
      request,
      reply,
      respond: (present) => async (result) => {
        stored = true;
        return render(await present(result), spec.status);
      },
    });
    if (answer === null) return reply;
    const rendered = isRefusal(answer) ? renderRefusal(answer) : render(answer, spec.status);
    // 5xx answers are not kept: the same request may succeed later.
    if (idempotency && !stored && rendered.status < 500) {
      await this.deps.store.saveAnswer(
        idempotency.scope,
        idempotency.key,
        idempotency.bodyHash,
        rendered.status < 300 ? { ...rendered, body: withoutSecret(rendered.body, spec.secret) } : rendered,
        await this.deps.store.now(),
      );
    }
    return reply.code(rendered.status).headers(rendered.headers).send(rendered.body);
  }
}

type Secret = RouteSpec<z.ZodType, z.ZodType, z.ZodType>['secret'];

function withoutSecret(body: string, secret: Secret): string {
  if (!secret) return body;
  const { [secret.member]: _secret, ...rest } = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify(rest);
}

function withSecret(body: string, secret: Secret, request: NonNullable<Caller['idempotency']>): string {
  if (!secret) return body;
  const rest = JSON.parse(body) as Record<string, unknown>;
  return JSON.stringify({ ...rest, [secret.member]: secret.again(rest, request) });
}

function render(answer: Answer, status = 200): IdempotentAnswer {
  return {
    status: answer.status ?? status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(answer.version === undefined ? {} : { etag: `"${answer.version}"` }),
      ...answer.headers,
    },
    body: answer.body === undefined ? '' : JSON.stringify(answer.body),
  };
}

function renderRefusal(refusal: Refusal): IdempotentAnswer {
  const body = problemOf(refusal);
  return {
    status: body.status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}

function checkAccess(request: FastifyRequest, access: Access): Refusal | null {
  if (access === 'public') return null;
  const role = request.credential?.role;
  if (role === undefined)
    return refuse('unauthenticated', 'The request carries no valid token and no session.');
  if (!ROLES[access].includes(role)) return refuse('forbidden', `The role ${role} may not do this.`);
  return null;
}

function callerOf(request: FastifyRequest, idempotency: Caller['idempotency']): Caller {
  const { credential } = request;
  const role = credential?.role ?? 'public';
  return {
    actor: { kind: actorKindOf(role), id: credential?.attempt ?? credential?.name ?? 'nobody' },
    role,
    ...(credential ? { tokenId: credential.id } : {}),
    ...(idempotency ? { idempotency } : {}),
  };
}

function readIfMatch(request: FastifyRequest): number | undefined | Refusal {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const match = /^(?:W\/)?"?([0-9]{1,15})"?$/.exec(header);
  if (!match) {
    return refuse(
      'invalid_request',
      `If-Match is ${header.slice(0, 100)}; it should be a version like "7".`,
      {
        errors: [{ path: 'If-Match', message: 'must be a version like "7"' }],
      },
    );
  }
  return Number(match[1]);
}

/** What a request of bytes says, as a text to compare: its question and the hash of its bytes. */
function textOfBytes(request: FastifyRequest): string {
  const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  return `${request.url} ${createHash('sha256').update(bytes).digest('hex')}`;
}
