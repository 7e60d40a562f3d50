/** `mctl create "Title"`: a new ticket, from flags or a file. */
import type { Command } from 'commander';
import type { Project, Ticket } from '../../../contract/shapes.ts';
import { runs, type Context, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { readBody } from '../../read-body.ts';
import { text } from '../../terminal/safe-text.ts';
import { addTicketFieldOptions, ticketFields, type TicketFieldOptions } from './fields.ts';

interface CreateOptions extends TicketFieldOptions {
  project?: string;
  ready?: boolean;
}

export function defineCreate(parent: Command, io: Io): void {
  const command = parent
    .command('create')
    .description('make a ticket')
    .argument('[title...]', 'its title, in one line')
    .option('--project <key>', 'the project it belongs to; not needed where there is only one')
    .option('--ready', 'queue it at once instead of leaving it in the backlog');
  runs<CreateOptions>(addTicketFieldOptions(command), io, async (context, options, ...title) => {
    const body = await readBody(io, options.file, {
      ...(await ticketFields(io, options)),
      project: options.project?.toUpperCase(),
      title: title.length === 0 ? undefined : title.join(' '),
      status: options.ready === true ? 'todo' : undefined,
    });
    if (body['title'] === undefined)
      throw new UsageError('A ticket needs a title.', 'mctl create "Fix the login page" --project MC');
    body['project'] ??= await onlyProject(context);
    const ticket = await context.api.post<Ticket>('/tickets', body);
    context.result(ticket, () => {
      context.print(
        text`${context.style.bold(ticket.key)} ${ticket.title} · ${context.word(ticket.status)} · ${ticket.nextAction.text}`,
      );
      if (ticket.status === 'backlog') {
        context.note(context.style.dim(`It waits in the backlog: mctl move ${ticket.key} ready queues it.`));
      }
    });
  });
}

/** The one project there is; with several, the caller has to say. */
export async function onlyProject(context: Context): Promise<string> {
  const { items } = await context.api.list<Project>('/projects');
  const [first, ...others] = items;
  if (first !== undefined && others.length === 0) return first.key;
  throw new UsageError(
    first === undefined ? 'There is no project yet.' : 'Which project?',
    first === undefined
      ? 'mctl project create MC --path /path/to/repository'
      : `add --project ${items.map((project) => project.key).join('|')}`,
  );
}
