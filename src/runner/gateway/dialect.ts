/**
 * The four ways in which agents speak to models, told apart by the path that they call. They differ here in three
 * things only: where the key is, where the usage stands, and how an error is said. Nothing is translated between them.
 */
import type { IncomingHttpHeaders } from 'node:http';

export const DIALECTS = ['chat-completions', 'responses', 'messages', 'generateContent'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** null for what is no model call: lists of models, token counts and the like pass without being metered. */
export function dialectOf(path: string): Dialect | null {
  if (path.endsWith('/chat/completions')) return 'chat-completions';
  if (path.endsWith('/responses')) return 'responses';
  if (path.endsWith('/messages')) return 'messages';
  if (/:(?:streamGenerateContent|generateContent)$/.test(path)) return 'generateContent';
  return null;
}

/** Where agents put a key, and where providers look for it. */
const KEY_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'] as const;

/** The token that came with a request, in whichever place. */
export function tokenOf(headers: IncomingHttpHeaders, query: URLSearchParams): string | null {
  for (const name of KEY_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') return value.replace(/^Bearer +/i, '');
  }
  return query.get('key');
}

/** Puts the real key where the attempt's token was; without a key the token is only taken away. */
export function withKey(
  headers: Record<string, string | string[]>,
  query: URLSearchParams,
  key: string | null,
): void {
  for (const name of KEY_HEADERS) {
    if (headers[name] === undefined) continue;
    if (key === null) delete headers[name];
    else headers[name] = name === 'authorization' ? `Bearer ${key}` : key;
  }
  if (!query.has('key')) return;
  if (key === null) query.delete('key');
  else query.set('key', key);
}

/** A refusal as the agent's own library expects an error of its provider. */
export function errorBody(dialect: Dialect | null, status: number, code: string, message: string): string {
  switch (dialect) {
    case 'messages':
      return JSON.stringify({ type: 'error', error: { type: code, message } });
    case 'generateContent':
      return JSON.stringify({ error: { code: status, message, status: code.toUpperCase() } });
    default:
      return JSON.stringify({ error: { message, type: code, code, param: null } });
  }
}
