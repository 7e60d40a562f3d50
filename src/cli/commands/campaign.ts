/** `mctl campaign …`: groups of tickets with one owner. */
import type { Command } from 'commander';
import type { Campaign } from '../../contract/shapes.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { readBody } from '../read-body.ts';
import { text } from '../terminal/safe-text.ts';
import { numberOrNone } from '../values.ts';

interface CampaignOptions {
  name?: string;
  owner?: string;
  maxWorkers?: string;
  file?: string;
}

export function defineCampaign(program: Command, io: Io): void {
  const campaign = program
    .command('campaign')
    .description('campaigns, tickets with one owner: list, show, create, edit');

  const list = campaign.command('list').alias('ls').description('list the campaigns');
  runs(list, io, async (context) => {
    const page = await context.api.list<Campaign>('/campaigns', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Key', value: (each) => each.key, paint: (shown) => context.style.bold(shown) },
          { title: 'Name', value: (each) => each.name, flexible: true },
          { title: 'Owner', value: (each) => each.owner },
          { title: 'Workers', value: (each) => each.maxWorkers, align: 'right' },
        ],
        'No campaigns. Make one: mctl campaign create spring --name "Spring release" --owner luci',
      );
    });
  });

  const show = campaign.command('show').description('show one campaign').argument('<key>', 'the campaign');
  runs(show, io, async (context, _options, key) => {
    const found = await readCampaign(context, key);
    context.result(found, () => printCampaign(context, found));
  });

  const create = campaign
    .command('create')
    .alias('add')
    .description('make a campaign')
    .argument('[key]', 'letters, digits, dots, dashes, underscores');
  runs<CampaignOptions>(addOptions(create), io, async (context, options, key) => {
    const body = await readBody(io, options.file, { key, ...fieldsOf(options) });
    for (const member of ['key', 'owner']) {
      if (body[member] === undefined)
        throw new UsageError(`A campaign needs ${member === 'key' ? 'a key' : '--owner'}.`);
    }
    body['name'] ??= body['key'];
    const made = await context.api.post<Campaign>('/campaigns', body);
    context.result(made, () => printCampaign(context, made));
  });

  const edit = campaign.command('edit').description('change a campaign').argument('<key>', 'the campaign');
  runs<CampaignOptions>(addOptions(edit), io, async (context, options, key) => {
    const before = await readCampaign(context, key);
    const body = await readBody(io, options.file, fieldsOf(options));
    if (Object.keys(body).length === 0)
      throw new UsageError('Nothing to change.', 'mctl campaign edit --help lists the fields.');
    const changed = await context.api.patch<Campaign>(`/campaigns/${encodeURIComponent(before.key)}`, body, {
      ifMatch: before.version,
    });
    context.result(changed, () => printCampaign(context, changed));
  });
}

function readCampaign(context: Context, key: string | undefined): Promise<Campaign> {
  return context.api.get<Campaign>(`/campaigns/${encodeURIComponent(required(key, 'The key'))}`);
}

function addOptions(command: Command): Command {
  return command
    .option('-n, --name <name>', 'its name; else the key')
    .option('--owner <name>', 'the profile or person that its tickets belong to')
    .option('--max-workers <n>', 'attempts at once, or "none" for no limit of its own')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
}

function fieldsOf(options: CampaignOptions): object {
  return {
    name: options.name,
    owner: options.owner,
    maxWorkers: numberOrNone(options.maxWorkers, '--max-workers'),
  };
}

function printCampaign(context: Context, campaign: Campaign): void {
  context.print(text`${context.style.bold(campaign.key)} ${campaign.name}`);
  context.printCard([
    ['Owner', campaign.owner],
    ['Workers', campaign.maxWorkers ?? 'no limit of its own'],
    ['Version', campaign.version],
  ]);
}
