/** What can wait until the page is there. */
import { useEffect, useState } from 'react';

/** After the paint, when there is time; not every browser says when that is. @returns takes it back */
export function whenIdle(action: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(action, 100);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(action, { timeout: 1_000 });
  return () => cancelIdleCallback(handle);
}

/** False until the page has been drawn and there is time for more. */
export function useIsIdle(): boolean {
  const [isIdle, setIdle] = useState(false);
  useEffect(() => whenIdle(() => setIdle(true)), []);
  return isIdle;
}
