/**
 * The error catalogue: each code with its status, its title, what to do next, and whether trying the same again can
 * help. The domain refuses with a code and facts; this table turns that into problem+json (RFC 9457). A code without
 * a row does not compile. An advice never names a way round the check that it reports: agents read it and take it.
 */

export interface ErrorEntry {
  status: number;
  title: string;
  advice: string;
  retryable: boolean;
}

export const ERROR_CODES = [
  'invalid_request',
  'malformed_json',
  'unsupported_media_type',
  'body_too_large',
  'not_found',
  'method_not_allowed',
  'unauthenticated',
  'forbidden',
  'actor_not_allowed',
  'host_not_allowed',
  'origin_not_allowed',
  'rate_limited',
  'precondition_required',
  'version_conflict',
  'already_exists',
  'idempotency_key_reused',
  'transition_not_allowed',
  'evidence_incomplete',
  'stale_attempt',
  'stale_delivery',
  'delivery_expired',
  'already_acted',
  'already_answered',
  'runner_superseded',
  'runner_name_taken',
  'runner_version_unsupported',
  'reference_not_found',
  'dependency_cycle',
  'repository_unusable',
  'sample_unavailable',
  'invalid_cron',
  'address_not_allowed',
  'landing_in_progress',
  'decision_not_allowed',
  'paused',
  'not_supported',
  'store_unavailable',
  'shutting_down',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export const ERRORS: Record<ErrorCode, ErrorEntry> = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    advice: 'Correct the members that `errors` names, and send it again.',
    retryable: false,
  },
  malformed_json: {
    status: 400,
    title: 'The body is not valid JSON in UTF-8',
    advice: 'Send one JSON object, encoded in UTF-8, at most 64 levels deep.',
    retryable: false,
  },
  unsupported_media_type: {
    status: 415,
    title: 'Only application/json is accepted',
    advice: 'Send the header `Content-Type: application/json`.',
    retryable: false,
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    advice: 'Send at most 1 MiB; split long output into several requests.',
    retryable: false,
  },
  not_found: {
    status: 404,
    title: 'There is no such resource',
    advice:
      'Check the spelling; `GET /api/v1/openapi.json` lists every path, and the collection lists what exists.',
    retryable: false,
  },
  method_not_allowed: {
    status: 405,
    title: 'This resource does not take that method',
    advice: 'See `GET /api/v1/openapi.json` for the methods of this path.',
    retryable: false,
  },
  unauthenticated: {
    status: 401,
    title: 'No valid token or session',
    advice:
      'Get a new sign-in link with `mctl sign-in` on the machine of the server; a program sends `Authorization: Bearer …`.',
    retryable: false,
  },
  forbidden: {
    status: 403,
    title: 'This token may not do that',
    advice: 'Ask an administrator for a token whose role allows it.',
    retryable: false,
  },
  actor_not_allowed: {
    status: 403,
    title: 'This actor may not make that decision',
    advice: 'The transition table (docs/states.md) says who may; leave the decision to them.',
    retryable: false,
  },
  host_not_allowed: {
    status: 421,
    title: 'The Host header names another server',
    advice:
      'Use the address that the server printed at its start, or have its administrator add this one to `hosts`.',
    retryable: false,
  },
  origin_not_allowed: {
    status: 403,
    title: 'The request comes from another site',
    advice: 'Use the pages of this server, or a bearer token without cookies.',
    retryable: false,
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    advice: 'Wait for as long as `Retry-After` says.',
    retryable: true,
  },
  precondition_required: {
    status: 428,
    title: 'If-Match is missing',
    advice:
      'Read the resource, and send the ETag that you saw as `If-Match`, so that no change of others is overwritten.',
    retryable: false,
  },
  version_conflict: {
    status: 412,
    title: 'The resource has changed meanwhile',
    advice:
      'Look at what it is now and decide again; over the API, send the version that you read then as `If-Match`.',
    retryable: false,
  },
  already_exists: {
    status: 409,
    title: 'That name is taken',
    advice: 'Choose another name, or PATCH the existing one.',
    retryable: false,
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another body',
    advice: 'Use a new key for a new request; repeat the key only with the same body.',
    retryable: false,
  },
  transition_not_allowed: {
    status: 409,
    title: 'The ticket is not in a state from which that can happen',
    advice: 'Read the ticket; `allowedTransitions` lists what is possible now.',
    retryable: false,
  },
  evidence_incomplete: {
    status: 422,
    title: 'Evidence that the completion policy requires is missing',
    advice:
      'Provide what `missing` names: commit the work, and submit the full commit id. Evidence counts once Mission Control has verified it.',
    retryable: false,
  },
  stale_attempt: {
    status: 409,
    title: 'This attempt is no longer current',
    advice: 'Stop working: nothing that this attempt writes is accepted any more. Its work so far is kept.',
    retryable: false,
  },
  stale_delivery: {
    status: 409,
    title: 'This delivery is not the current one',
    advice: 'Lease the inbox again, and act with the deliveryId of that answer.',
    retryable: false,
  },
  delivery_expired: {
    status: 409,
    title: 'The delivery lease has expired',
    advice: 'Lease the inbox again; if the item is still pending you get it with a new deliveryId.',
    retryable: false,
  },
  already_acted: {
    status: 409,
    title: 'Somebody has already decided this item',
    advice: 'See `result` for the decision that stands.',
    retryable: false,
  },
  already_answered: {
    status: 409,
    title: 'This question is closed',
    advice: 'Read the ticket for the answer that stands; write a comment to add to it.',
    retryable: false,
  },
  runner_superseded: {
    status: 409,
    title: 'A newer process runs under this runner name',
    advice: 'Stop your agents and exit; the newer process has taken over.',
    retryable: false,
  },
  runner_name_taken: {
    status: 409,
    title: 'The name belongs to a runner with another token',
    advice:
      'Register under another name, or with the token that registered this one first; an administrator can free the name: `mctl runner release NAME`.',
    retryable: false,
  },
  runner_version_unsupported: {
    status: 409,
    title: 'This runner and this server do not understand each other',
    advice:
      'Run the versions that the detail names: first the server is brought up to date, then its runners.',
    retryable: false,
  },
  reference_not_found: {
    status: 422,
    title: 'The request refers to something that does not exist',
    advice: 'Create it first, or correct the name that `errors` points at.',
    retryable: false,
  },
  dependency_cycle: {
    status: 422,
    title: 'These dependencies would form a cycle',
    advice: 'Remove one of the blockers named in the detail; a ticket cannot wait for itself.',
    retryable: false,
  },
  repository_unusable: {
    status: 422,
    title: 'The repository cannot be used',
    advice: 'Give the path of a git repository with at least one commit, and a branch that exists in it.',
    retryable: false,
  },
  sample_unavailable: {
    status: 422,
    title: 'The sample project could not be made',
    advice:
      'Read the detail; on a checkout of Mission Control `node examples/demo/start.mjs --running` says more.',
    retryable: true,
  },
  invalid_cron: {
    status: 422,
    title: 'The cron line or its time zone cannot be used',
    advice:
      'Use five fields (minute hour day month weekday) that name a date which exists, and a time zone like Europe/Berlin.',
    retryable: false,
  },
  address_not_allowed: {
    status: 422,
    title: 'Nothing is sent to this address',
    advice: 'Name an https address of the public internet, or ask whoever runs this server.',
    retryable: false,
  },
  landing_in_progress: {
    status: 409,
    title: 'The work is being landed right now',
    advice: 'Wait for the push to be answered, and read the ticket again.',
    retryable: true,
  },
  decision_not_allowed: {
    status: 422,
    title: 'That decision does not fit this kind of item',
    advice: 'Use a decision that the item’s kind allows; the detail lists them.',
    retryable: false,
  },
  paused: {
    status: 409,
    title: 'Mission Control is paused',
    advice: 'A person can resume it with `mctl pause --off` or the button on every page.',
    retryable: true,
  },
  not_supported: {
    status: 501,
    title: 'Not available in this version',
    advice: 'See CHANGELOG.md for what this version can do.',
    retryable: false,
  },
  store_unavailable: {
    status: 503,
    title: 'The store cannot take the change now',
    advice: 'Try again with the same Idempotency-Key after a short wait.',
    retryable: true,
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down',
    advice: 'Try again with the same Idempotency-Key when it is back.',
    retryable: true,
  },
  internal: {
    status: 500,
    title: 'A bug in Mission Control',
    advice: 'Please report it with the request id; nothing was half written.',
    retryable: true,
  },
};
