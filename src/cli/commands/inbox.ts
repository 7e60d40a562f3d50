/** `mctl inbox …`: the decisions that wait for somebody, and deciding them. */
import type { Command } from 'commander';
import type { InboxItem, Page } from '../../contract/shapes.ts';
import { INBOX_STATES } from '../../domain/words.ts';
import { runs, type Context, type Io } from '../context.ts';
import { csvFlag, printCsv } from '../export-list.ts';
import { UsageError } from '../failures.ts';
import { readBody, readText } from '../read-body.ts';
import { findByEnding, isTicketKey, shortId, ticketKey } from '../references.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { budgetOf, number, oneOf, span, withoutUndefined } from '../values.ts';

interface ListOptions {
  state?: string;
  csv?: boolean;
}
interface LeaseOptions {
  consumer: string;
  max?: string;
  for?: string;
}
interface ActOptions {
  title?: string;
  project?: string;
  reason?: string;
  feedback?: string;
  text?: string;
  choice?: string;
  profile?: string;
  budgetUsd?: string;
  budgetTokens?: string;
  deliveryId?: string;
  file?: string;
}

const DECISIONS = 'accept, request_changes, cancel, answer, retry, acknowledge, create_ticket, escalate';

export function defineInbox(program: Command, io: Io): void {
  const inbox = program
    .command('inbox')
    .description('decisions that wait for somebody: list, show, lease, act');

  const list = inbox
    .command('list', { isDefault: true })
    .description('list what waits, the oldest deadline first')
    .option('-s, --state <state>', `${INBOX_STATES.join(', ')}, or all; else what is not acted on yet`)
    .addOption(csvFlag());
  runs<ListOptions>(list, io, async (context, options) => {
    const page = await readInbox(context, options.state);
    if (options.csv === true) return printCsv(context, 'inbox', page.items);
    context.result(page, () => printInbox(context, page));
  });

  const show = inbox.command('show').description('show one item').argument('<item>', 'its id, or the ticket');
  runs(show, io, async (context, _options, given) => {
    const item = await findItem(context, given ?? '');
    context.result(item, () => printItem(context, item));
  });

  const lease = inbox
    .command('lease')
    .description('take items to decide, as an orchestrator: nobody else gets them until the lease ends')
    .requiredOption('--consumer <name>', 'who takes them')
    .option('--max <n>', 'at most so many')
    .option('--for <span>', 'how long, like 90s or 5m');
  runs<LeaseOptions>(lease, io, async (context, options) => {
    const leased = await context.api.post<{ items: InboxItem[] }>(
      '/inbox/lease',
      withoutUndefined({
        consumer: options.consumer,
        max: number(options.max, '--max'),
        seconds: options.for === undefined ? undefined : Math.round(span(options.for, '--for') / 1000),
      }),
    );
    context.result(leased, () => {
      for (const item of leased.items) printItem(context, item);
      if (leased.items.length === 0) context.note(context.style.dim('Nothing waits.'));
    });
  });

  const act = inbox
    .command('act')
    .description('decide one item')
    .argument('<item>', 'its id (the end of it will do), or the ticket')
    .argument('<decision>', DECISIONS)
    .option('-r, --reason <text>', 'why; it stays in the log')
    .option('--feedback <text>', 'request_changes: what has to be better')
    .option('--text <text>', 'answer: in words')
    .option('--choice <id>', 'answer: one of the choices')
    .option('--profile <id>', 'retry: with this profile')
    .option('--budget-usd <usd>', 'retry: with this budget')
    .option('--budget-tokens <tokens>', 'retry: with this budget')
    .option('--title <title>', 'create_ticket: of the new ticket')
    .option('--project <key>', 'create_ticket: where it belongs')
    .option('--delivery-id <id>', 'of the lease under which you decide; people need none')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
  runs<ActOptions>(act, io, async (context, options, given, decision) => {
    oneOf(decision, DECISIONS.split(', '), 'The decision');
    const item = await findItem(context, given ?? '');
    const body = await readBody(io, options.file, {
      decision: decision?.replaceAll('-', '_'),
      reason: options.reason,
      feedback: await readText(io, options.feedback),
      text: await readText(io, options.text),
      choice: options.choice,
      profile: options.profile,
      budget: budgetOf(options.budgetUsd, options.budgetTokens),
      deliveryId: options.deliveryId,
      ticket:
        options.title === undefined && options.project === undefined
          ? undefined
          : { title: options.title, project: options.project?.toUpperCase() },
    });
    if (body['reason'] === undefined)
      throw new UsageError('A decision needs --reason.', 'say why in one sentence.');
    const acted = await context.api.post<InboxItem>(`/inbox/${item.id}/act`, body);
    context.result(acted, () => printItem(context, acted));
  });
}

async function readInbox(context: Context, given: string | undefined): Promise<Page<InboxItem>> {
  if (given === 'all') return context.api.list<InboxItem>('/inbox', {}, 1000);
  const state = oneOf(given, INBOX_STATES, '--state') ?? 'pending,delivered';
  return context.api.list<InboxItem>('/inbox', { state }, 1000);
}

/** By ticket: the one item of it that is not decided yet. */
async function findItem(context: Context, given: string): Promise<InboxItem> {
  if (!isTicketKey(given)) {
    const { items } = await readInbox(context, 'all');
    return findByEnding(items, given, 'inbox items');
  }
  const key = ticketKey(given);
  const { items } = await readInbox(context, undefined);
  const own = items.filter((item) => item.ticket === key);
  const [first, second] = own;
  if (first === undefined) throw new UsageError(`Nothing of ${key} waits for a decision.`);
  if (second !== undefined) {
    const list = own.map((item) => `${shortId(item.id)} (${item.kind})`);
    throw new UsageError(`${own.length} items of ${key} wait: ${list.join(', ')}.`, 'name one of them.');
  }
  return first;
}

function printInbox(context: Context, page: Page<InboxItem>): void {
  context.printTable(
    page.items,
    [
      { title: 'Item', value: (item) => shortId(item.id) },
      { title: 'Kind', value: (item) => item.kind.replaceAll('_', ' ') },
      { title: 'Ticket', value: (item) => item.ticket, paint: (shown) => context.style.bold(shown) },
      { title: 'Subject', value: (item) => item.subject, flexible: true },
      wordColumn(context, 'State', (item) => item.state),
      { title: 'For', value: (item) => item.for },
      { title: 'Due', value: (item) => context.age(item.deadline) },
      { title: 'Since', value: (item) => context.age(item.createdAt), align: 'right' },
    ],
    'Nothing waits for a decision.',
  );
}

function printItem(context: Context, item: InboxItem): void {
  const ticket = item.ticket === null ? '' : text`${context.style.bold(item.ticket)} `;
  context.print(text`${ticket}${item.subject}`);
  context.printCard([
    ['Item', item.id],
    ['Kind', item.kind.replaceAll('_', ' ')],
    ['State', context.word(item.state)],
    ['For', item.for],
    ['Due', context.age(item.deadline)],
    ['Deliveries', item.deliveries],
    ['Delivery', item.deliveryId],
    [
      'Decision',
      item.result &&
        `${item.result.decision} by ${item.result.by} (${item.result.via}): ${item.result.reason}`,
    ],
  ]);
}
