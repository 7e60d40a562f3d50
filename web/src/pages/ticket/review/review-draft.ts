/**
 * A review that is being written: comments at lines of an attempt's diff, and which files one has seen. Kept on this
 * device until it is sent or thrown away; a second tab sees the same.
 */
import { useSyncExternalStore } from 'react';
import type { ReviewComment } from '../../../../../src/contract/shapes.ts';

export interface DraftComment extends ReviewComment {
  id: string;
}
export interface ReviewDraft {
  comments: DraftComment[];
  summary: string;
  viewed: string[];
}

const EMPTY: ReviewDraft = { comments: [], summary: '', viewed: [] };
const PREFIX = 'mc.review.';
const listeners = new Set<() => void>();
const parsed = new Map<string, { text: string | null; draft: ReviewDraft }>();
/** What could not be stored, in a private window; then it lasts as long as the page. */
const unstored = new Map<string, string>();

addEventListener('storage', (event) => {
  if (event.key?.startsWith(PREFIX)) for (const listener of listeners) listener();
});

function readText(attempt: string): string | null {
  try {
    return localStorage.getItem(PREFIX + attempt) ?? unstored.get(attempt) ?? null;
  } catch {
    return unstored.get(attempt) ?? null;
  }
}

export function readDraft(attempt: string): ReviewDraft {
  const text = readText(attempt);
  const known = parsed.get(attempt);
  if (known && known.text === text) return known.draft;
  let draft = EMPTY;
  try {
    if (text !== null) draft = { ...EMPTY, ...(JSON.parse(text) as Partial<ReviewDraft>) };
  } catch {
    // Somebody else's text under our name: begin anew.
  }
  parsed.set(attempt, { text, draft });
  return draft;
}

export function changeDraft(attempt: string, change: (draft: ReviewDraft) => ReviewDraft): void {
  const next = JSON.stringify(change(readDraft(attempt)));
  try {
    localStorage.setItem(PREFIX + attempt, next);
    unstored.delete(attempt);
  } catch {
    unstored.set(attempt, next);
  }
  for (const listener of listeners) listener();
}

export function forgetDraft(attempt: string): void {
  unstored.delete(attempt);
  try {
    localStorage.removeItem(PREFIX + attempt);
  } catch {
    // Nothing was stored then.
  }
  for (const listener of listeners) listener();
}

export function useDraft(attempt: string): ReviewDraft {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => readDraft(attempt),
  );
}

/** As the request takes them. */
export const commentsOf = (draft: ReviewDraft): ReviewComment[] =>
  draft.comments.map(({ path, side, line, endLine, quote, text }) => ({
    path,
    side,
    line,
    endLine,
    quote,
    text,
  }));
