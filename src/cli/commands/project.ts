/** `mctl project …`: the repositories that Mission Control works on, with their checks and completion policy. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Finding, Project } from '../../contract/shapes.ts';
import { DECIDERS, EVIDENCE_KINDS, LANDINGS } from '../../domain/words.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { readBody } from '../read-body.ts';
import { text } from '../terminal/safe-text.ts';
import { budgetOf, gather, number, numberOrNone, orNone, orUndefined, words } from '../values.ts';
import { completionOf } from './ticket/fields.ts';

interface ProjectOptions {
  name?: string;
  path?: string;
  url?: string;
  branch?: string;
  setup?: string;
  check?: string[];
  removeCheck?: string[];
  requires?: string[];
  checks?: string[];
  decidedBy?: string;
  onAccept?: string;
  deployTo?: string;
  deployUrl?: string;
  deployCommand?: string;
  deployWithin?: string;
  allowEmptyDiff?: boolean;
  protect?: string[];
  profile?: string;
  runnerLabel?: string[];
  maxAttempts?: string;
  maxWorkers?: string;
  backoff?: string;
  budgetUsd?: string;
  budgetTokens?: string;
  file?: string;
}

export function defineProject(program: Command, io: Io): void {
  const project = program.command('project').description('projects: list, show, create, edit');

  const list = project.command('list').alias('ls').description('list the projects');
  runs(list, io, async (context) => {
    const page = await context.api.list<Project>('/projects', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Key', value: (each) => each.key, paint: (shown) => context.style.bold(shown) },
          { title: 'Name', value: (each) => each.name, flexible: true },
          {
            title: 'Repository',
            value: (each) => each.repository.path ?? each.repository.url,
            flexible: true,
          },
          { title: 'Branch', value: (each) => each.defaultBranch },
          { title: 'Checks', value: (each) => each.checks.map((check) => check.name).join(', ') },
          { title: 'Decided by', value: (each) => each.completion.decidedBy },
          { title: 'Profile', value: (each) => each.defaultProfile },
          {
            title: 'Trouble',
            value: (each) => troubleOf(each.warnings),
            paint: (shown) => context.style.yellow(shown),
          },
        ],
        'No projects. Make one: mctl project create MC --path /path/to/repository --check test="npm test"',
      );
    });
  });

  const show = project.command('show').description('show one project').argument('<key>', 'like MC');
  runs(show, io, async (context, _options, key) => {
    const found = await readProject(context, key);
    context.result(found, () => printProject(context, found));
  });

  const create = project
    .command('create')
    .alias('add')
    .description('register a git repository; tickets are numbered within it')
    .argument('[key]', 'capitals and digits, like MC');
  runs<ProjectOptions>(addOptions(create), io, async (context, options, key) => {
    const body = await readBody(io, options.file, { key: key?.toUpperCase(), ...fieldsOf(options, null) });
    if (body['key'] === undefined)
      throw new UsageError('A project needs a key.', 'mctl project create MC --path .');
    if (body['repository'] === undefined)
      throw new UsageError('A project needs --path or --url of its repository.');
    body['name'] ??= body['key'];
    const made = await context.api.post<Project>('/projects', body);
    context.result(made, () => printProject(context, made));
  });

  const edit = project
    .command('edit')
    .description('change a project; --check adds or replaces the check of that name')
    .argument('<key>', 'like MC')
    .option('--remove-check <name>', 'drop a check (repeatable)', gather);
  runs<ProjectOptions>(addOptions(edit), io, async (context, options, key) => {
    const before = await readProject(context, key);
    const body = await readBody(io, options.file, fieldsOf(options, before));
    if (Object.keys(body).length === 0)
      throw new UsageError('Nothing to change.', 'mctl project edit --help lists the fields.');
    const changed = await context.api.patch<Project>(`/projects/${before.key}`, body, {
      ifMatch: before.version,
    });
    context.result(changed, () => printProject(context, changed));
  });
}

function readProject(context: Context, key: string | undefined): Promise<Project> {
  return context.api.get<Project>(`/projects/${encodeURIComponent(required(key, 'The key').toUpperCase())}`);
}

function addOptions(command: Command): Command {
  return command
    .option('-n, --name <name>', 'its name; else the key')
    .option('--path <folder>', 'the repository, on the machine of the runners')
    .option('--url <url>', 'the repository, fetched from there')
    .option('--branch <name>', 'where attempts start; else the repository’s own default')
    .option('--setup <command>', 'runs in a fresh worktree before the agent and before checks, or "none"')
    .option('--check <name=command>', 'a check that Mission Control runs itself (repeatable)', gather)
    .option('--requires <kinds>', `evidence a ticket needs to be done: ${EVIDENCE_KINDS.join(', ')}`, gather)
    .option('--checks <names>', 'which checks have to pass; else all', gather)
    .option('--decided-by <who>', `who accepts work: ${DECIDERS.join(', ')}`)
    .option('--on-accept <what>', `what becomes of accepted work: ${LANDINGS.join(', ')}`)
    .option('--deploy-to <environment>', 'where accepted work is deployed, or "none"; needs a probe')
    .option('--deploy-url <url>', 'a page that says which commit runs there')
    .option('--deploy-command <command>', 'a command that says which commit runs there')
    .option('--deploy-within <seconds>', 'how long after landing it may take to be seen')
    .option('--allow-empty-diff', 'work without a change to the code counts too')
    .option(
      '--protect <glob>',
      'a path that a worker should not touch; its changes go to a person (repeatable)',
      gather,
    )
    .option('--profile <id>', 'who works on its tickets where they name nobody, or "none"')
    .option('--runner-label <label>', 'only runners with this label (repeatable)', gather)
    .option('--max-attempts <n>', 'tries at a ticket before a person is asked')
    .option('--max-workers <n>', 'attempts at once, or "none" for no limit of its own')
    .option('--backoff <seconds>', 'the wait after the first failure; it doubles')
    .option('--budget-usd <usd>', 'what its attempts may cost in a day, or "none"')
    .option('--budget-tokens <tokens>', 'tokens that its attempts may use in a day, or "none"')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
}

function fieldsOf(options: ProjectOptions, before: Project | null): object {
  const completion = completionOf(options);
  return {
    name: options.name,
    repository: orUndefined({
      path: options.path === undefined ? undefined : resolve(options.path),
      url: options.url,
    }),
    defaultBranch: options.branch,
    setup:
      options.setup === undefined || options.setup === 'none'
        ? orNone(options.setup)
        : { command: options.setup },
    checks: checksOf(options, before),
    deploy: deployOf(options, before),
    completion: completion && { ...before?.completion, ...completion },
    protectedPaths: options.protect,
    defaultProfile: orNone(options.profile),
    runnerLabels: words(options.runnerLabel),
    limits: orUndefined({
      maxAttempts: number(options.maxAttempts, '--max-attempts'),
      maxWorkers: numberOrNone(options.maxWorkers, '--max-workers'),
      backoffSeconds: number(options.backoff, '--backoff'),
    }),
    budget: budgetOf(options.budgetUsd, options.budgetTokens),
  };
}

function deployOf(options: ProjectOptions, before: Project | null): object | null | undefined {
  const { deployTo, deployUrl, deployCommand, deployWithin } = options;
  if (deployTo === 'none') return null;
  if ([deployTo, deployUrl, deployCommand, deployWithin].every((given) => given === undefined))
    return undefined;
  if (deployUrl !== undefined && deployCommand !== undefined)
    throw new UsageError('Give either --deploy-url or --deploy-command.');
  const environment = deployTo ?? before?.deploy?.environment;
  const probe =
    deployUrl === undefined && deployCommand === undefined
      ? before?.deploy?.probe
      : { url: deployUrl, command: deployCommand };
  if (environment === undefined || probe === undefined) {
    throw new UsageError(
      'A deploy has an environment and a probe.',
      '--deploy-to production --deploy-url https://example.org/version',
    );
  }
  const timeoutSeconds = number(deployWithin, '--deploy-within') ?? before?.deploy?.timeoutSeconds;
  return { environment, probe, timeoutSeconds };
}

function checksOf(options: ProjectOptions, before: Project | null): object[] | undefined {
  if (options.check === undefined && options.removeCheck === undefined) return undefined;
  const checks = new Map<string, object>((before?.checks ?? []).map((check) => [check.name, check]));
  for (const name of options.removeCheck ?? []) {
    if (!checks.delete(name)) throw new UsageError(`There is no check "${name}" to remove.`);
  }
  for (const given of options.check ?? []) {
    const [, name, command] = /^([^=]+)=([\s\S]+)$/.exec(given) ?? [];
    if (name === undefined || command === undefined) {
      throw new UsageError(`--check takes name=command; "${given}" is not.`, '--check test="npm test"');
    }
    checks.set(name, { name, command });
  }
  return [...checks.values()];
}

export function troubleOf(warnings: Finding[]): string {
  return warnings
    .filter((finding) => !finding.ok)
    .map((finding) => finding.message)
    .join('; ');
}

export function printFindings(context: Context, findings: Finding[]): void {
  for (const finding of findings) {
    const mark = finding.ok ? context.style.green('✓') : context.style.yellow('!');
    context.print(text`${mark} ${finding.subject}: ${finding.message}`);
  }
}

/** A command as a person typed it: `sh -c` is how the API keeps a plain string. */
export function commandText(command: string[]): string {
  const [shell, flag, script] = command;
  if (command.length === 3 && shell === '/bin/sh' && flag === '-c' && script !== undefined) return script;
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

function printProject(context: Context, project: Project): void {
  const { completion, limits } = project;
  context.print(text`${context.style.bold(project.key)} ${project.name}`);
  context.printCard([
    ['Repository', project.repository.path ?? project.repository.url],
    ['Branch', project.defaultBranch],
    ['Setup', project.setup && commandText(project.setup.command)],
    ...project.checks.map((check): [string, string] => [`Check ${check.name}`, commandText(check.command)]),
    [
      'Deploy',
      project.deploy &&
        `${project.deploy.environment}: ${project.deploy.probe.url ?? commandText(project.deploy.probe.command ?? [])}`,
    ],
    ['Done when', `${completion.requires.join(', ')} verified, decided by ${completion.decidedBy}`],
    ['On accept', completion.onAccept.replaceAll('_', ' ')],
    ['Protected', project.protectedPaths.join(', ')],
    ['Profile', project.defaultProfile ?? 'none: tickets have to name one'],
    ['Runner labels', project.runnerLabels.join(', ')],
    [
      'Limits',
      `${limits.maxAttempts} attempts, ${limits.maxWorkers ?? 'any number of'} workers, ${limits.backoffSeconds} s back-off`,
    ],
    ['Budget', project.budget && JSON.stringify(project.budget)],
    ['Version', project.version],
  ]);
  printFindings(context, project.warnings);
}
