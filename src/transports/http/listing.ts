/** Lists are pages: at most 200 items, and a cursor where there are more. */
import { z } from 'zod';

export const listQuery = {
  limit: z.coerce.number().int().min(1).max(200).optional(),
  cursor: z.string().max(500).optional(),
};
export const DEFAULT_LIMIT = 50;

/** Pages a list that is short enough to be read whole (configured resources); the cursor is an offset. */
export function pageOf<T>(
  all: readonly T[],
  query: { limit?: number | undefined; cursor?: string | undefined },
): { items: T[]; nextCursor: string | null } {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const from = query.cursor === undefined ? 0 : Math.max(0, Number.parseInt(query.cursor, 10) || 0);
  const items = all.slice(from, from + limit);
  return { items, nextCursor: from + limit < all.length ? String(from + limit) : null };
}

export const several = (value: string | undefined): string[] | undefined =>
  value === undefined || value === '' ? undefined : value.split(',').filter(Boolean);
