/** `mctl watch`: what happens, as it happens, one readable line per event. */
import type { Command } from 'commander';
import { followEvents } from '../../client/event-stream.ts';
import { runs, type Context, type Io } from '../context.ts';
import { ticketKey } from '../references.ts';
import { text, type Safe } from '../terminal/safe-text.ts';
import { coloured } from '../terminal/style.ts';

interface WatchOptions {
  ticket?: string;
  project?: string;
  type?: string;
}

/** The `data` of a frame, as the API sends it. */
export interface StreamedEvent {
  seq: number;
  type: string;
  ticket: string | null;
  at: string;
  data: Record<string, unknown>;
  text?: string;
}

export function defineWatch(program: Command, io: Io): void {
  const command = program
    .command('watch')
    .description('print what happens, as it happens')
    .option('--ticket <key>', 'only of this ticket')
    .option('--project <key>', 'only of this project')
    .option('--type <types>', 'only these types, like ticket.transitioned');
  runs<WatchOptions>(command, io, async (context, options) => {
    // The stream waits for a server that is away; asking once first tells a wrong address or token at the start.
    await context.api.get('/overview');
    if (!context.json) context.note(context.style.dim('Watching. Ctrl-C ends it.'));
    const query = {
      ticket: options.ticket === undefined ? undefined : ticketKey(options.ticket),
      project: options.project?.toUpperCase(),
      type: options.type,
    };
    for await (const frame of followEvents(context.api.client, query, io.signal)) {
      if (context.json) {
        io.out(`${frame.data}\n`);
        continue;
      }
      if (frame.event === 'reset') {
        context.note(context.style.yellow('Some events were missed; what follows is complete again.'));
        continue;
      }
      const event = readEvent(frame.data);
      if (event !== null) context.print(eventLine(context, event));
    }
  });
}

function readEvent(data: string): StreamedEvent | null {
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === 'object' && event !== null && 'type' in event ? (event as StreamedEvent) : null;
  } catch {
    return null;
  }
}

export function eventLine(context: Context, event: StreamedEvent): Safe {
  const { style } = context;
  const time = new Date(event.at).toTimeString().slice(0, 8);
  return text`${style.dim(time)} ${style.bold((event.ticket ?? '').padEnd(8))} ${sentenceOf(context, event)}`;
}

/** The members that say what an event was about, in the order in which they are told. */
const TELLING = [
  'outcome',
  'reason',
  'text',
  'answer',
  'summary',
  'kind',
  'rule',
  'subject',
  'detail',
  'name',
];

function sentenceOf(context: Context, event: StreamedEvent): Safe {
  const { style } = context;
  const { data } = event;
  if (event.type === 'ticket.transitioned') {
    const [from, to] = [wordOf(data['from']), wordOf(data['to'])];
    const why = wordOf(data['reason']);
    return text`${from.replaceAll('_', ' ')} → ${coloured(style, to, to.replaceAll('_', ' '))} ${style.dim(wordOf(data['transition']))} ${why}`;
  }
  const [noun = '', verb = ''] = event.type.split('.');
  const told =
    event.text ??
    TELLING.map((name) => wordOf(data[name]))
      .filter((word) => word !== '')
      .join(' · ');
  return text`${noun} ${coloured(style, verb)} ${told}`;
}

const wordOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
