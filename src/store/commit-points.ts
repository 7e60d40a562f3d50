/** The boundaries of a group commit, in their order; `plan` comes once for each plan that was applied. */
export const COMMIT_POINTS = [
  'begun',
  'plan',
  'before-commit',
  'after-commit',
  'answered',
  'published',
] as const;
export type CommitPoint = (typeof COMMIT_POINTS)[number];
