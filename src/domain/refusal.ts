/**
 * A refusal: the domain says no, with a stable code and the facts. It is data, not an exception, until a transport
 * turns it into problem+json by the catalogue in contract/errors.ts.
 */

export interface Refusal {
  refused: true;
  /** One of the codes in contract/errors.ts (a test holds the two together). */
  code: string;
  detail: string;
  missing?: string[];
  current?: { version: number; status: string };
  /** For `stale_attempt`: why; for others free. */
  reason?: string;
  errors?: { path: string; message: string }[];
  result?: unknown;
}

export function refuse(
  code: string,
  detail: string,
  facts: Partial<Omit<Refusal, 'refused' | 'code' | 'detail'>> = {},
): Refusal {
  return { refused: true, code, detail, ...facts };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { refused?: unknown }).refused === true;
}
