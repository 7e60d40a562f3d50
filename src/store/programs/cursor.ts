/** Where the next page of a list begins. */
import { sql } from 'kysely';
import { p } from '../program.ts';

/** A cursor is the sort value and the key of the last item, so that a page is stable while items come and go. */
export function cursorOf(values: (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

export function readCursor(cursor: string | undefined): [at: number, key: string] | null {
  if (cursor === undefined) return null;
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (!Array.isArray(values) || values.length !== 2) return null;
    const [at, key] = values as unknown[];
    // A typed column takes no other value: a cursor that nobody was given begins at the start.
    return Number.isSafeInteger(at) && typeof key === 'string' ? [at as number, key] : null;
  } catch {
    return null;
  }
}

/** The rows behind a cursor, in the order of a column and then of a key. */
export function after<T extends string, K extends string>(column: T, operator: '<' | '>', key: K) {
  const [by, beyond] = [sql.ref(column), sql.raw(operator)];
  // Said twice: by the first an index finds the place.
  return sql<boolean>`(${by} ${beyond}= ${p('at')} and (${by} ${beyond} ${p('at')} or ${sql.ref(key)} ${beyond} ${p('id')}))`;
}
