/** `mctl notify webhook …`: addresses that are told what people are. The secret is printed once. */
import type { Command } from 'commander';
import type { Delivery, IssuedWebhook, Tested, Webhook } from '../../../contract/notify-shapes.ts';
import { NOTIFICATION_KINDS } from '../../../domain/words.ts';
import { runs, type Context, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { findByEnding, shortId } from '../../references.ts';
import { line, text } from '../../terminal/safe-text.ts';
import { wordColumn } from '../../terminal/table.ts';
import { gather, oneOf, withoutUndefined, words } from '../../values.ts';
import { printTested } from '../notify.ts';

interface Fields {
  name?: string;
  url?: string;
  kind?: string[];
  project?: string[];
  on?: boolean;
  off?: boolean;
}

export function defineWebhook(notify: Command, io: Io): void {
  const webhook = notify
    .command('webhook')
    .description('webhooks: list, add, edit, test, sent, secret, remove');

  const list = webhook.command('list', { isDefault: true }).alias('ls').description('list the webhooks');
  runs(list, io, async (context) => {
    const page = await context.api.list<Webhook>('/webhooks', {}, 200);
    context.result(page, () =>
      context.printTable(
        page.items,
        [
          { title: 'Webhook', value: (each) => shortId(each.id) },
          { title: 'Name', value: (each) => each.name },
          wordColumn(context, 'State', (each) => (each.enabled ? 'enabled' : 'disabled')),
          { title: 'To', value: (each) => each.origin },
          { title: 'Kinds', value: (each) => each.kinds?.join(', ') ?? 'all', flexible: true },
          { title: 'Projects', value: (each) => each.projects?.join(', ') ?? 'all' },
          { title: 'Last sent', value: (each) => context.age(each.lastOkAt) || 'never' },
          {
            title: 'Failing',
            value: (each) => each.failingSince && `${context.age(each.failingSince)}: ${each.detail}`,
            flexible: true,
          },
        ],
        'No webhooks.',
      ),
    );
  });

  const add = fieldsOf(
    webhook
      .command('add')
      .alias('create')
      .description('add a webhook; standard output is its secret alone')
      .argument('<name>', 'what you call it')
      .requiredOption('--url <url>', 'where it goes'),
  );
  runs<Fields>(add, io, async (context, options, name) => {
    const issued = await context.api.post<IssuedWebhook>(
      '/webhooks',
      withoutUndefined({ name, url: options.url, ...filters(options) }),
    );
    context.result(issued, () => printSecret(context, issued));
  });

  const edit = fieldsOf(
    webhook
      .command('edit')
      .description('change a webhook; what is not named stays as it is')
      .argument('<webhook>', 'its name, or the end of its id')
      .option('--name <name>', 'what you call it')
      .option('--url <url>', 'where it goes'),
  );
  runs<Fields>(edit, io, async (context, options, given) => {
    const found = await find(context, given);
    const changes = withoutUndefined({ name: options.name, url: options.url, ...filters(options) });
    if (Object.keys(changes).length === 0) throw new UsageError('Nothing to change.');
    const changed = await context.api.patch<Webhook>(`/webhooks/${found.id}`, changes, {
      ifMatch: found.version,
    });
    context.result(changed, () => context.note(text`${changed.name} is changed.`));
  });

  const one = (
    verb: string,
    what: string,
    run: (context: Context, found: Webhook) => Promise<void>,
  ): void => {
    const command = webhook
      .command(verb)
      .description(what)
      .argument('<webhook>', 'its name, or the end of its id');
    runs(command, io, async (context, _options, given) => run(context, await find(context, given)));
  };
  one('test', 'send a test, and print what was answered', async (context, found) =>
    printTested(context, await context.api.post<Tested>(`/webhooks/${found.id}/test`)),
  );
  one('sent', 'what went there, or is still to go', async (context, found) => {
    const page = await context.api.list<Delivery>(`/webhooks/${found.id}/deliveries`, {}, 50);
    context.result(page, () =>
      context.printTable(
        page.items,
        [
          { title: 'Notification', value: (each) => shortId(each.notification) },
          { title: 'Title', value: (each) => each.title, flexible: true },
          wordColumn(context, 'State', (each) => each.state),
          { title: 'Tries', value: (each) => each.tries, align: 'right' },
          { title: 'Answer', value: (each) => each.answer, flexible: true },
          { title: 'Again', value: (each) => context.age(each.nextAt) },
          { title: 'When', value: (each) => context.age(each.createdAt), align: 'right' },
        ],
        'Nothing was sent yet.',
      ),
    );
  });
  one('secret', 'make a new secret; the old one signs nothing any more', async (context, found) => {
    const issued = await context.api.post<IssuedWebhook>(`/webhooks/${found.id}/secret`);
    context.result(issued, () => printSecret(context, issued));
  });
  one('remove', 'take a webhook away', async (context, found) => {
    await context.api.delete(`/webhooks/${found.id}`);
    context.note(text`${found.name} is gone; what was still to go there is dropped.`);
  });
}

function fieldsOf(command: Command): Command {
  return command
    .option('--kind <kind>', `only these (repeatable), or all: ${NOTIFICATION_KINDS.join(', ')}`, gather)
    .option('--project <key>', 'only of these projects (repeatable), or all', gather)
    .option('--on', 'send')
    .option('--off', 'send nothing for now');
}

function filters({ kind, project, on, off }: Fields): Record<string, unknown> {
  const kinds = words(kind);
  const projects = words(project);
  return {
    kinds:
      kinds === undefined
        ? undefined
        : kinds.includes('all')
          ? null
          : kinds.map((each) => oneOf(each, NOTIFICATION_KINDS, '--kind')),
    projects:
      projects === undefined
        ? undefined
        : projects.includes('all')
          ? null
          : projects.map((each) => each.toUpperCase()),
    enabled: on === true ? true : off === true ? false : undefined,
  };
}

async function find(context: Context, given: string | undefined): Promise<Webhook> {
  const { items } = await context.api.list<Webhook>('/webhooks', {}, 200);
  const named = items.filter(({ name }) => name === given);
  return named.length === 1 && named[0] ? named[0] : findByEnding(items, given ?? '', 'webhooks');
}

function printSecret(context: Context, issued: IssuedWebhook): void {
  context.print(line(issued.secret));
  context.note(
    text`${context.style.dim(`It is shown this once. See that it arrives: mctl notify webhook test ${issued.name}`)}`,
  );
}
