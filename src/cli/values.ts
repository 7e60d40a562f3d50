/** Reads the values of flags: numbers, spans of time, moments, lists, and `none` for "take it away". */
import { UsageError } from './failures.ts';

/** For commander: gathers a flag that may be given several times; commas separate too where words cannot have any. */
export function gather(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

export function words(values: string[] | undefined): string[] | undefined {
  return values
    ?.flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

export function number(value: string | undefined, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const read = Number(value);
  if (value.trim() === '' || !Number.isFinite(read)) {
    throw new UsageError(`${flag} takes a number; "${value}" is none.`);
  }
  return read;
}

/** As `number`, and `none` is null. */
export function numberOrNone(value: string | undefined, flag: string): number | null | undefined {
  return value === 'none' ? null : number(value, flag);
}

export function orNone(value: string | undefined): string | null | undefined {
  return value === 'none' ? null : value;
}

const UNIT_MS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90m`, `12h`, `7d`, `2w` as milliseconds. */
export function span(value: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(value.trim());
  if (match === null) throw new UsageError(`${flag} takes a span like 30m, 12h or 7d; "${value}" is none.`);
  return Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

/** A moment, as RFC 3339: `7d` from now, or a date or time; a date alone is its midnight in UTC. */
export function moment(value: string, flag: string, now: number): string {
  if (/^[\d.]+\s*[smhdw]$/.test(value.trim())) return new Date(now + span(value, flag)).toISOString();
  const at = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new UsageError(
      `${flag} takes a span (12h, 7d) or a time (2026-12-24T18:00:00Z); "${value}" is neither.`,
    );
  }
  return new Date(at).toISOString();
}

export function oneOf<T extends string>(
  value: string | undefined,
  allowed: readonly T[],
  flag: string,
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((each) => each === value.replaceAll('-', '_'));
  if (found === undefined)
    throw new UsageError(`${flag} is one of ${allowed.join(', ')}; "${value}" is none of them.`);
  return found;
}

/** `{usd, tokens}` from two flags; undefined when neither was given, null when one says `none`. */
export function budgetOf(
  usd: string | undefined,
  tokens: string | undefined,
): { usd?: number; tokens?: number } | null | undefined {
  if (usd === undefined && tokens === undefined) return undefined;
  if (usd === 'none' || tokens === 'none') return null;
  return withoutUndefined({ usd: number(usd, '--budget-usd'), tokens: number(tokens, '--budget-tokens') });
}

/** Drops members that were not given, so that a PATCH changes only what was named. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

/** undefined when no member was given. */
export function orUndefined<T extends object>(value: T): T | undefined {
  const kept = withoutUndefined(value);
  return Object.keys(kept).length === 0 ? undefined : kept;
}
