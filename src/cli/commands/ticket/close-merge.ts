/** `mctl close-merge KEY`: the pull request that a landing waits for was closed and will not be merged. */
import type { Command } from 'commander';
import type { Ticket } from '../../../contract/shapes.ts';
import { runs, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';

export function defineCloseMerge(parent: Command, io: Io): void {
  const command = parent
    .command('close-merge')
    .description('say that the pull request of accepted work was closed and will not be merged')
    .argument('<key>', 'the ticket, like MC-12')
    .option('-r, --reason <text>', 'why; it stays in the history');
  runs<{ reason?: string }>(command, io, async (context, options, given) => {
    const key = ticketKey(given);
    if (options.reason === undefined)
      throw new UsageError('Closing needs --reason.', 'say why in one sentence.');
    const ticket = await context.api.post<Ticket>(`/tickets/${key}/landing/close`, {
      reason: options.reason,
    });
    context.result(ticket, () =>
      context.print(
        text`${context.style.bold(key)} ${context.word(ticket.status)} · ${ticket.nextAction.text}`,
      ),
    );
  });
}
