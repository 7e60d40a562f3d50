/**
 * The typed HTTP client that the command line, the runner and scripts use. It knows nothing but the contract.
 * Every answer of 4xx or 5xx becomes an `ApiProblem` that carries the server's problem+json; a server that cannot be
 * reached becomes an `Unreachable`.
 */
import type { Problem } from '../contract/shapes.ts';

export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
  get code(): string {
    return this.problem.code;
  }
  get status(): number {
    return this.problem.status;
  }
}

export class Unreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `Cannot reach Mission Control at ${url}: ${cause instanceof Error ? describe(cause) : String(cause)}`,
      { cause },
    );
    this.name = 'Unreachable';
  }
}

function describe(error: Error): string {
  const inner = error.cause;
  return inner instanceof Error && inner.message !== '' ? inner.message : error.message;
}

export interface CallOptions {
  body?: unknown;
  /** Sent as they are, in the place of a body. */
  bytes?: Uint8Array;
  query?: Record<string, string | number | boolean | undefined>;
  ifMatch?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** Milliseconds until the call is given up; default 30,000. */
  timeoutMs?: number;
}

export class ApiClient {
  readonly url: string;
  readonly #token: string | undefined;

  /** @param url the server's address without a path, e.g. `http://127.0.0.1:4831` */
  constructor(url: string, token?: string) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.call<T>('GET', path, options);
  }
  post<T>(path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    return this.call<T>('POST', path, { ...options, body: body ?? {} });
  }
  patch<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.call<T>('PATCH', path, { ...options, body });
  }
  put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.call<T>('PUT', path, { ...options, body });
  }
  delete<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.call<T>('DELETE', path, options);
  }

  /** @param path below `/api/v1`, or absolute from the root when it begins with `//` (as in `//livez`) */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.download(method, path, options);
    const text = await response.text();
    return (text === '' ? undefined : parse(text)) as T;
  }

  /** As `call`, for an answer that is no JSON, or too large to hold. */
  async download(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const response = await this.fetch(method, path, options);
    if (response.ok) return response;
    const text = await response.text();
    const body: unknown = text === '' ? undefined : parse(text);
    throw new ApiProblem(isProblem(body) ? body : unknownProblem(response.status, text));
  }

  async fetch(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const url = new URL(path.startsWith('//') ? path.slice(1) : `/api/v1${path}`, `${this.url}/`);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#token !== undefined) headers['authorization'] = `Bearer ${this.#token}`;
    if (options.ifMatch !== undefined) headers['if-match'] = `"${options.ifMatch}"`;
    if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (options.bytes !== undefined) headers['content-type'] = 'application/octet-stream';
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    try {
      return await fetch(url, {
        method,
        headers,
        body:
          options.bytes === undefined
            ? options.body === undefined
              ? undefined
              : JSON.stringify(options.body)
            : (options.bytes as Uint8Array<ArrayBuffer>),
        signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      });
    } catch (error) {
      throw new Unreachable(this.url, error);
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof (body as Problem).code === 'string';
}

function unknownProblem(status: number, text: string): Problem {
  return {
    type: 'about:blank',
    title: `HTTP ${status}`,
    status,
    detail: text.slice(0, 300),
    code: 'unexpected_answer',
    advice: 'Check that the address is that of a Mission Control server of this version.',
    retryable: status >= 500,
  };
}
