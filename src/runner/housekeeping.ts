/**
 * What is left over and goes, in good order: processes of an earlier life that nobody keeps, and worktrees of
 * attempts that ended. A worktree is kept for a while, as the next attempt may continue in it; before it goes, what
 * was not committed is saved, and one that cannot be saved stays.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptContext } from './attempt/attempt-context.ts';
import type { AttemptRecord } from './attempt/attempt-record.ts';

const KEEP_ENDED_MS = 60 * 60_000;
const KEEP_ENDED_MOST = 8;
const KEEP_PARKED_MS = 7 * 24 * 60 * 60_000;

export async function removeStrays(context: AttemptContext, kept: ReadonlySet<string>): Promise<void> {
  // Verification and landing that were cut off are done anew, from nothing; what was made ahead was nobody's.
  for (const folder of ['run', 'worktrees']) {
    const path = join(context.dataDir, folder);
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      if (/^(verify|land|spare)-/.test(name)) rmSync(join(path, name), { recursive: true, force: true });
    }
  }
  for (const marker of context.processes.strayMarkers(context.ownerTag)) {
    if (kept.has(marker)) continue;
    context.log('stopping what an earlier life left running', { marker });
    await context.processes.tree(marker, []).stop({ graceMs: context.killGraceMs });
  }
}

export async function retireWorktrees(
  context: AttemptContext,
  isRunning: (attempt: string) => boolean,
): Promise<void> {
  const now = context.clock.now();
  const idle = context.records
    .list()
    .filter((record) => (record.phase === 'ended' || record.phase === 'parked') && !isRunning(record.attempt))
    .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  // A continued worktree is the later attempt's: it must not go with the record of the earlier one.
  const owners = new Map<string, AttemptRecord>();
  for (const record of context.records.list()) {
    if (record.worktree === null) continue;
    const owner = owners.get(record.worktree);
    if (!owner || owner.number < record.number) owners.set(record.worktree, record);
  }
  let ended = 0;
  for (const record of idle) {
    const ageMs = now - (record.endedAt ?? 0);
    const isOld =
      record.phase === 'parked' ? ageMs > KEEP_PARKED_MS : ageMs > KEEP_ENDED_MS || ++ended > KEEP_ENDED_MOST;
    if (!isOld) continue;
    const { worktree } = record;
    if (worktree !== null && existsSync(worktree) && owners.get(worktree)?.attempt === record.attempt) {
      try {
        const saved = await context.workspaces.retire(record.project, worktree, record.ticket, record.number);
        if (!saved.complete) continue;
      } catch (error) {
        context.log('worktree stays', { attempt: record.attempt, error: String(error) });
        continue;
      }
    }
    if (record.phase === 'ended') context.records.remove(record.attempt);
    else if (worktree !== null) context.records.save({ ...record, worktree: null });
  }
}
