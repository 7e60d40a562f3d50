/** Columns as SQLite gives them: text, numbers, null. */
import pg from 'pg';

const WHOLE_64_BITS = 20;
const NUMERIC = 1700;

export const getTypeParser: typeof pg.types.getTypeParser = ((oid: number, format: 'text') =>
  // Every whole number here is below 2^53; sums of bigint come as numeric.
  oid === WHOLE_64_BITS || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format)) as never;
