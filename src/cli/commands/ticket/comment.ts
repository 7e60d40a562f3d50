/** `mctl comment KEY "text"`: says something on a ticket; without text it shows the conversation. */
import type { Command } from 'commander';
import type { Attempt, Comment } from '../../../contract/shapes.ts';
import { runs, type Io } from '../../context.ts';
import { readText } from '../../read-body.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';
import { printComment } from './print-conversation.ts';

export function defineComment(parent: Command, io: Io): void {
  const command = parent
    .command('comment')
    .description('say something on a ticket; without text, show the whole conversation')
    .argument('<key>', 'the ticket, like MC-12')
    .argument('[text...]', 'what to say; - reads standard input');
  runs(command, io, async (context, _options, given, ...words) => {
    const key = ticketKey(given);
    if (words.length === 0) {
      const page = await context.api.list<Comment>(`/tickets/${key}/comments`, {}, 10_000);
      if (context.json) return context.printJson(page);
      const attempts = await context.api.list<Attempt>(`/tickets/${key}/attempts`);
      for (const comment of page.items) printComment(context, comment, attempts.items);
      if (page.items.length === 0) context.note(context.style.dim('Nobody has said anything yet.'));
      return;
    }
    const comment = await context.api.post<unknown>(`/tickets/${key}/comments`, {
      text: await readText(io, words.join(' ')),
    });
    context.result(comment, () => context.print(text`${context.style.bold(key)} commented`));
  });
}
