/**
 * Comments of reviews that were sent, in the diff of a later attempt. Where the lines that a comment was about are still
 * there it stands at them, wherever they have moved; where they are not it is outdated, and stands above its file with the
 * lines as they were.
 */
import type { Comment, ReviewComment } from '../../../../../src/contract/shapes.ts';
import type { DiffRow } from './parse-diff.ts';

export interface PastComment extends ReviewComment {
  id: string;
  by: string;
  at: string;
  /** The attempt that was reviewed. */
  attempt: string | null;
}

export function pastComments(conversation: readonly Comment[]): PastComment[] {
  return conversation.flatMap(({ at, by, review }) =>
    (review?.comments ?? []).map((comment, i) => ({
      ...comment,
      id: `${at}-${i}`,
      by,
      at,
      attempt: review?.attempt ?? null,
    })),
  );
}

/** @returns the last line of what the comment is about in these rows; null where that is gone */
export function findLine(comment: PastComment, attempt: string, rows: readonly DiffRow[]): number | null {
  const lineOf = (row: DiffRow): number | null => (comment.side === 'before' ? row.before : row.after);
  if (comment.attempt === attempt)
    return rows.some((row) => lineOf(row) === comment.endLine) ? comment.endLine : null;
  const quoted = comment.quote.split('\n');
  const side = rows.filter((row) => lineOf(row) !== null);
  let best: number | null = null;
  for (let i = 0; i + quoted.length <= side.length; i += 1) {
    const begins = side[i];
    if (!begins || !quoted.every((text, n) => side[i + n]?.text.slice(0, 400) === text)) continue;
    const last = lineOf(side[i + quoted.length - 1] ?? begins);
    if (last === null) continue;
    // The same words may stand in several places: the nearest is meant.
    if (best === null || Math.abs(last - comment.endLine) < Math.abs(best - comment.endLine)) best = last;
  }
  return best;
}
