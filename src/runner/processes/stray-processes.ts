/** Finds what an earlier life of this runner left running: processes that carry its mark, by the thing they ran for. */
import { createHash, randomBytes } from 'node:crypto';
import { hasProc, readEnvironment, readProcessTable } from './process-table.ts';
import { KEEPER_VARIABLE, MARKER_VARIABLE } from './process-tree.ts';

/** Tells the processes of one data directory from those of other runners on the machine. */
export function ownerTag(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
}

/** @returns `<id>:<owner>-<nonce>`, in the environment of everything that runs for `id` */
export function makeMarker(id: string, owner: string): string {
  return `${id}:${owner}-${randomBytes(6).toString('hex')}`;
}

/** What a marker may be about. It also names a folder, and an agent can write into its environment what it likes. */
const MARKED = '[A-Za-z0-9_.-]+';

export function isMarkerOf(owner: string, text: string): boolean {
  return new RegExp(`^${MARKED}:${owner}-[0-9a-f]+$`).test(text);
}

/** The markers of this owner that living processes carry. */
export function findStrayMarkers(owner: string): Set<string> {
  const found = new Set<string>();
  if (!hasProc) return found;
  const pattern = new RegExp(
    `(?:^|\\0)(?:${MARKER_VARIABLE}|${KEEPER_VARIABLE})=(${MARKED}:${owner}-[0-9a-f]+)\\0`,
    'g',
  );
  for (const row of readProcessTable().values()) {
    if (row.pid === process.pid) continue;
    const environment = readEnvironment(row.pid);
    if (!environment) continue;
    for (const match of environment.toString('latin1').matchAll(pattern)) if (match[1]) found.add(match[1]);
  }
  return found;
}
