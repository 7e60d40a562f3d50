/**
 * A small HTTP server that stands in for Mission Control in tests of clients. It holds both sides to the contract:
 * what it is sent must be what the request schemas accept, and what a test makes it answer must be a shape of the API.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import type { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../src/contract/errors.ts';
import * as requests from '../../src/contract/requests.ts';
import * as runnerRequests from '../../src/contract/runner-requests.ts';
import * as jobShapes from '../../src/contract/job-shapes.ts';
import * as shapes from '../../src/contract/shapes.ts';

export interface Received {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  body: unknown;
}
export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Sent as it is, for streams. */
  raw?: string;
  /** The connection breaks instead: the request was taken, its answer is lost. */
  lost?: boolean;
}
type Handler = (received: Received) => Answer | Promise<Answer>;

const REQUESTS: [method: string, path: RegExp, schema: z.ZodType][] = [
  ['POST', /^\/projects$/, requests.createProject],
  ['PATCH', /^\/projects\/[^/]+$/, requests.patchProject],
  ['POST', /^\/profiles$/, requests.createProfile],
  ['PATCH', /^\/profiles\/[^/]+$/, requests.patchProfile],
  ['POST', /^\/campaigns$/, requests.createCampaign],
  ['PATCH', /^\/campaigns\/[^/]+$/, requests.patchCampaign],
  ['POST', /^\/tickets$/, requests.createTicket],
  ['PATCH', /^\/tickets\/[^/]+$/, requests.patchTicket],
  ['POST', /^\/tickets\/[^/]+\/transitions$/, requests.transition],
  ['POST', /^\/tickets\/[^/]+\/comments$/, requests.createComment],
  ['POST', /^\/tickets\/[^/]+\/waivers$/, requests.createWaiver],
  ['POST', /^\/tickets\/[^/]+\/landing\/close$/, requests.closeMerge],
  ['POST', /^\/attempts\/[^/]+\/artifacts$/, requests.createArtifact],
  ['POST', /^\/tickets\/[^/]+\/questions\/[^/]+\/answer$/, requests.answer],
  ['POST', /^\/inbox\/lease$/, requests.leaseInbox],
  ['POST', /^\/inbox\/[^/]+\/act$/, requests.actInbox],
  ['PATCH', /^\/jobs\/[^/]+$/, requests.patchJob],
  ['POST', /^\/pause$/, requests.pause],
  ['PUT', /^\/policy$/, requests.putPolicy],
  ['POST', /^\/tokens$/, requests.createToken],
  ['POST', /^\/runners\/[^/]+\/drain$/, runnerRequests.drainRunner],
];

const SHAPES: [path: RegExp, schema: z.ZodType][] = [
  [/^\/projects$/, shapes.project],
  [/^\/profiles$/, shapes.profile],
  [/^\/campaigns$/, shapes.campaign],
  [/^\/tickets$/, shapes.ticket],
  [/^\/tickets\/[^/]+\/attempts$/, shapes.attempt],
  [/^\/tickets\/[^/]+\/comments$/, shapes.comment],
  [/^\/attempts$/, shapes.attempt],
  [/^\/inbox$/, shapes.inboxItem],
  [/^\/alerts$/, shapes.alert],
  [/^\/jobs$/, jobShapes.job],
  [/^\/runners$/, shapes.runner],
];
const SINGLES: [path: RegExp, schema: z.ZodType][] = [
  [/^\/tickets\/[^/]+(\/transitions|\/questions\/[^/]+\/answer)?$/, shapes.ticket],
  [/^\/attempts\/[^/]+$/, shapes.attempt],
  [/^\/attempts\/[^/]+\/output$/, shapes.output],
  [/^\/attempts\/[^/]+\/diff$/, shapes.diff],
  [/^\/projects\/[^/]+$/, shapes.project],
  [/^\/profiles\/[^/]+$/, shapes.profile],
  [/^\/inbox\/[^/]+\/act$/, shapes.inboxItem],
  [/^\/runners\/[^/]+\/(drain|release)$/, shapes.runner],
  [/^\/jobs\/[^/]+$/, jobShapes.job],
  [/^\/policy$/, shapes.policy],
  [/^\/verify$/, shapes.verification],
  [/^\/tickets\/[^/]+\/why$/, shapes.why],
];

export class FakeMissionControl {
  readonly received: Received[] = [];
  /** What went against the contract, on either side. A test that finds anything here has failed. */
  readonly breaches: string[] = [];
  readonly #handlers = new Map<string, Handler>();
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** @param route like `GET /tickets/MC-1`, below /api/v1 */
  on(route: string, answer: Answer | Handler): this {
    this.#handlers.set(route, typeof answer === 'function' ? answer : () => answer);
    return this;
  }

  /** Answers in turn, and the last one for ever. */
  onEach(route: string, ...answers: Answer[]): this {
    let next = 0;
    return this.on(route, () => answers[Math.min(next++, answers.length - 1)] ?? {});
  }

  list(route: string, items: unknown[]): this {
    return this.on(route, { body: { items, nextCursor: null } });
  }

  requestsTo(route: string): Received[] {
    return this.received.filter(({ method, path }) => `${method} ${path}` === route);
  }

  /** Starts, or starts again on the port that it had. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** As before anything happened. */
  forget(): void {
    this.received.length = 0;
    this.breaches.length = 0;
    this.#handlers.clear();
    this.#port = 0;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const path = url.pathname.replace(/^\/api\/v1/, '');
    const method = request.method ?? 'GET';
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const received: Received = {
      method,
      path,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.received.push(received);
    this.#checkRequest(received);
    const handler = this.#handlers.get(`${method} ${path}`);
    const answer = handler ? await handler(received) : refusal('not_found', `${method} ${path}`);
    if (answer.lost === true) {
      request.socket.destroy();
      return;
    }
    this.#checkAnswer(received, answer);
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.raw ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
  }

  #checkRequest({ method, path, body, headers }: Received): void {
    const schema = REQUESTS.find(([verb, route]) => verb === method && route.test(path))?.[2];
    const parsed = schema?.safeParse(body);
    if (parsed && !parsed.success) this.breaches.push(`${method} ${path}: ${parsed.error.message}`);
    if (method === 'POST' && headers['idempotency-key'] === undefined) {
      this.breaches.push(`${method} ${path} has no Idempotency-Key`);
    }
    if (
      /^\/tickets\/[^/]+(\/transitions)?$/.test(path) &&
      method !== 'GET' &&
      headers['if-match'] === undefined
    ) {
      this.breaches.push(`${method} ${path} has no If-Match`);
    }
  }

  #checkAnswer({ method, path }: Received, { status = 200, body }: Answer): void {
    if (body === undefined || status >= 400) return;
    const item = SHAPES.find(([route]) => route.test(path))?.[1];
    const schema =
      item !== undefined && method === 'GET'
        ? shapes.page(item)
        : (SINGLES.find(([route]) => route.test(path))?.[1] ?? item);
    const parsed = schema?.safeParse(body);
    if (parsed && !parsed.success) this.breaches.push(`answer to ${method} ${path}: ${parsed.error.message}`);
  }
}

/** Starts it anew for each test of a file, and fails the test in which either side went against the contract. */
export function serveEachTest(server: FakeMissionControl): void {
  beforeEach(async () => {
    server.forget();
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
    expect(server.breaches).toEqual([]);
  });
}

export function refusal(code: ErrorCode, detail: string, facts: Partial<shapes.Problem> = {}): Answer {
  const { status, title, advice, retryable } = ERRORS[code];
  return {
    status,
    body: { type: `/errors/${code}`, title, status, detail, code, advice, retryable, ...facts },
    headers: { 'content-type': 'application/problem+json' },
  };
}
