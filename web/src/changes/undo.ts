/**
 * Taking back what one has just done, for ten seconds: ⌘Z, or the button on the message. Undoing is a change of its own
 * and stands in the history as one; it is made on the version that the first change left, so that it never overwrites
 * what somebody else did meanwhile.
 */
import type { Ticket } from '../../../src/contract/shapes.ts';
import { problemText } from '../ui/problem.tsx';
import { dismissToast, toast } from '../ui/toast.ts';

const UNDO_MS = 10_000;

export interface UndoStep {
  key: string;
  run: () => Promise<Ticket>;
}

let latest: { label: string; steps: UndoStep[]; until: number } | null = null;

/** Says what was done, and offers to take it back. */
export function offerUndo(label: string, steps: UndoStep[], description?: string): void {
  latest = { label, steps, until: Date.now() + UNDO_MS };
  const mine = latest;
  toast.success(label, {
    id: 'undo',
    duration: UNDO_MS,
    description,
    action: { label: 'Undo', onClick: () => void undo(mine) },
  });
}

/** What cannot be taken back is said as such, and takes the place of what could have been. */
export function sayDone(label: string, description?: string): void {
  latest = null;
  toast.success(label, { id: 'undo', duration: 6_000, description });
}

/** Changes that the server has not answered yet. */
const underWay = new Set<Promise<unknown>>();

/** A change whose answer is on its way can be taken back already: ⌘Z then waits for it. */
export function whileChanging<T>(change: Promise<T>): Promise<T> {
  underWay.add(change);
  const over = (): void => void underWay.delete(change);
  change.then(over, over);
  return change;
}

/** @returns false when there is nothing that could be taken back any more */
export function undoLatest(): boolean {
  if (underWay.size > 0) {
    void Promise.allSettled(underWay).then(undoLatest);
    return true;
  }
  if (!latest || Date.now() > latest.until) return false;
  void undo(latest);
  return true;
}

async function undo(what: NonNullable<typeof latest>): Promise<void> {
  if (latest === what) latest = null;
  // A message that its button has closed takes nothing new under its name: how it went is said by another.
  dismissToast('undo');
  const results = await Promise.allSettled(what.steps.map((step) => step.run()));
  const failed = results.flatMap((result, i) =>
    result.status === 'rejected' ? [`${what.steps[i]?.key}: ${problemText(result.reason).detail}`] : [],
  );
  const done = results.length - failed.length;
  if (failed.length === 0) toast.success(`Undone: ${what.label}`, { id: 'undone', duration: 4_000 });
  else
    toast.warning(
      done === 0 ? 'That could not be undone' : `${failed.length} of ${results.length} could not be undone`,
      { id: 'undone', description: failed.slice(0, 3).join(' '), duration: 12_000 },
    );
}
