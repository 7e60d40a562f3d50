/** `mctl top`: a live view of what runs, what waits and what needs somebody, in the terminal. */
import type { Command } from 'commander';
import { followEvents } from '../../client/event-stream.ts';
import type { Ticket } from '../../contract/shapes.ts';
import { runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { spanOf } from '../terminal/age.ts';
import { join, Safe, text } from '../terminal/safe-text.ts';
import { labelOf } from '../terminal/style.ts';
import { renderTable, wordColumn } from '../terminal/table.ts';
import type { Overview } from './doctor/server.ts';

/** Ages grow without events, so the view is drawn anew at least this often. */
const REDRAW_MS = 2000;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ALTERNATE_SCREEN = '\u001b[?1049h';
const PRIMARY_SCREEN = '\u001b[?1049l';
const HOME_AND_CLEAR = '\u001b[H\u001b[J';

export function defineTop(program: Command, io: Io): void {
  const command = program.command('top').description('a live view of everything; Ctrl-C ends it');
  runs(command, io, async (context) => {
    if (io.columns === null || context.json) {
      throw new UsageError('mctl top needs a terminal.', 'mctl watch --json prints events for programs.');
    }
    await context.api.get('/overview');
    io.out(ALTERNATE_SCREEN + HIDE_CURSOR);
    try {
      await drawUntilInterrupted(context);
    } finally {
      io.out(SHOW_CURSOR + PRIMARY_SCREEN);
    }
  });
}

async function drawUntilInterrupted(context: Context): Promise<void> {
  const { signal } = context.io;
  let wake = (): void => {};
  const events = (async () => {
    for await (const _ of followEvents(context.api.client, {}, signal)) wake();
  })();
  while (!signal.aborted) {
    const lines = await describe(context);
    context.io.out(HOME_AND_CLEAR + lines.map((each) => each.text).join('\n'));
    await new Promise<void>((resolve) => {
      wake = resolve;
      const timer = setTimeout(resolve, REDRAW_MS);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
    // Many events come together; one drawing shows them all.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await events;
}

async function describe(context: Context): Promise<Safe[]> {
  try {
    const [overview, open] = await Promise.all([
      context.api.get<Overview>('/overview'),
      context.api.list<Ticket>('/tickets', { status: 'in_progress,needs_input,in_review,todo' }, 100),
    ]);
    return [...headOf(context, overview), text``, ...ticketsOf(context, open.items)];
  } catch (error) {
    return [
      text`${context.style.red('No answer')} ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
}

function headOf(context: Context, overview: Overview): Safe[] {
  const { style } = context;
  const { workers, runners, dispatcher, paused } = overview;
  const counts = Object.entries(overview.counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => text`${style.bold(count)} ${labelOf(status).toLowerCase()}`);
  const needs = [
    [overview.openQuestions, 'to answer'],
    [overview.openReviews, 'to review'],
    [overview.openAlerts, 'alerts'],
  ] as const;
  const waiting = needs
    .filter(([count]) => count > 0)
    .map(([count, what]) => style.yellow(`${count} ${what}`));
  return [
    text`${style.bold('Mission Control')} ${paused === null ? style.green('running') : style.yellow(`paused by ${paused.by}: ${paused.reason}`)} · workers ${workers.active ?? '?'}/${workers.max} · runners ${runners.ready} ready${runners.silent > 0 ? `, ${runners.silent} silent` : ''} · dispatcher ${dispatcher.state}`,
    join(counts, ' · '),
    waiting.length === 0 ? style.dim('Nothing needs you.') : text`Needs you: ${join(waiting, ' · ')}`,
  ];
}

function ticketsOf(context: Context, tickets: Ticket[]): Safe[] {
  if (tickets.length === 0) return [context.style.dim('Nothing is open.')];
  const rank = ['in_progress', 'needs_input', 'in_review', 'todo'];
  const sorted = [...tickets].sort((a, b) => rank.indexOf(a.status) - rank.indexOf(b.status));
  return renderTable(
    sorted,
    [
      { title: 'Key', value: (ticket) => ticket.key, paint: (shown) => context.style.bold(shown) },
      wordColumn(context, 'State', (ticket) => ticket.status),
      wordColumn(context, 'Runtime', (ticket) => ticket.runtime),
      { title: 'Title', value: (ticket) => ticket.title, flexible: true },
      {
        title: 'Now',
        value: (ticket) =>
          (ticket.status === 'in_progress' ? ticket.attempt?.lastProgress?.text : null) ??
          ticket.nextAction.text,
        flexible: true,
      },
      { title: 'Age', value: (ticket) => spanOf(ticket.age), align: 'right' },
    ],
    { style: context.style, columns: context.io.columns },
  );
}
