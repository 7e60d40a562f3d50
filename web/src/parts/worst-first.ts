import type { Alert } from '../../../src/contract/shapes.ts';

const RANK = { critical: 0, warning: 1, info: 2 } as const;

/** Where not all of them are shown, those that are left out are not the worst. */
export function worstFirst(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) => RANK[a.severity] - RANK[b.severity] || b.lastSeen.localeCompare(a.lastSeen),
  );
}
