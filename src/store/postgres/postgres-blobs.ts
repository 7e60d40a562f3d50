/**
 * Blobs in the database: whichever server took an artifact or a bundle in, every server gives it out. In parts, so that
 * no row is larger than a message should be; written in one transaction, and never changed.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Blobs } from '../port.ts';
import { BLOB } from './dialect.ts';

const PART_BYTES = 512 * 1024;

export function postgresBlobs(pool: pg.Pool, patiently: <T>(work: () => Promise<T>) => Promise<T>): Blobs {
  const read = (sha256: string): Promise<Uint8Array | null> =>
    patiently(async () => {
      const { rows } = await pool.query<{ content: Buffer }>(BLOB.read, [sha256]);
      return rows.length === 0 ? null : Buffer.concat(rows.map((row) => row.content));
    });
  return {
    put: (content) =>
      patiently(async () => {
        const sha256 = createHash('sha256').update(content).digest('hex');
        const client = await pool.connect();
        let broken = true;
        try {
          await client.query(BLOB.begin);
          for (let at = 0, part = 0; at < Math.max(content.length, 1); at += PART_BYTES, part += 1) {
            const bytes = Buffer.from(content.subarray(at, at + PART_BYTES));
            await client.query(BLOB.add, [sha256, part, bytes]);
          }
          await client.query('commit');
          broken = false;
          return sha256;
        } finally {
          client.release(broken);
        }
      }),
    read,
    hashOf: async (sha256) => {
      const content = await read(sha256);
      return content ? createHash('sha256').update(content).digest('hex') : null;
    },
    list: () =>
      patiently(async () => (await pool.query<{ sha256: string }>(BLOB.list)).rows.map((row) => row.sha256)),
    remove: (sha256) =>
      patiently(async () => {
        await pool.query(BLOB.remove, [sha256]);
      }),
  };
}
