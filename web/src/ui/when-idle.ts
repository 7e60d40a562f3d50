/** What can wait until the page is there. */
import { useEffect, useState } from 'react';

/** Each of those that hold back what waits for an idle moment. */
const holding = new Set<object>();
let waiting: (() => void)[] = [];

/** The page is there, but cannot be used yet: what makes it so comes before all that waits. @returns ends that */
export function holdIdle(): () => void {
  const hold = {};
  holding.add(hold);
  return () => {
    holding.delete(hold);
    if (holding.size > 0) return;
    const due = waiting;
    waiting = [];
    // Not at once: whoever waited for this has the next move.
    for (const action of due) whenIdle(action);
  };
}

/** After the paint, when there is time; not every browser says when that is. @returns takes it back */
export function whenIdle(action: () => void): () => void {
  let isWanted = true;
  const act = (): void => {
    if (!isWanted) return;
    if (holding.size > 0) waiting.push(act);
    else action();
  };
  if (typeof requestIdleCallback === 'function') requestIdleCallback(act, { timeout: 1_000 });
  else setTimeout(act, 100);
  return () => {
    isWanted = false;
  };
}

/** False until the page has been drawn and there is time for more. */
export function useIsIdle(): boolean {
  const [isIdle, setIdle] = useState(false);
  useEffect(() => whenIdle(() => setIdle(true)), []);
  return isIdle;
}
