/** `mctl attempt …`: the tries at a ticket, what they said while they worked, and what they changed. */
import type { Command } from 'commander';
import type { Attempt, Diff, Evidence, Ticket } from '../../contract/shapes.ts';
import { runs, type Context, type Io } from '../context.ts';
import { findAttempt, shortId, ticketKey } from '../references.ts';
import { plainText, Safe, text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { defineLogs } from './attempt/logs.ts';
import { printEvidence } from './ticket/print-evidence.ts';
import { costOf, tookOf } from './ticket/show.ts';

const REFERENCE = 'MC-12 (its newest attempt), MC-12/2, or an attempt’s id';

export function defineAttempt(program: Command, io: Io): void {
  const attempt = program.command('attempt').description('attempts: list, show, logs, diff');

  const list = attempt
    .command('list')
    .description('list the attempts at a ticket')
    .argument('<key>', 'the ticket, like MC-12');
  runs(list, io, async (context, _options, given) => {
    const page = await context.api.list<Attempt>(`/tickets/${ticketKey(given)}/attempts`);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: '#', value: (each) => each.number, align: 'right' },
          wordColumn(context, 'State', (each) => each.outcome ?? each.state),
          { title: 'Profile', value: (each) => each.profile ?? each.kind },
          { title: 'Started', value: (each) => context.age(each.startedAt ?? each.offeredAt) },
          { title: 'Took', value: (each) => tookOf(each, io.now()), align: 'right' },
          { title: 'Cost', value: (each) => costOf(each.cost), align: 'right' },
          { title: 'Why', value: (each) => each.reason ?? each.summary, flexible: true },
          { title: 'Id', value: (each) => shortId(each.id) },
        ],
        'Nobody has tried it yet.',
      );
    });
  });

  const show = attempt.command('show').description('show one attempt').argument('<attempt>', REFERENCE);
  runs(show, io, async (context, _options, given) => {
    const found = await findAttempt(context.api, given ?? '');
    if (context.json) return context.printJson(found);
    await printAttempt(context, found);
  });

  defineLogs(attempt, io);

  const diff = attempt
    .command('diff')
    .description('show what an attempt changed')
    .argument('<attempt>', REFERENCE)
    .option('--stat', 'only the files and how many lines');
  runs<{ stat?: boolean }>(diff, io, async (context, options, given) => {
    const found = await findAttempt(context.api, given ?? '');
    const changes = await context.api.get<Diff>(`/attempts/${found.id}/diff`);
    context.result(changes, () => printDiff(context, changes, options.stat === true));
  });
}

async function printAttempt(context: Context, attempt: Attempt): Promise<void> {
  const { style } = context;
  context.print(
    text`${style.bold(`${attempt.ticket}/${attempt.number}`)} ${context.word(attempt.outcome ?? attempt.state)}`,
  );
  context.printCard([
    ['Id', attempt.id],
    ['State', attempt.state],
    ['Reason', attempt.reason],
    ['Profile', attempt.profile ?? attempt.kind],
    ['Runner', attempt.runner],
    ['Started', context.age(attempt.startedAt)],
    ['Took', tookOf(attempt, context.io.now())],
    ['Cost', costOf(attempt.cost)],
    ['Exit code', attempt.exitCode],
    ['Branch', attempt.branch],
    ['Base', attempt.base],
    ['Head', attempt.head],
    ['Session', attempt.session],
    ['Fencing token', attempt.fence],
  ]);
  if (attempt.lastProgress !== null && attempt.state === 'running') {
    context.print(
      text`${style.cyan('▸')} ${attempt.lastProgress.text} ${style.dim(context.age(attempt.lastProgress.at))}`,
    );
  }
  if (attempt.summary !== null && attempt.summary !== '') {
    context.heading('Summary, as the worker gave it');
    context.printBlock(attempt.summary);
  }
  const ticket = await context.api.get<Ticket>(`/tickets/${attempt.ticket}`);
  const own = <T extends Pick<Evidence, 'attempt'>>(all: T[]): T[] =>
    all.filter((each) => each.attempt === attempt.id);
  printEvidence(
    context,
    { key: ticket.key, evidence: own(ticket.evidence), waivers: own(ticket.waivers) },
    [],
  );
}

function printDiff(context: Context, diff: Diff, onlyStat: boolean): void {
  const { style } = context;
  for (const file of diff.files) {
    const marks = text`${style.green(`+${file.additions}`)} ${style.red(`-${file.deletions}`)}`;
    context.print(text`${marks} ${file.path} ${file.protected ? style.yellow('protected') : ''}`);
  }
  if (diff.files.length === 0) context.note(style.dim('No change.'));
  if (onlyStat) return;
  context.print(text``);
  for (const each of plainText(diff.patch).trimEnd().split('\n')) {
    const paint = /^(\+\+\+|---|diff |index )/.test(each)
      ? style.bold
      : each.startsWith('@@')
        ? style.cyan
        : each.startsWith('+')
          ? style.green
          : each.startsWith('-')
            ? style.red
            : null;
    // Indentation matters in a diff, so the line is painted whole, and not trimmed.
    context.print(paint === null ? Safe.trusted(each) : paint(Safe.trusted(each)));
  }
  if (diff.truncated)
    context.note(style.yellow('The diff is longer than what is kept; see the branch for the rest.'));
}
