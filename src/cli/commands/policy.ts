/** `mctl policy …`: the limits and rules for everything. */
import type { Command } from 'commander';
import type { Policy } from '../../contract/shapes.ts';
import { runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { readBody } from '../read-body.ts';
import { text } from '../terminal/safe-text.ts';
import { budgetOf, gather, number, span } from '../values.ts';

interface EditOptions {
  maxWorkers?: string;
  budgetUsd?: string;
  budgetTokens?: string;
  allowRemedy?: string[];
  forbidRemedy?: string[];
  addWindow?: string[];
  clearWindows?: boolean;
  file?: string;
}

export function definePolicy(program: Command, io: Io): void {
  const policy = program.command('policy').description('limits, budgets and maintenance windows: show, edit');

  const show = policy.command('show', { isDefault: true }).description('show the policy');
  runs(show, io, async (context) => {
    const found = await context.api.get<Policy>('/policy');
    context.result(found, () => printPolicy(context, found));
  });

  const edit = policy
    .command('edit')
    .description('change the policy; what is not named stays as it is')
    .option('--max-workers <n>', 'attempts at once, everywhere together')
    .option('--budget-usd <usd>', 'what a day may cost, or "none"')
    .option('--budget-tokens <tokens>', 'tokens that a day may use, or "none"')
    .option('--allow-remedy <name>', 'let the system do this by itself (repeatable)', gather)
    .option('--forbid-remedy <name>', 'no longer (repeatable)', gather)
    .option('--add-window <cron/span>', 'start nothing then, like "0 3 * * 0/2h" (repeatable)', gather)
    .option('--clear-windows', 'drop all maintenance windows')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
  runs<EditOptions>(edit, io, async (context, options) => {
    const before = await context.api.get<Policy>('/policy');
    const changes = await readBody(io, options.file, {
      maxWorkers: number(options.maxWorkers, '--max-workers'),
      budget: budgetOf(options.budgetUsd, options.budgetTokens),
      remedies: remediesOf(before, options),
      windows: windowsOf(before, options),
    });
    if (Object.keys(changes).length === 0)
      throw new UsageError('Nothing to change.', 'mctl policy edit --help lists the fields.');
    // PUT replaces: send what stands, with the changes laid over it.
    const { maxWorkers, budget, remedies, windows } = before;
    const changed = await context.api.put<Policy>(
      '/policy',
      { maxWorkers, budget, remedies, windows, ...changes },
      { ifMatch: before.version },
    );
    context.result(changed, () => printPolicy(context, changed));
  });
}

function remediesOf(before: Policy, options: EditOptions): string[] | undefined {
  if (options.allowRemedy === undefined && options.forbidRemedy === undefined) return undefined;
  const forbidden = new Set(options.forbidRemedy);
  return [...new Set([...before.remedies, ...(options.allowRemedy ?? [])])].filter(
    (each) => !forbidden.has(each),
  );
}

function windowsOf(before: Policy, options: EditOptions): Policy['windows'] | undefined {
  if (options.addWindow === undefined && options.clearWindows !== true) return undefined;
  const added = (options.addWindow ?? []).map((given) => {
    const slash = given.lastIndexOf('/');
    if (slash < 1)
      throw new UsageError(`--add-window takes cron/span; "${given}" is not.`, '--add-window "0 3 * * 0/2h"');
    return {
      cron: given.slice(0, slash),
      minutes: Math.round(span(given.slice(slash + 1), '--add-window') / 60_000),
    };
  });
  return [...(options.clearWindows === true ? [] : before.windows), ...added];
}

function printPolicy(context: Context, policy: Policy): void {
  const { paused } = policy;
  if (paused !== null) {
    context.print(
      text`${context.style.yellow('Paused')} by ${paused.by} ${context.age(paused.at)}: ${paused.reason}${paused.stop ? ' (what ran was stopped)' : ''}`,
    );
  }
  context.printCard([
    ['Workers', policy.maxWorkers],
    ['Budget a day', policy.budget && JSON.stringify(policy.budget)],
    [
      'Remedies',
      policy.remedies.length === 0 ? 'none: the system changes no job by itself' : policy.remedies.join(', '),
    ],
    ...policy.windows.map((window): [string, string] => [
      'Window',
      `${window.cron} for ${window.minutes} minutes${window.reason === undefined ? '' : ` (${window.reason})`}`,
    ]),
    ['Version', policy.version],
  ]);
}
