/**
 * The API as commands use it: every POST carries an Idempotency-Key, so that one whose answer was lost can be sent
 * again without doing anything twice; what the server calls retryable is tried again for a few seconds.
 */
import { randomUUID } from 'node:crypto';
import { ApiClient, ApiProblem, Unreachable, type CallOptions } from '../client/api-client.ts';
import type { Page } from '../contract/shapes.ts';

const RETRY_CODES = new Set(['store_unavailable', 'shutting_down']);
/** A connection that was refused did not carry the request; one that broke may have. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export class Api {
  readonly client: ApiClient;
  readonly #idempotencyKey: string | undefined;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor(
    client: ApiClient,
    idempotencyKey?: string,
    wait: (milliseconds: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
  ) {
    this.client = client;
    this.#idempotencyKey = idempotencyKey;
    this.#wait = wait;
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.#again(() => this.client.get<T>(path, options));
  }

  post<T>(path: string, body: unknown = {}, options: CallOptions = {}): Promise<T> {
    const idempotencyKey = this.#idempotencyKey ?? randomUUID();
    return this.#again(() => this.client.post<T>(path, body, { idempotencyKey, ...options }));
  }

  patch<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.client.patch<T>(path, body, options);
  }

  put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.client.put<T>(path, body, options);
  }

  delete<T>(path: string): Promise<T> {
    return this.client.delete<T>(path);
  }

  /** The bytes as they are; a refusal is thrown like any other. */
  async download(path: string): Promise<Uint8Array> {
    const response = await this.client.fetch('GET', path, { timeoutMs: 300_000 });
    if (!response.ok) await this.client.call('GET', path);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Reads pages until there are `limit` items or no more. The answer has the shape of one page. */
  async list<T>(path: string, query: NonNullable<CallOptions['query']> = {}, limit = 200): Promise<Page<T>> {
    const items: T[] = [];
    let cursor = query['cursor'];
    for (;;) {
      const size = Math.min(200, limit - items.length);
      const page = await this.get<Page<T>>(path, { query: { ...query, cursor, limit: size } });
      items.push(...page.items);
      if (page.nextCursor === null || items.length >= limit) return { items, nextCursor: page.nextCursor };
      cursor = page.nextCursor;
    }
  }

  async #again<T>(call: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await call();
      } catch (error) {
        if (tries >= 4 || !isWorthRepeating(error)) throw error;
        await this.#wait(250 * 2 ** tries);
      }
    }
  }
}

function isWorthRepeating(error: unknown): boolean {
  if (error instanceof ApiProblem) return RETRY_CODES.has(error.code);
  if (!(error instanceof Unreachable) || !(error.cause instanceof Error)) return false;
  const cause = error.cause.cause;
  return cause instanceof Error && BROKEN.has((cause as NodeJS.ErrnoException).code ?? '');
}
