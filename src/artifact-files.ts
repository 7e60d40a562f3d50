/**
 * The bytes of artifacts and bundles: files in the data directory, named by their SHA-256, written once and never changed. The log
 * holds names and hashes; whether the bytes are still those is asked of the file itself.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Blobs } from './store/port.ts';

export function artifactFiles(dataDir: string): Blobs {
  const dir = join(dataDir, 'artifacts');
  const pathOf = (hash: string): string => {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`not a SHA-256: ${hash.slice(0, 100)}`);
    return join(dir, hash.slice(0, 2), hash);
  };
  const read = async (hash: string): Promise<Uint8Array | null> => {
    try {
      return await readFile(pathOf(hash));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };
  return {
    put: async (content) => {
      const sha256 = createHash('sha256').update(content).digest('hex');
      const path = pathOf(sha256);
      const existing = await stat(path).catch(() => null);
      // Content that is there already is looked at before it is believed: a half-written one would stand for good.
      if (existing?.size === content.length) {
        const there = await read(sha256);
        if (there && createHash('sha256').update(there).digest('hex') === sha256) return sha256;
      }
      await mkdir(join(dir, sha256.slice(0, 2)), { recursive: true, mode: 0o700 });
      const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.new`;
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(content);
        // What is answered survives a crash of the machine.
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      return sha256;
    },
    read,
    hashOf: async (hash) => {
      const content = await read(hash);
      return content ? createHash('sha256').update(content).digest('hex') : null;
    },
    list: async () => {
      const names = await readdir(dir, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      return names.map((name) => basename(name)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    },
    remove: (hash) => rm(pathOf(hash), { force: true }),
  };
}
