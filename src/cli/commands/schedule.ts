/** `mctl schedule …`: recurring tickets. Each is one ticket with a history, made ready at every slot of a cron line. */
import type { Command } from 'commander';
import type { Job, Schedule } from '../../contract/job-shapes.ts';
import { MISSED_RUNS } from '../../domain/schedule/schedule.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { readBody } from '../read-body.ts';
import { findByEnding } from '../references.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { oneOf, withoutUndefined } from '../values.ts';
import { onlyProject } from './ticket/create.ts';
import { addTicketFieldOptions, ticketFields, type TicketFieldOptions } from './ticket/fields.ts';

interface ScheduleOptions extends TicketFieldOptions {
  project?: string;
  cron?: string;
  title?: string;
  timezone?: string;
  missedRun?: string;
}

export function defineSchedule(program: Command, io: Io): void {
  const schedule = program
    .command('schedule')
    .description('recurring tickets: list, show, create, edit, enable, disable, run');

  const list = schedule.command('list').alias('ls').description('list the recurring tickets');
  runs(list, io, async (context) => {
    const page = await context.api.list<Schedule>('/schedules', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Schedule', value: (each) => each.id, paint: (shown) => context.style.bold(shown) },
          { title: 'Ticket', value: (each) => each.key },
          { title: 'Title', value: (each) => each.ticket.title, flexible: true },
          { title: 'When', value: (each) => `${each.cron} (${each.timezone})` },
          wordColumn(context, 'State', (each) => (each.enabled ? 'enabled' : 'disabled')),
          {
            title: 'Last',
            value: (each) => each.lastRun && `${each.lastRun.outcome} ${context.age(each.lastRun.at)}`,
          },
          { title: 'Next', value: (each) => context.age(each.nextRun) },
        ],
        'No recurring tickets. Make one: mctl schedule create "0 3 * * *" "Update the dependencies"',
      );
    });
  });

  const show = schedule
    .command('show')
    .description('show one')
    .argument('<id>', 'its id (the end of it will do), or its ticket');
  runs(show, io, async (context, _options, id) => {
    const found = await readSchedule(context, id);
    context.result(found, () => printSchedule(context, found));
  });

  const create = schedule
    .command('create')
    .alias('add')
    .description('set up a recurring ticket')
    .argument('[cron]', 'minute hour day month weekday, like "0 3 * * 1-5"')
    .argument('[title...]', 'the title of its ticket');
  runs<ScheduleOptions>(addOptions(create), io, async (context, options, cron, ...title) => {
    const body = await readBody(io, options.file, {
      project: options.project?.toUpperCase(),
      cron,
      ...times(options),
    });
    const given = (body['ticket'] ?? {}) as Record<string, unknown>;
    const ticket = { ...given, ...(await ticketOf(io, options)) };
    if (title.length > 0) ticket['title'] = title.join(' ');
    if (body['cron'] === undefined || ticket['title'] === undefined) {
      throw new UsageError(
        'A recurring ticket needs a cron line and a title.',
        'mctl schedule create "0 3 * * *" "Update the dependencies" --project MC',
      );
    }
    body['project'] ??= await onlyProject(context);
    const made = await context.api.post<Schedule>('/schedules', { ...body, ticket });
    context.result(made, () => printSchedule(context, made));
  });

  const edit = schedule
    .command('edit')
    .description('change one; its ticket is made anew from it at the next start')
    .argument('<id>', 'its id (the end of it will do), or its ticket')
    .option('--cron <line>', 'when it is due')
    .option('--title <title>', 'the title of its ticket');
  runs<ScheduleOptions>(addOptions(edit), io, async (context, options, id) => {
    const before = await readSchedule(context, id);
    const ticket = withoutUndefined({ ...(await ticketOf(io, options)), title: options.title });
    const body = await readBody(io, options.file, {
      cron: options.cron,
      ...times(options),
      ...(Object.keys(ticket).length > 0 ? { ticket } : {}),
    });
    if (Object.keys(body).length === 0)
      throw new UsageError('Nothing to change.', 'mctl schedule edit --help lists the fields.');
    const changed = await patch(context, before, body);
    context.result(changed, () => printSchedule(context, changed));
  });

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const change = schedule
      .command(verb)
      .description(
        enabled ? 'let it run again, from now on' : 'stop it; what is due meanwhile is not made up for',
      )
      .argument('<id>', 'its id (the end of it will do), or its ticket')
      .requiredOption('-r, --reason <text>', 'why; it stays with the schedule');
    runs<{ reason: string }>(change, io, async (context, options, id) => {
      const before = await readSchedule(context, id);
      const changed = await patch(context, before, { enabled, reason: options.reason });
      context.result(changed, () => printSchedule(context, changed));
    });
  }

  const run = schedule
    .command('run')
    .description('start it now, besides its slots')
    .argument('<id>', 'its id (the end of it will do), or its ticket');
  runs(run, io, async (context, _options, id) => {
    const { id: name } = await readSchedule(context, id);
    const job = await context.api.post<Job>(`/jobs/${encodeURIComponent(name)}/run`, {});
    context.result(job, () =>
      context.print(
        text`${context.style.bold(job.ticket ?? name)} ${context.word(job.lastRun?.outcome ?? 'unknown')} · ${job.lastRun?.detail ?? ''}`,
      ),
    );
  });
}

function addOptions(command: Command): Command {
  const complete = addTicketFieldOptions(
    command
      .option('--project <key>', 'the project of its ticket; not needed where there is only one')
      .option('--timezone <name>', 'in which the cron line is read, like Europe/Berlin; else UTC')
      .option(
        '--missed-run <what>',
        `slots that passed while the server was down: ${MISSED_RUNS.join(', ')}`,
      ),
  );
  // They are taken only to say why not; help that lists them would promise something.
  for (const option of complete.options)
    if (option.long === '--blocked-by' || option.long === '--not-before') option.hideHelp();
  return complete;
}

const times = (options: ScheduleOptions): object => ({
  timezone: options.timezone,
  missedRun: oneOf(options.missedRun, MISSED_RUNS, '--missed-run'),
});

async function ticketOf(io: Io, options: ScheduleOptions): Promise<Record<string, unknown>> {
  if (options.blockedBy !== undefined || options.notBefore !== undefined)
    throw new UsageError(
      'A recurring ticket has neither --blocked-by nor --not-before; its cron line says when.',
    );
  return ticketFields(io, options);
}

function patch(context: Context, before: Schedule, body: object): Promise<Schedule> {
  return context.api.patch<Schedule>(`/schedules/${encodeURIComponent(before.id)}`, body, {
    ifMatch: before.version,
  });
}

/** @param given its id, or the end of it, or the key of its ticket */
async function readSchedule(context: Context, given: string | undefined): Promise<Schedule> {
  const wanted = required(given, 'The schedule');
  const { items } = await context.api.list<Schedule>('/schedules', {}, 1000);
  return (
    items.find((each) => each.key !== null && each.key === wanted.toUpperCase()) ??
    findByEnding(items, wanted, 'recurring tickets')
  );
}

function printSchedule(context: Context, schedule: Schedule): void {
  const { lastRun } = schedule;
  context.print(
    text`${context.style.bold(schedule.id)} ${schedule.ticket.title} ${context.word(schedule.enabled ? 'enabled' : 'disabled')}`,
  );
  context.printCard([
    ['Ticket', schedule.key ?? 'made at its first slot'],
    ['When', `${schedule.cron} (${schedule.timezone})`],
    ['Missed runs', schedule.missedRun === 'skip' ? 'are skipped' : 'are made up for once'],
    ['Last run', lastRun && `${context.age(lastRun.at)}: ${lastRun.outcome}, ${lastRun.detail}`],
    ['Next run', schedule.nextRun],
    ['Set up by', schedule.createdBy],
    ['Changed by', schedule.changedBy],
    ['Reason', schedule.reason],
    ['Version', schedule.version],
  ]);
}
