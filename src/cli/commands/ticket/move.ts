/**
 * `mctl move KEY TRANSITION`: changes a ticket's status, on the version that was read. A person may also name the state
 * to reach; the transition table says which transition leads there.
 */
import type { Command } from 'commander';
import type { Ticket } from '../../../contract/shapes.ts';
import { TRANSITION_TABLE } from '../../../domain/ticket/transitions.ts';
import { TICKET_STATUSES, TRANSITIONS } from '../../../domain/words.ts';
import { runs, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { readText } from '../../read-body.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';
import { number, withoutUndefined } from '../../values.ts';
import { collectComments, readReviewComment } from './review-comments.ts';
import { tellingConflicts } from './conflict.ts';

interface MoveOptions {
  reason?: string;
  feedback?: string;
  comment?: string[];
  summary?: string;
  commit?: string;
  ifVersion?: string;
}

export function defineMove(parent: Command, io: Io): void {
  const command = parent
    .command('move')
    .description('make a transition: ready, defer, hand_in, accept, request_changes, cancel, reopen')
    .argument('<key>', 'the ticket, like MC-12')
    .argument('<transition>', 'what shall happen to it, or the state to reach; mctl show lists what you may')
    .option('-r, --reason <text>', 'why; it stays in the history')
    .option('--feedback <text>', 'what the next attempt has to do better; - reads standard input')
    .option(
      '-c, --comment <place=text>',
      'with request_changes, a comment at a line: src/bill.js:12=why down? (12-14 for several; may be given often)',
      collectComments,
    )
    .option('--summary <text>', 'what you did, when you hand in your own work')
    .option('--commit <id>', 'the full commit id of the work that you hand in')
    .option('--if-version <n>', 'only if it still has the version that you saw');
  runs<MoveOptions>(command, io, async (context, options, givenKey, givenTransition) => {
    const key = ticketKey(givenKey);
    const before = await context.api.get<Ticket>(`/tickets/${key}`);
    const body = withoutUndefined({
      transition: transitionOf(givenTransition ?? '', before),
      reason: options.reason,
      feedback: (await readText(io, options.feedback)) ?? (options.comment ? '' : undefined),
      comments: options.comment?.map(readReviewComment),
      summary: await readText(io, options.summary),
      commit: options.commit,
    });
    const version = number(options.ifVersion, '--if-version') ?? before.version;
    const ticket = await tellingConflicts(context, before, version, (ifMatch) =>
      context.api.post<Ticket>(`/tickets/${key}/transitions`, body, { ifMatch }),
    );
    context.result(ticket, () => {
      const way =
        before.status === ticket.status
          ? context.word(ticket.status)
          : text`${context.word(before.status)} → ${context.word(ticket.status)}`;
      context.print(text`${context.style.bold(ticket.key)} ${way} · ${ticket.nextAction.text}`);
    });
  });
}

function transitionOf(given: string, ticket: Ticket): string {
  const word = given.replaceAll('-', '_');
  const transition = TRANSITIONS.find((each) => each === word);
  if (transition !== undefined) return transition;
  const there = TRANSITION_TABLE.filter(
    (row) =>
      row.to === word &&
      row.from.includes(ticket.status) &&
      ticket.allowedTransitions.includes(row.transition),
  );
  const [only, ...others] = there;
  if (only !== undefined && others.length === 0) return only.transition;
  throw new UsageError(
    TICKET_STATUSES.some((status) => status === word)
      ? `Nothing that you may do takes ${ticket.key} from ${ticket.status} to ${word}.`
      : `"${given}" is neither a transition nor a state.`,
    ticket.allowedTransitions.length === 0
      ? `${ticket.key} cannot be moved now: ${ticket.nextAction.text}`
      : `${ticket.key} takes ${ticket.allowedTransitions.join(', ')} now.`,
  );
}
