/** `mctl list`: the tickets, in the order in which they would be dispatched. */
import type { Command } from 'commander';
import type { Page, Ticket } from '../../../contract/shapes.ts';
import { TICKET_STATUSES } from '../../../domain/words.ts';
import { runs, type Context, type Io } from '../../context.ts';
import { spanOf } from '../../terminal/age.ts';
import { wordColumn, type Column } from '../../terminal/table.ts';
import { gather, number, oneOf, words } from '../../values.ts';

interface ListOptions {
  all?: boolean;
  status?: string[];
  project?: string;
  assignee?: string;
  campaign?: string;
  label?: string;
  search?: string;
  sort?: string;
  limit?: string;
}

export function defineList(parent: Command, io: Io): void {
  const command = parent
    .command('list')
    .alias('ls')
    .description('list the tickets that are not closed, in the order of dispatch')
    .option('--all', 'closed ones too')
    .option('-s, --status <statuses>', `only these: ${TICKET_STATUSES.join(', ')}`, gather)
    .option('--project <key>', 'only of this project')
    .option('-a, --assignee <name>', 'only of this assignee')
    .option('-c, --campaign <key>', 'only of this campaign')
    .option('-l, --label <label>', 'only with this label')
    .option('-q, --search <words>', 'only those that have these words in key, title, description or comments')
    .option('--sort <by>', 'dispatch (how they would start), priority, age, updated, created')
    .option('-n, --limit <n>', 'at most so many', '200');
  runs<ListOptions>(command, io, async (context, options) => {
    const statuses =
      words(options.status)?.map((status) => oneOf(status, TICKET_STATUSES, '--status')) ??
      (options.all === true
        ? undefined
        : TICKET_STATUSES.filter((status) => status !== 'done' && status !== 'cancelled'));
    const page = await context.api.list<Ticket>(
      '/tickets',
      {
        status: statuses?.join(','),
        project: options.project?.toUpperCase(),
        assignee: options.assignee,
        campaign: options.campaign,
        label: options.label,
        q: options.search,
        sort: options.sort,
      },
      number(options.limit, '--limit'),
    );
    context.result(page, () => printTickets(context, page, sayNone(options)));
  });
}

/** An empty list is no empty Mission Control: most often everything is done, or the filter lets nothing through. */
function sayNone({ all, limit: _limit, sort: _sort, ...filters }: ListOptions): string {
  if (Object.values(filters).some((value) => value !== undefined)) {
    return `No ticket is like that.${all === true ? '' : ' Closed ones too: add --all.'}`;
  }
  return all === true
    ? 'No tickets. Make one: mctl create "Title"'
    : 'No open tickets. Make one: mctl create "Title"; closed ones: mctl list --all';
}

export function printTickets(context: Context, page: Page<Ticket>, empty: string): void {
  const { style } = context;
  const columns: Column<Ticket>[] = [
    { title: 'Key', value: (ticket) => ticket.key, paint: (shown) => style.bold(shown) },
    wordColumn(context, 'State', (ticket) => ticket.status),
    { title: 'P', value: (ticket) => ticket.priority, align: 'right' },
    { title: 'Title', value: (ticket) => ticket.title, flexible: true },
    { title: 'Next action', value: (ticket) => ticket.nextAction.text, flexible: true },
    { title: 'Owner', value: (ticket) => ticket.owner },
    { title: 'Age', value: (ticket) => spanOf(ticket.age), align: 'right' },
  ];
  context.printTable(page.items, columns, empty);
  if (page.nextCursor !== null) {
    context.note(
      style.dim(`The first ${page.items.length}; there are more: raise --limit, or narrow the list.`),
    );
  }
}
