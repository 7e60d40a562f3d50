/** Returns deliveries whose lease ran out, and hands to a person what waited too long for the orchestrator. */
import { returnDueItem } from '../services/inbox.ts';
import type { Deps } from '../services/deps.ts';

export async function runInboxKeeper(deps: Deps): Promise<number> {
  const due = await deps.store.dueInbox(await deps.store.now());
  for (const id of due) await returnDueItem(deps, id);
  return due.length;
}
