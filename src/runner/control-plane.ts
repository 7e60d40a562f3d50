/**
 * The server as the runner sees it: one address that may change, one token, and answers that are told apart by what
 * to do about them. A local runner outlives its server, so the address is looked up again whenever nobody answers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient, ApiProblem, type CallOptions, Unreachable } from '../client/api-client.ts';
import type { Polled } from '../contract/runner-protocol.ts';
import { readJsonFile } from './atomic-file.ts';
import type { AttemptVerb, ControlPlane, Registration, WorkVerb } from './ports.ts';

export interface ControlPlaneOptions {
  dataDir: string;
  /** Given by the user, several where they share a database; else `server.json` in the data directory says it. */
  servers?: string[];
  /** Given by the environment; else `runner.token` in the data directory holds it. */
  token?: string;
}

export class HttpControlPlane implements ControlPlane {
  readonly #options: ControlPlaneOptions;
  #client: ApiClient | undefined;
  #instance: string | undefined;
  #turn = 0;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#connect().url;
  }

  async register(body: Record<string, unknown>): Promise<Registration> {
    const registration = await this.#call<Registration>('POST', '/runners', { body, timeoutMs: 10_000 });
    this.#instance = registration.instance;
    return registration;
  }

  poll(runner: string, body: Record<string, unknown>, signal: AbortSignal): Promise<Polled> {
    const waitMs = typeof body['waitMs'] === 'number' ? body['waitMs'] : 0;
    return this.#call('POST', `/runners/${encodeURIComponent(runner)}/poll`, {
      body,
      signal,
      timeoutMs: waitMs + 10_000,
    });
  }

  attempt<T>(id: string, verb: AttemptVerb, given: Record<string, unknown>, timeoutMs = 15_000): Promise<T> {
    // A process that a newer one of its name has replaced must neither take an attempt nor keep one alive.
    const isClaim = verb === 'accept' || verb === 'heartbeat';
    const body = isClaim ? { ...given, instance: this.#instance } : given;
    return this.#call('POST', `/attempts/${encodeURIComponent(id)}/${verb}`, { body, timeoutMs });
  }

  work<T>(id: string, verb: WorkVerb, body: Record<string, unknown>, timeoutMs = 15_000): Promise<T> {
    return this.#call('POST', `/work/${encodeURIComponent(id)}/${verb}`, { body, timeoutMs });
  }

  async uploadBundle(
    attempt: string,
    { fence, head, wip }: { fence: number; head: string; wip: string | null },
    content: Uint8Array | null,
    timeoutMs: number,
  ): Promise<void> {
    await this.#call('POST', `/attempts/${encodeURIComponent(attempt)}/bundle`, {
      query: { fence, head, wip: wip ?? undefined },
      bytes: content ?? new Uint8Array(),
      timeoutMs,
    });
  }

  async downloadBundle(attempt: string, signal?: AbortSignal): Promise<Uint8Array> {
    const path = `/attempts/${encodeURIComponent(attempt)}/bundle`;
    const response = await this.#connect().download('GET', path, { timeoutMs: 300_000, signal });
    return new Uint8Array(await response.arrayBuffer());
  }

  async isAnswering(url: string): Promise<boolean> {
    try {
      const response = await new ApiClient(url).fetch('GET', '//livez', { timeoutMs: 2000 });
      await response.body?.cancel();
      return true;
    } catch {
      return false;
    }
  }

  async #call<T>(method: string, path: string, options: CallOptions): Promise<T> {
    try {
      return await this.#connect().call<T>(method, path, options);
    } catch (error) {
      // A restarted server may have another port, and a new data directory another token.
      if (error instanceof Unreachable || (error instanceof ApiProblem && error.status === 401)) {
        this.#client = undefined;
        // Where one of several does not answer, the next one may.
        if (error instanceof Unreachable) this.#turn += 1;
      }
      throw error;
    }
  }

  #connect(): ApiClient {
    if (this.#client) return this.#client;
    const { dataDir, servers = [], token } = this.#options;
    const server = servers[this.#turn % Math.max(servers.length, 1)];
    const file = join(dataDir, 'server.json');
    const url = server ?? readJsonFile<{ url?: string }>(file)?.url;
    if (url === undefined)
      throw new Unreachable(file, new Error('no server has written its address there yet'));
    this.#client = new ApiClient(url, token ?? readToken(dataDir));
    return this.#client;
  }
}

function readToken(dataDir: string): string {
  const file = join(dataDir, 'runner.token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Unreachable(file, error);
  }
}

/**
 * What a failed call means:
 * - `stale`: this attempt or work is no longer ours; stop, write nothing
 * - `superseded`: a newer process has our name; stop everything
 * - `refused`: the server understood and said no; the same again would get the same answer
 * - `retry`: the server is not there, or not able; try again
 */
export type CallFailure = 'stale' | 'superseded' | 'refused' | 'retry';

export function failureOf(error: unknown): CallFailure {
  if (!(error instanceof ApiProblem)) return 'retry';
  if (error.code === 'runner_superseded') return 'superseded';
  if (error.code === 'stale_attempt' || error.status === 404) return 'stale';
  // A token that is not accepted may be one that is being replaced: wait for it, like for the server itself.
  if (error.status >= 500 || error.status === 429 || error.status === 401) return 'retry';
  return 'refused';
}
