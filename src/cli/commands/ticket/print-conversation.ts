/** What was said on a ticket, by people, workers and Mission Control. */
import type { Attempt, Comment } from '../../../contract/shapes.ts';
import type { Context } from '../../context.ts';
import { join, text } from '../../terminal/safe-text.ts';

const LAST_COMMENTS = 6;

export function printConversation(
  context: Context,
  key: string,
  comments: Comment[],
  attempts: Attempt[],
): void {
  if (comments.length === 0) return;
  context.heading('Conversation');
  const last = comments.slice(-LAST_COMMENTS);
  if (last.length < comments.length) {
    context.print(context.style.dim(`  ${comments.length - last.length} earlier: mctl comment ${key}`));
  }
  for (const comment of last) printComment(context, comment, attempts, 3, `mctl comment ${key}`);
}

/** @param lines how many lines of each are shown; Infinity for all */
export function printComment(
  context: Context,
  comment: Comment,
  attempts: Attempt[],
  lines = Infinity,
  rest = '',
): void {
  const { style } = context;
  const attempt = attempts.find((each) => each.id === comment.by);
  const by =
    attempt === undefined ? comment.by : `${attempt.profile ?? 'attempt'}, attempt ${attempt.number}`;
  const kind = comment.kind === 'comment' ? '' : comment.kind.replaceAll('_', ' ');
  const head = [style.bold(by), style.dim(kind), style.dim(context.age(comment.at))];
  context.print(
    text`  ${join(
      head.filter((part) => part.text !== ''),
      ' ',
    )}`,
  );
  context.printExcerpt(comment.text, { indent: 4, lines, rest });
}
