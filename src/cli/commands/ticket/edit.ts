/** `mctl edit KEY`: changes fields of a ticket; lists are added to and taken from, not replaced by accident. */
import type { Command } from 'commander';
import type { Ticket } from '../../../contract/shapes.ts';
import { runs, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { readBody } from '../../read-body.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';
import { gather, number, words } from '../../values.ts';
import { tellingConflicts } from './conflict.ts';
import { editText } from './edit-text.ts';
import { addTicketFieldOptions, ticketFields, type TicketFieldOptions } from './fields.ts';

interface EditOptions extends TicketFieldOptions {
  title?: string;
  removeLabel?: string[];
  unblock?: string[];
  clearCriteria?: boolean;
  ifVersion?: string;
}

export function defineEdit(parent: Command, io: Io): void {
  const command = parent
    .command('edit')
    .description('change fields of a ticket; without flags, its title and text in your editor')
    .argument('<key>', 'the ticket, like MC-12')
    .option('-t, --title <title>', 'its title')
    .option('--remove-label <label>', 'take a label away (repeatable)', gather)
    .option('--unblock <key>', 'it no longer waits for this ticket (repeatable)', gather)
    .option('--clear-criteria', 'begin the acceptance criteria anew')
    .option('--if-version <n>', 'only if it still has the version that you saw');
  runs<EditOptions>(addTicketFieldOptions(command), io, async (context, options, given) => {
    const key = ticketKey(given);
    const before = await context.api.get<Ticket>(`/tickets/${key}`);
    const fields = await ticketFields(io, options);
    const body = await readBody(io, options.file, {
      ...fields,
      title: options.title,
      labels: merged(before.labels, options.label, options.removeLabel),
      blockedBy: merged(before.blockedBy, upper(words(options.blockedBy)), upper(words(options.unblock))),
      acceptanceCriteria: merged(
        options.clearCriteria === true ? [] : before.acceptanceCriteria,
        options.criterion,
        options.clearCriteria === true ? [] : undefined,
      ),
      // The API replaces the whole policy of the ticket; what was not named stays.
      completion:
        fields['completion'] === undefined ? undefined : { ...before.completion, ...fields['completion'] },
    });
    if (Object.keys(body).length === 0 && io.columns !== null) {
      Object.assign(body, await editText(before, io.env));
      if (Object.keys(body).length === 0) return context.note(context.style.dim('Nothing changed.'));
    }
    if (Object.keys(body).length === 0) {
      throw new UsageError('Nothing to change.', 'mctl edit --help lists the fields.');
    }
    const version = number(options.ifVersion, '--if-version') ?? before.version;
    const ticket = await tellingConflicts(context, before, version, (ifMatch) =>
      context.api.patch<Ticket>(`/tickets/${key}`, body, { ifMatch }),
    );
    context.result(ticket, () => {
      context.print(
        text`${context.style.bold(ticket.key)} ${Object.keys(body).join(', ')} changed · version ${ticket.version}`,
      );
    });
  });
}

const upper = (keys: string[] | undefined): string[] | undefined => keys?.map((key) => key.toUpperCase());

/** undefined when neither adding nor taking away was asked for. */
function merged(
  before: string[],
  added: string[] | undefined,
  removed: string[] | undefined,
): string[] | undefined {
  if (added === undefined && removed === undefined) return undefined;
  const gone = new Set(removed);
  return [...new Set([...before, ...(added ?? [])])].filter((each) => !gone.has(each));
}
