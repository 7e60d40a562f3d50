import type { InboxItem } from '../../../src/contract/shapes.ts';

/** What waits for a person before what an orchestrator may still decide; of each the oldest deadline, then what was asked first. */
export const mostPressingFirst = (items: readonly InboxItem[]): InboxItem[] =>
  [...items].sort(
    (a, b) =>
      b.for.localeCompare(a.for) ||
      (a.deadline ?? '9').localeCompare(b.deadline ?? '9') ||
      a.createdAt.localeCompare(b.createdAt),
  );
