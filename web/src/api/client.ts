/**
 * The one way the app speaks to the server: the shared typed client, with the cookie of this origin. A call that
 * cannot reach the server tells the connection at once, so that the banner appears with the first failure.
 */
import { ApiClient, ApiProblem, Unreachable, type CallOptions } from '../../../src/client/api-client.ts';
import { connection } from './connection.ts';

class WebClient extends ApiClient {
  override async fetch(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    try {
      const response = await super.fetch(method, path, options);
      if (response.status === 401 && !path.startsWith('/session')) connection.signedOut();
      return response;
    } catch (error) {
      // A caller that gave up (a page was left, a long poll was dropped) says nothing about the server.
      if (error instanceof Unreachable && options.signal?.aborted !== true) connection.doubt();
      throw error;
    }
  }
}

export const api = new WebClient(globalThis.location?.origin ?? 'http://localhost');

export { ApiProblem, Unreachable };

/** A key that makes a repeated request harmless. `randomUUID` exists on secure origins only; a phone may use plain http. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join(
    '',
  );
}
