/** Comments at lines of a diff, as they are given on the command line: `src/bill.js:12-14=why down?`. */
import type { ReviewComment } from '../../../contract/shapes.ts';
import { UsageError } from '../../failures.ts';

/** @param side `before` for lines as they were before the change */
export function readReviewComment(given: string): Omit<ReviewComment, 'quote'> {
  const found = /^(?<path>.+?):(?<side>before:)?(?<line>\d+)(?:-(?<end>\d+))?=(?<text>[\s\S]+)$/.exec(given);
  const { path, side, line, end, text } = found?.groups ?? {};
  if (path === undefined || line === undefined || text === undefined)
    throw new UsageError(
      `"${given}" is no comment at a line.`,
      'write it as PATH:LINE=TEXT or PATH:FROM-TO=TEXT; PATH:before:LINE=TEXT is about the line as it was.',
    );
  return {
    path,
    side: side === undefined ? 'after' : 'before',
    line: Number(line),
    endLine: Number(end ?? line),
    text: text.trim(),
  };
}

/** For commander: the option may be given many times. */
export const collectComments = (given: string, before: string[] = []): string[] => [...before, given];
