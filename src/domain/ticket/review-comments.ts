/**
 * A review of a diff: what a person wrote at its lines. The event keeps each comment with its place; the feedback that
 * the next attempt is told is their rendering, so that whoever reads only text misses nothing.
 */
import type { ReviewSide } from '../words.ts';

export interface ReviewComment {
  path: string;
  /** Lines of the file as it was, or as the attempt left it. */
  side: ReviewSide;
  line: number;
  endLine: number;
  /** What stands there, as the reviewer saw it: lines move, and the words do not. */
  quote: string;
  text: string;
}

const SIDES: Record<ReviewSide, string> = { before: ' (as it was before your change)', after: '' };

/** As Markdown: the summary, then one section a file, its comments by line. */
export function renderReview(summary: string, comments: readonly ReviewComment[]): string {
  const parts = summary.trim() === '' ? [] : [summary.trim()];
  for (const path of new Set(comments.map((comment) => comment.path))) {
    const sorted = comments
      .filter((comment) => comment.path === path)
      .sort((a, b) => a.line - b.line || a.endLine - b.endLine);
    parts.push(`### ${path}`, ...sorted.map(renderComment));
  }
  return parts.join('\n\n');
}

function renderComment(comment: ReviewComment): string {
  const { line, endLine, side, quote, text } = comment;
  const where = line === endLine ? `Line ${line}` : `Lines ${line}–${endLine}`;
  const quoted = quote === '' ? '' : `\n${indent(quote)}\n`;
  return `**${where}${SIDES[side]}**\n${quoted}\n${text.trim()}`;
}

/** Indented, so that no fence inside the quoted lines can end it. */
const indent = (quote: string): string =>
  quote
    .split('\n')
    .map((each) => `    ${each}`)
    .join('\n');
