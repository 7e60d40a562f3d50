/** `mctl job …`: what Mission Control does by itself on a schedule. */
import type { Command } from 'commander';
import type { Job } from '../../contract/job-shapes.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { csvFlag, printCsv } from '../export-list.ts';
import { UsageError } from '../failures.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';

export function defineJob(program: Command, io: Io): void {
  const job = program
    .command('job')
    .description('jobs, recurring tickets among them: list, show, enable, disable, run');

  const list = job.command('list').alias('ls').description('list the jobs').addOption(csvFlag());
  runs<{ csv?: boolean }>(list, io, async (context, options) => {
    const page = await context.api.list<Job>('/jobs', {}, 1000);
    if (options.csv === true) return printCsv(context, 'jobs', page.items);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Job', value: (each) => each.name, paint: (shown) => context.style.bold(shown) },
          wordColumn(context, 'State', (each) => (each.enabled ? 'enabled' : 'disabled')),
          { title: 'What', value: (each) => each.title, flexible: true },
          { title: 'Schedule', value: (each) => each.schedule, flexible: true },
          { title: 'Last run', value: (each) => context.age(each.lastRun?.at) },
          {
            title: 'Outcome',
            value: (each) => each.lastRun && `${each.lastRun.outcome} ${each.lastRun.detail}`,
            flexible: true,
          },
          { title: 'Next', value: (each) => context.age(each.nextRun) },
          { title: 'Changed by', value: (each) => each.changedBy },
        ],
        'No jobs.',
      );
    });
  });

  const show = job.command('show').description('show one job').argument('<name>', 'like ticket-pickup');
  runs(show, io, async (context, _options, name) => {
    const found = await findJob(context, name);
    context.result(found, () => printJob(context, found));
  });

  defineRun(job, io);
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const change = job
      .command(verb)
      .description(enabled ? 'let a job run again' : 'stop a job from running')
      .argument('<name>', 'like ticket-pickup')
      .requiredOption('-r, --reason <text>', 'why; it stays with the job');
    runs<{ reason: string }>(change, io, async (context, options, name) => {
      const before = await findJob(context, name);
      const changed = await context.api.patch<Job>(
        `/jobs/${encodeURIComponent(before.name)}`,
        { enabled, reason: options.reason },
        { ifMatch: before.version },
      );
      context.result(changed, () => printJob(context, changed));
    });
  }
}

function defineRun(job: Command, io: Io): void {
  const run = job.command('run').description('run a job now').argument('<name>', 'like audit');
  runs(run, io, async (context, _options, name) => {
    const before = await findJob(context, name);
    const after = await context.api.post<Job>(`/jobs/${encodeURIComponent(before.name)}/run`, {});
    context.result(after, () => printJob(context, after));
  });
}

async function findJob(context: Context, given: string | undefined): Promise<Job> {
  const name = required(given, 'The name');
  const { items } = await context.api.list<Job>('/jobs', {}, 1000);
  const found = items.find((job) => job.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`There is no job "${name}".`, `there are ${items.map((job) => job.name).join(', ')}.`);
}

function printJob(context: Context, job: Job): void {
  context.print(text`${context.style.bold(job.name)} ${context.word(job.enabled ? 'enabled' : 'disabled')}`);
  context.printCard([
    ['Schedule', job.schedule],
    [
      'Last run',
      job.lastRun && `${context.age(job.lastRun.at)}: ${job.lastRun.outcome} ${job.lastRun.detail}`,
    ],
    ['Next run', context.age(job.nextRun)],
    ['Changed by', job.changedBy],
    ['Reason', job.reason],
    ['Version', job.version],
  ]);
}
