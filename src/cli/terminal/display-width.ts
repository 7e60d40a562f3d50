/**
 * How many columns a text takes in a terminal: two for East Asian wide characters and emoji, none for combining marks.
 * Works on graphemes, so that a family emoji or a letter with its accents is never cut in the middle.
 */
import { Safe } from './safe-text.ts';

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const SGR = /\u001b\[[0-9;]*m/g;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const widthOf = (grapheme: string): number => (ZERO.test(grapheme) ? 0 : WIDE.test(grapheme) ? 2 : 1);

export function displayWidth(text: string): number {
  const bare = text.replaceAll(SGR, '');
  if (/^[ -~]*$/.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of graphemes.segment(bare)) width += widthOf(segment);
  return width;
}

/** Cuts uncoloured text to so many columns, with an ellipsis where something is missing. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Breaks uncoloured text at spaces so that no line is wider than `columns`; a word that is wider is cut. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(columns, 8)));
}

function wrapLine(line: string, columns: number): string[] {
  if (displayWidth(line) <= columns) return [line];
  // A continued list item or quotation keeps the indentation of its line.
  const indent = /^\s*(?:[-*]\s+|\d+[.)]\s+)?/.exec(line)?.[0].length ?? 0;
  const hanging = ' '.repeat(Math.min(indent, Math.floor(columns / 2)));
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<=\s)(?=\S)/)) {
    if (current !== '' && displayWidth(current + word.trimEnd()) > columns) {
      lines.push(current.trimEnd());
      current = hanging;
    }
    current += word;
    while (displayWidth(current.trimEnd()) > columns) {
      const head = headOf(current, columns);
      lines.push(head);
      current = hanging + current.slice(head.length);
    }
  }
  if (current.trim() !== '') lines.push(current.trimEnd());
  return lines;
}

function headOf(text: string, columns: number): string {
  let head = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns) break;
    head += segment;
  }
  return head;
}

/** Fills up with spaces, on the right or (for figures) on the left. */
export function pad(text: Safe, columns: number, align: 'left' | 'right' = 'left'): Safe {
  const gap = ' '.repeat(Math.max(0, columns - displayWidth(text.text)));
  return Safe.trusted(align === 'right' ? gap + text.text : text.text + gap);
}
