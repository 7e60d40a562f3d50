/** `mctl watch`: what happens, as it happens, one readable line per event. */
import type { Command } from 'commander';
import { followEvents } from '../../client/event-stream.ts';
import { runs, type Io } from '../context.ts';
import { ticketKey } from '../references.ts';
import { FrameDescriber, type StreamedEvent } from './watch/describe-frame.ts';

interface WatchOptions {
  ticket?: string;
  project?: string;
  type?: string;
  all?: boolean;
}

export function defineWatch(program: Command, io: Io): void {
  const command = program
    .command('watch')
    .description('print what happens, as it happens')
    .option('--ticket <key>', 'only of this ticket')
    .option('--project <key>', 'only of this project')
    .option('--all', 'also what the machinery notes down for itself')
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
    const describer = new FrameDescriber(context.style, options.all === true);
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
      const shown = event === null ? null : describer.describe(event);
      if (shown !== null) context.print(shown);
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
