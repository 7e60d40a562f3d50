/** Refusals and errors as problem+json (RFC 9457), by the one catalogue. Bad input never becomes a 5xx. */
import type { FastifyReply } from 'fastify';
import { ERRORS, type ErrorCode } from '../../contract/errors.ts';
import type { Problem } from '../../contract/shapes.ts';
import { type Refusal, refuse } from '../../domain/refusal.ts';

export function problemOf(refusal: Refusal): Problem {
  const code = (refusal.code in ERRORS ? refusal.code : 'internal') as ErrorCode;
  const entry = ERRORS[code];
  return {
    type: `https://mission-control.invalid/errors/${code}`,
    title: entry.title,
    status: entry.status,
    detail: refusal.detail,
    code,
    advice: entry.advice,
    retryable: entry.retryable,
    ...(refusal.errors ? { errors: refusal.errors } : {}),
    ...(refusal.missing ? { missing: refusal.missing } : {}),
    ...(refusal.current
      ? { current: { version: refusal.current.version, status: refusal.current.status } }
      : {}),
    ...(refusal.reason === undefined ? {} : { reason: refusal.reason }),
    ...(refusal.result === undefined ? {} : { result: refusal.result }),
  };
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const problem = problemOf(refusal);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="mission-control"');
  if (problem.status === 503 || problem.status === 429) void reply.header('retry-after', '1');
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

interface HttpLikeError {
  statusCode?: number;
  code?: string;
  message: string;
  validation?: unknown;
  validationContext?: string;
}

/** What fastify and its parsers throw, in the words of the catalogue. */
export function refusalOfError(error: HttpLikeError): Refusal | null {
  if (Array.isArray(error.validation)) {
    const errors = error.validation.map((entry: { instancePath?: string; message?: string }) => ({
      path:
        (entry.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.') ||
        (error.validationContext ?? 'body'),
      message: entry.message ?? 'is not valid',
    }));
    return refuse(
      'invalid_request',
      errors
        .map((e) => `${e.path}: ${e.message}`)
        .join('; ')
        .slice(0, 2000),
      { errors },
    );
  }
  switch (error.statusCode) {
    case 400:
      return refuse(error.code === undefined ? 'malformed_json' : 'invalid_request', error.message);
    case 403:
    case 404:
      // The static files' own words for a path that leads out of them.
      return refuse('not_found', 'There is no such file.');
    case 413:
      return refuse('body_too_large', error.message);
    case 415:
      return refuse('unsupported_media_type', error.message);
    case 429:
      return refuse('rate_limited', error.message);
    default:
      return null;
  }
}
