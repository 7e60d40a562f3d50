/** `mctl alert …`: what the operator found, and acknowledging it. */
import type { Command } from 'commander';
import type { Alert } from '../../contract/shapes.ts';
import { ALERT_STATES } from '../../domain/words.ts';
import { runs, type Context, type Io } from '../context.ts';
import { csvFlag, printCsv } from '../export-list.ts';
import { findByEnding, shortId } from '../references.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { oneOf } from '../values.ts';

export function defineAlert(program: Command, io: Io): void {
  const alert = program.command('alert').description('what the operator found: list, show, acknowledge');

  const list = alert
    .command('list', { isDefault: true })
    .alias('ls')
    .description('list the alerts that are not resolved')
    .option('-s, --state <state>', `${ALERT_STATES.join(', ')}, or all`)
    .addOption(csvFlag());
  runs<{ state?: string; csv?: boolean }>(list, io, async (context, options) => {
    const state =
      options.state === 'all'
        ? undefined
        : (oneOf(options.state, ALERT_STATES, '--state') ?? 'open,acknowledged');
    const page = await context.api.list<Alert>('/alerts', { state }, 1000);
    if (options.csv === true) return printCsv(context, 'alerts', page.items);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Alert', value: (each) => shortId(each.id) },
          wordColumn(context, 'Severity', (each) => each.severity),
          wordColumn(context, 'State', (each) => each.state),
          { title: 'Rule', value: (each) => each.rule },
          { title: 'Subject', value: (each) => each.subject },
          { title: 'Detail', value: (each) => each.detail, flexible: true },
          { title: 'Seen', value: (each) => `${each.occurrences}×`, align: 'right' },
          {
            title: 'Back',
            value: (each) => (each.recurrences > 0 ? `${each.recurrences}×` : ''),
            align: 'right',
          },
          { title: 'First', value: (each) => context.age(each.firstSeen) },
          { title: 'Last', value: (each) => context.age(each.lastSeen) },
        ],
        'No alerts.',
      );
    });
  });

  const show = alert
    .command('show')
    .description('show one alert')
    .argument('<id>', 'its id; the end of it will do');
  runs(show, io, async (context, _options, given) => {
    const found = await findAlert(context, given);
    context.result(found, () => printAlert(context, found));
  });

  const acknowledge = alert
    .command('acknowledge')
    .alias('ack')
    .description('say that you have seen it; a worsening is told again')
    .argument('<id>', 'its id; the end of it will do');
  runs(acknowledge, io, async (context, _options, given) => {
    const found = await findAlert(context, given);
    const changed = await context.api.post<Alert>(`/alerts/${found.id}/acknowledge`);
    context.result(changed, () => printAlert(context, changed));
  });
}

async function findAlert(context: Context, given: string | undefined): Promise<Alert> {
  const { items } = await context.api.list<Alert>('/alerts', {}, 1000);
  return findByEnding(items, given ?? '', 'alerts');
}

function printAlert(context: Context, alert: Alert): void {
  context.print(text`${context.word(alert.severity)} ${context.style.bold(alert.subject)} ${alert.detail}`);
  context.printCard([
    ['Alert', alert.id],
    ['State', context.word(alert.state)],
    ['Rule', alert.rule],
    [
      'Seen',
      `${alert.occurrences} times, first ${context.age(alert.firstSeen)}, last ${context.age(alert.lastSeen)}`,
    ],
    ['Came back', alert.recurrences > 0 ? `${alert.recurrences} times after it was resolved` : ''],
  ]);
}
