/** `mctl profile …`: how an agent is run. */
import type { Command } from 'commander';
import type { Profile } from '../../contract/shapes.ts';
import { ADAPTERS } from '../../domain/words.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { readBody } from '../read-body.ts';
import { text } from '../terminal/safe-text.ts';
import { budgetOf, gather, numberOrNone, oneOf, orNone, span, words } from '../values.ts';
import { commandText, printFindings, troubleOf } from './project.ts';

interface ProfileOptions {
  adapter?: string;
  command?: string;
  role?: string;
  env?: string[];
  envAllow?: string[];
  home?: string;
  model?: string;
  timeout?: string;
  stall?: string;
  hold?: string;
  maxWorkers?: string;
  permissions?: string;
  budgetUsd?: string;
  budgetTokens?: string;
  acpAuth?: string;
  acpMode?: string;
  file?: string;
}

export function defineProfile(program: Command, io: Io): void {
  const profile = program
    .command('profile')
    .description('profiles, the ways to run an agent: list, show, create, edit');

  const list = profile.command('list').alias('ls').description('list the profiles');
  runs(list, io, async (context) => {
    const page = await context.api.list<Profile>('/profiles', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Id', value: (each) => each.id, paint: (shown) => context.style.bold(shown) },
          { title: 'Adapter', value: (each) => each.adapter },
          { title: 'Model', value: (each) => each.model },
          { title: 'Command', value: (each) => commandText(each.command), flexible: true },
          { title: 'Workers', value: (each) => each.maxWorkers, align: 'right' },
          {
            title: 'Rate limited',
            value: (each) => context.age(each.rateLimitedUntil),
            paint: (shown) => context.style.yellow(shown),
          },
          {
            title: 'Trouble',
            value: (each) => troubleOf(each.warnings),
            paint: (shown) => context.style.yellow(shown),
          },
        ],
        'No profiles. Make one: mctl profile create my_agent --adapter command -- /path/to/agent',
      );
    });
  });

  const show = profile.command('show').description('show one profile').argument('<id>', 'the profile');
  runs(show, io, async (context, _options, id) => {
    const found = await readProfile(context, id);
    context.result(found, () => printProfile(context, found));
  });

  const create = profile
    .command('create')
    .alias('add')
    .description('make a profile; what stands after -- is its command')
    .argument('[id]', 'letters, digits, dots, dashes, underscores')
    .argument('[command...]', 'program and arguments, after --');
  runs<ProfileOptions>(addOptions(create), io, async (context, options, id, ...argv) => {
    const body = await readBody(io, options.file, { id, ...fieldsOf(options, argv) });
    if (body['id'] === undefined) throw new UsageError('A profile needs an id.');
    if (body['command'] === undefined) {
      throw new UsageError(
        'A profile needs a command.',
        'mctl profile create my_agent --adapter command -- program argument',
      );
    }
    body['adapter'] ??= 'command';
    const made = await context.api.post<Profile>('/profiles', body);
    context.result(made, () => printProfile(context, made));
  });

  const edit = profile
    .command('edit')
    .description('change a profile; running attempts keep what they started with')
    .argument('<id>', 'the profile')
    .argument('[command...]', 'program and arguments, after --');
  runs<ProfileOptions>(addOptions(edit), io, async (context, options, id, ...argv) => {
    const before = await readProfile(context, id);
    const body = await readBody(io, options.file, fieldsOf(options, argv));
    if (Object.keys(body).length === 0)
      throw new UsageError('Nothing to change.', 'mctl profile edit --help lists the fields.');
    const changed = await context.api.patch<Profile>(`/profiles/${encodeURIComponent(before.id)}`, body, {
      ifMatch: before.version,
    });
    context.result(changed, () => printProfile(context, changed));
  });
}

function readProfile(context: Context, id: string | undefined): Promise<Profile> {
  return context.api.get<Profile>(`/profiles/${encodeURIComponent(required(id, 'The id'))}`);
}

function addOptions(command: Command): Command {
  return command
    .option('--adapter <adapter>', `how to speak with it: ${ADAPTERS.join(', ')}`)
    .option('--command <line>', 'a shell line instead of a command after --')
    .option('--role <role>', 'worker or orchestrator')
    .option('--env <NAME=value>', 'a variable in its environment (repeatable)', gather)
    .option('--env-allow <names>', 'variables of the runner that it may see (repeatable)', gather)
    .option('--home <kind>', 'isolated (its own HOME) or inherit')
    .option('--model <name>', 'the model, where the adapter takes one, or "none"')
    .option('--timeout <span>', 'how long one attempt may take, like 45m')
    .option('--stall <span>', 'how long it may be silent, like 10m')
    .option('--hold <span>', 'how long a permission request waits before the attempt is parked, like 60s')
    .option('--max-workers <n>', 'attempts at once, or "none" for no limit of its own')
    .option('--permissions <what>', 'what to do when it asks for permission: ask, allow, deny')
    .option('--acp-auth <method>', 'how an agent over ACP logs in, by the name it gives, like gemini-api-key')
    .option('--acp-mode <mode>', 'the mode an agent over ACP works in, by the name it gives')
    .option('--budget-usd <usd>', 'what one attempt may cost, or "none"')
    .option('--budget-tokens <tokens>', 'tokens that one attempt may use, or "none"')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
}

const secondsOf = (value: string | undefined, flag: string): number | undefined =>
  value === undefined ? undefined : /^\d+$/.test(value) ? Number(value) : span(value, flag) / 1000;

function fieldsOf(options: ProfileOptions, argv: (string | undefined)[]): object {
  if (options.command !== undefined && argv.length > 0) {
    throw new UsageError('Give the command either with --command or after --, not both.');
  }
  return {
    adapter: oneOf(options.adapter, ADAPTERS, '--adapter'),
    command: argv.length > 0 ? argv : options.command,
    role: oneOf(options.role, ['worker', 'orchestrator'], '--role'),
    env: options.env && Object.fromEntries(options.env.map(variableOf)),
    envAllow: words(options.envAllow),
    home: oneOf(options.home, ['isolated', 'inherit'], '--home'),
    model: orNone(options.model),
    timeoutSeconds: secondsOf(options.timeout, '--timeout'),
    stallSeconds: secondsOf(options.stall, '--stall'),
    holdSeconds: secondsOf(options.hold, '--hold'),
    maxWorkers: numberOrNone(options.maxWorkers, '--max-workers'),
    permissions: oneOf(options.permissions, ['ask', 'allow', 'deny'], '--permissions'),
    ...acpOf(options),
    budget: budgetOf(options.budgetUsd, options.budgetTokens),
  };
}

function acpOf({ acpAuth, acpMode }: ProfileOptions): object {
  if (acpAuth === undefined && acpMode === undefined) return {};
  return {
    acp: {
      ...(acpAuth === undefined ? {} : { authMethod: acpAuth }),
      ...(acpMode === undefined ? {} : { mode: acpMode }),
    },
  };
}

function variableOf(given: string): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(given) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`--env takes NAME=value; "${given}" is not.`);
  return [name, value];
}

function printProfile(context: Context, profile: Profile): void {
  context.print(text`${context.style.bold(profile.id)} ${profile.adapter} ${profile.role}`);
  context.printCard([
    ['Command', commandText(profile.command)],
    ['Model', profile.model],
    ['Environment', Object.keys(profile.env).join(', ')],
    ['Allowed variables', profile.envAllow.join(', ')],
    ['Home', profile.home],
    ['Files', Object.keys(profile.files).join(', ')],
    [
      'Limits',
      `${profile.timeoutSeconds} s in all, ${profile.stallSeconds} s of silence, ${profile.maxWorkers ?? 'any number of'} workers`,
    ],
    [
      'Permissions',
      `${profile.permissions}${profile.permissions === 'ask' ? `, held for ${profile.holdSeconds} s` : ''}`,
    ],
    ['Budget', profile.budget && JSON.stringify(profile.budget)],
    ['Gateway', profile.gateway?.upstream],
    ['Rate limited', context.age(profile.rateLimitedUntil)],
    ['Version', profile.version],
  ]);
  printFindings(context, profile.warnings);
}
