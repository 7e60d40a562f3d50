/**
 * The model gateway: agents that have one call their models through it. It listens on loopback only; each attempt has a
 * token of its own, and the real key never leaves this process. What passes is not changed: a request goes to the
 * profile's upstream with the key in the token's place, and the answer comes back byte for byte, read along for what it
 * used. An attempt whose budget is spent is refused, in the words of its own provider's library.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Dialect, dialectOf, errorBody, tokenOf, withKey } from './dialect.ts';
import type { Meter } from './meter.ts';
import { UsageReader } from './usage-reader.ts';

export interface GatewayRoute {
  upstream: string;
  /** The provider's key; null where the upstream needs none. */
  key: string | null;
  meter: Meter;
}

/** A request is kept whole to read which model it is for. */
const MOST_REQUEST_BYTES = 64 * 1024 * 1024;
/** Said about one connection only, or about the way here; never about the message. */
const HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  // What comes back must be readable on its way.
  'accept-encoding',
]);

export class Gateway {
  readonly #secret: string;
  readonly #now: () => number;
  readonly #routes = new Map<string, GatewayRoute>();
  readonly #server: Server;

  /** @param secret makes the attempts' tokens; the same in every life of the runner, so that adopted agents go on */
  constructor(secret: string, now: () => number = Date.now) {
    this.#secret = secret;
    this.#now = now;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else refuse(response, null, 502, 'upstream_unreachable', messageOf(error));
      });
    });
    // A model may think for long before its first byte; the attempt's own limits end it.
    this.#server.requestTimeout = 0;
  }

  /** @param port the one of an earlier life, so that agents that outlived it find it again; else any */
  async listen(port = 0): Promise<number> {
    const tryPort = (wanted: number): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host: '127.0.0.1', port: wanted }, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
    await tryPort(port).catch(() => tryPort(0));
    return this.port;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  tokenFor(attempt: string): string {
    return `mcg_${attempt}_${createHmac('sha256', this.#secret).update(attempt).digest('hex')}`;
  }

  open(attempt: string, route: GatewayRoute): void {
    this.#routes.set(attempt, route);
  }
  close(attempt: string): void {
    this.#routes.delete(attempt);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #routeOf(token: string | null): GatewayRoute | null {
    const attempt = /^mcg_(.+)_[0-9a-f]{64}$/.exec(token ?? '')?.[1];
    const route = attempt === undefined ? undefined : this.#routes.get(attempt);
    if (attempt === undefined || !route) return null;
    const expected = Buffer.from(this.tokenFor(attempt));
    const given = Buffer.from(token ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected) ? route : null;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://gateway.invalid');
    const dialect = dialectOf(url.pathname);
    const route = this.#routeOf(tokenOf(request.headers, url.searchParams));
    if (!route) {
      refuse(
        response,
        dialect,
        401,
        'invalid_api_key',
        'Mission Control: this token is not of a running attempt.',
      );
      return;
    }
    const body = await readBody(request);
    if (body === null) {
      refuse(
        response,
        dialect,
        413,
        'request_too_large',
        'Mission Control: the request is larger than 64 MiB.',
      );
      return;
    }
    const model = dialect === null ? null : modelOf(dialect, url.pathname, body);
    if (dialect !== null) {
      const verdict = route.meter.mayCall(model);
      if (!verdict.allowed) {
        refuse(response, dialect, 402, verdict.code, verdict.message);
        return;
      }
    }
    await this.#pass(request, response, { url, dialect, route, body, model });
  }

  #pass(
    request: IncomingMessage,
    response: ServerResponse,
    call: { url: URL; dialect: Dialect | null; route: GatewayRoute; body: Buffer; model: string | null },
  ): Promise<void> {
    const { url, dialect, route, body, model } = call;
    const target = new URL(route.upstream);
    const headers = forwarded(request);
    const query = new URLSearchParams(url.search);
    withKey(headers, query, route.key);
    target.pathname = `${target.pathname.replace(/\/$/, '')}${url.pathname}`;
    target.search = query.toString();
    if (body.length > 0 || request.method === 'POST') headers['content-length'] = String(body.length);
    const send = target.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const outgoing = send(target, { method: request.method, headers }, (incoming) => {
        const status = incoming.statusCode ?? 502;
        this.#hear(route.meter, status, incoming.headers['retry-after']);
        const type = incoming.headers['content-type'] ?? '';
        const reader =
          dialect !== null && status < 300
            ? new UsageReader(dialect, {
                isStream: type.includes('text/event-stream'),
                requestBytes: body.length,
              })
            : null;
        response.writeHead(status, incoming.statusMessage, answered(incoming));
        let isCounted = false;
        const count = (): void => {
          if (isCounted || !reader) return;
          isCounted = true;
          route.meter.count(reader.end(model));
        };
        incoming.on('data', (chunk: Buffer) => {
          reader?.feed(chunk);
          if (!response.write(chunk)) incoming.pause();
        });
        response.on('drain', () => incoming.resume());
        incoming.on('end', () => {
          // Counted before the agent can ask again.
          count();
          response.end();
          resolve();
        });
        incoming.on('error', (error) => {
          count();
          response.destroy(error);
          resolve();
        });
        response.on('close', () => {
          count();
          outgoing.destroy();
          resolve();
        });
      });
      outgoing.on('error', (error) => {
        if (response.headersSent || response.destroyed) resolve();
        else reject(error);
      });
      // An agent that gives up must not leave a model thinking at somebody's cost.
      request.on('aborted', () => outgoing.destroy());
      outgoing.end(body);
    });
  }

  #hear(meter: Meter, status: number, retryAfter: string | undefined): void {
    const LONGEST_MS = 7 * 86_400_000;
    const BUSY_MS = 60_000;
    if (status !== 429 && status !== 529) {
      if (status < 300) meter.rateLimitedUntil = null;
      return;
    }
    const seconds = Number(retryAfter);
    const at =
      Number.isFinite(seconds) && retryAfter !== undefined
        ? this.#now() + seconds * 1000
        : Date.parse(retryAfter ?? '');
    meter.rateLimitedUntil = Number.isNaN(at)
      ? this.#now() + BUSY_MS
      : Math.min(at, this.#now() + LONGEST_MS);
  }
}

function forwarded(request: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'accept-encoding': 'identity' };
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !HOP_HEADERS.has(name)) headers[name] = value;
  return headers;
}

function answered(incoming: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined && (!HOP_HEADERS.has(name) || name === 'content-length')) headers[name] = value;
  return headers;
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function modelOf(dialect: Dialect, path: string, body: Buffer): string | null {
  if (dialect === 'generateContent') return /\/models\/([^/:]+):/.exec(path)?.[1] ?? null;
  try {
    const { model } = JSON.parse(body.toString('utf8')) as { model?: unknown };
    return typeof model === 'string' ? model : null;
  } catch {
    return null;
  }
}

function refuse(
  response: ServerResponse,
  dialect: Dialect | null,
  status: number,
  code: string,
  message: string,
): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(errorBody(dialect, status, code, message));
}

function messageOf(error: unknown): string {
  return `Mission Control: the model's provider could not be reached: ${error instanceof Error ? error.message : String(error)}`;
}
