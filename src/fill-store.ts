/**
 * An empty database filled from a backup or from another database, fenced and verified. Until the last step no server
 * opens it, so that a run that was broken off is just run again.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { artifactFiles } from './artifact-files.ts';
import { MOVED, markMoved, movedBy } from './moved.ts';
import { createDeps } from './server.ts';
import { BackupProblem, type BackupHeader, type BackupLine, readBackup } from './services/backup.ts';
import { type Fenced, fenceRestored } from './services/fence-restored.ts';
import { type Verified, verifyState } from './services/verify.ts';
import type { Settings } from './settings.ts';
import type { LoadTarget } from './store/load-target.ts';
import type { Blobs, Store, TablePage } from './store/port.ts';
import { openSqliteStore, openSqliteTarget } from './store/sqlite/sqlite-store.ts';

/** The sentence is for whoever gave the command; nothing was changed that cannot be tried again. */
export class OfflineProblem extends Error {}

export interface Place {
  /** For messages; never with a password. */
  name: string;
  target: LoadTarget;
  open(options: { unfinished: boolean }): Promise<Store>;
  /** The installation moves to `to`, a place in words: no server starts on this one from now on. */
  leave(leaving: { to: string; move: string }): Promise<void>;
  /** It has not moved after all. */
  stay(): Promise<void>;
  /** The id of the move by which it has left; null where it has not. */
  leftBy(): Promise<string | null>;
}

export async function placeOf(settings: Settings): Promise<Place> {
  const { databaseUrl: url, dataDir } = settings;
  if (url === null) {
    const path = join(dataDir, 'mission-control.db');
    return {
      name: path,
      target: openSqliteTarget(path),
      open: ({ unfinished }) => Promise.resolve(openSqliteStore({ path, unfinished })),
      leave: (leaving) => Promise.resolve(markMoved(dataDir, leaving)),
      stay: () => Promise.resolve(rmSync(join(dataDir, MOVED), { force: true })),
      leftBy: () => Promise.resolve(movedBy(dataDir)),
    };
  }
  const postgres = await import('./store/postgres/postgres-store.ts');
  const { host, pathname } = new URL(url);
  return {
    name: `the PostgreSQL database ${host}${pathname}`,
    target: postgres.openPostgresTarget(url),
    open: ({ unfinished }) => postgres.openPostgresStore({ url, unfinished }),
    ...postgres.leavingPostgres(url),
  };
}

export interface Filled {
  header: BackupHeader;
  fenced: Fenced;
  blobs: number;
  verified: Verified;
  /** For so long nothing is dispatched. */
  holdMs: number;
}

export async function fillStore(options: {
  place: Place;
  settings: Settings;
  how: 'restored' | 'moved';
  /** The id of the move; null for a restore. */
  move: string | null;
  /** All is verified. What it does is done before any server can open the place. */
  beforeFinish: (header: BackupHeader) => Promise<void>;
  lines: AsyncIterable<string>;
  /** Finishes also what does not verify. */
  unverified: boolean;
  /** Nothing that was given out before still runs: somebody says so. */
  atOnce: boolean;
}): Promise<Filled> {
  const { place, settings, how } = options;
  if ((await place.target.state()) === 'full')
    throw new OfflineProblem(
      `There is something in ${place.name} already, and nothing is ever overwritten. Name an empty place, or move what is there away.`,
    );
  const reader = readBackup(options.lines);
  const first = (await reader.next()).value as BackupLine | undefined;
  if (first?.kind !== 'header') throw new BackupProblem('is no backup of Mission Control');
  const { header } = first;
  let held: BackupLine | null = null;
  async function* pages(): AsyncGenerator<TablePage> {
    for (let next = await reader.next(); !next.done; next = await reader.next()) {
      if (next.value.kind !== 'rows') {
        held = next.value;
        return;
      }
      yield next.value;
    }
  }
  const holdMs = options.atOnce ? 0 : (settings.leaseSeconds + settings.graceSeconds) * 1000;
  await place.target.load({
    schema: header.schema,
    at: header.at,
    pages: pages(),
    holdMs,
    move: options.move,
  });
  const store = await place.open({ unfinished: true });
  try {
    const count = await putBlobs(store.blobs ?? artifactFiles(settings.dataDir), held, reader);
    const head = await store.head();
    if (head.seq !== header.head.seq || head.hash !== header.head.hash)
      throw new BackupProblem(
        `was altered: its log ends at ${head.seq}:${head.hash.slice(0, 16)}, and it says ${header.head.seq}:${header.head.hash.slice(0, 16)}`,
      );
    const deps = await createDeps(store, settings);
    const fenced = await fenceRestored(deps, { how, from: header.head, copiedAt: header.at });
    const verified = await verifyState(deps, header.head.seq > 0 ? header.head : undefined);
    if (!verified.ok && !options.unverified)
      throw new OfflineProblem(
        `What is in it does not verify, and no server opens ${place.name}:\n${violationsOf(verified)}\nTo go on with it all the same, say --unverified.`,
      );
    await options.beforeFinish(header);
    await place.target.finish();
    return { header, fenced, blobs: count, verified, holdMs };
  } finally {
    await store.close();
  }
}

export function violationsOf(verified: Verified): string {
  return verified.invariants
    .filter(({ ok }) => !ok)
    .flatMap(({ id, violations }) => violations.slice(0, 5).map((violation) => `  ${id}: ${violation}`))
    .join('\n');
}

async function putBlobs(
  into: Blobs,
  held: BackupLine | null,
  rest: AsyncGenerator<BackupLine>,
): Promise<number> {
  let count = 0;
  let parts: Buffer[] = [];
  const take = async (line: BackupLine): Promise<void> => {
    if (line.kind !== 'blob') {
      if (line.kind !== 'end') throw new BackupProblem('was altered: its lines are out of order');
      return;
    }
    if (line.part !== parts.length)
      throw new BackupProblem('was altered: the parts of a file are out of order');
    parts.push(Buffer.from(line.content, 'base64'));
    if (parts.length < line.parts) return;
    const sha256 = await into.put(Buffer.concat(parts));
    if (sha256 !== line.sha256)
      throw new BackupProblem(`was altered: the file ${line.sha256.slice(0, 16)} is another`);
    parts = [];
    count += 1;
  };
  if (held !== null) await take(held);
  for await (const line of rest) await take(line);
  return count;
}
