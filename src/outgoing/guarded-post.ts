/**
 * One POST to an address that somebody has named. The name is resolved once, every address that it has is looked at, and
 * the connection goes to one of those: a name that says something else a moment later changes nothing. Redirects are
 * not followed, no proxy of the environment is used, and an answer is read so far only.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { OutgoingAnswer, OutgoingRequest } from '../services/notify/outgoing.ts';
import { type AllowedHosts, isPublicAddress, literalOf, problemOfUrl } from './addresses.ts';

export type Resolve = (host: string) => Promise<LookupAddress[]>;

export interface PostLimits {
  timeoutMs: number;
  /** What is read of an answer; what is longer is cut off, and the connection with it. */
  answerBytes: number;
}

const LIMITS: PostLimits = { timeoutMs: 10_000, answerBytes: 16_384 };
const LONGEST_WAIT_MS = 24 * 3_600_000;

const resolveAll: Resolve = (host) =>
  new Promise((resolve, reject) =>
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
  );

export function guardedPost(
  allowed: AllowedHosts,
  resolve: Resolve = resolveAll,
  limits: PostLimits = LIMITS,
): (request: OutgoingRequest) => Promise<OutgoingAnswer> {
  return async (request) => {
    const wrong = problemOfUrl(request.url, allowed);
    if (wrong !== null) return { answered: false, problem: wrong, refused: true };
    const url = new URL(request.url);
    const until = AbortSignal.timeout(limits.timeoutMs);
    try {
      const addresses = await withinTime(addressesOf(url, resolve), until);
      const barred = allowed.has(url)
        ? undefined
        : addresses.find(({ address }) => !isPublicAddress(address));
      if (barred !== undefined)
        return {
          answered: false,
          problem: `${url.hostname} leads to ${barred.address}, which is no address of the public internet.`,
          refused: true,
        };
      return await send(url, addresses, request, until, limits);
    } catch (error) {
      return { answered: false, problem: describe(error, until, limits), refused: false };
    }
  };
}

async function addressesOf(url: URL, resolve: Resolve): Promise<LookupAddress[]> {
  const literal = literalOf(url);
  if (literal !== null) return [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
  const found = await resolve(url.hostname);
  if (found.length === 0) throw new Error(`${url.hostname} has no address`);
  return found;
}

/** A resolver cannot be called off; what it says too late is not waited for. */
function withinTime<T>(work: Promise<T>, until: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = (): void => reject(until.reason as Error);
    until.addEventListener('abort', over, { once: true });
    work.then(resolve, reject).finally(() => until.removeEventListener('abort', over));
  });
}

function send(
  url: URL,
  addresses: readonly LookupAddress[],
  { headers, body }: OutgoingRequest,
  until: AbortSignal,
  limits: PostLimits,
): Promise<OutgoingAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': String(bytes.byteLength) },
        // No connection is kept: one that an earlier name led to must not serve a later one.
        agent: false,
        signal: until,
        // Only what has been looked at: whoever asks gets the same addresses, whatever the name says by now.
        lookup: (_host, options, done) => {
          if (options.all === true) done(null, [...addresses]);
          else done(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        const finish = (): void =>
          resolve({
            answered: true,
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).subarray(0, limits.answerBytes).toString('utf8'),
            retryAfterMs: retryAfterOf(response.headers['retry-after']),
          });
        response.on('data', (part: Buffer) => {
          parts.push(part);
          size += part.length;
          if (size < limits.answerBytes) return;
          // The status is known, and that is what counts.
          finish();
          request.destroy();
        });
        response.on('end', finish);
        response.on('error', reject);
        response.on('aborted', () =>
          reject(new Error('the connection broke off in the middle of the answer')),
        );
      },
    );
    request.on('error', reject);
    request.end(bytes);
  });
}

/** Seconds, or a date. */
function retryAfterOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : null;
}

function describe(error: unknown, until: AbortSignal, limits: PostLimits): string {
  if (until.aborted) return `There was no answer within ${limits.timeoutMs / 1000} s.`;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND') return 'The name of the host is not known.';
  if (code === 'ECONNREFUSED') return 'Nothing listens there: the connection was refused.';
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message;
  return inner === '' ? (code ?? error.name) : inner;
}
