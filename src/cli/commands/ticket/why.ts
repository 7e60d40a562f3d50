/** `mctl why KEY`: why a ticket isn't running, now and before. */
import type { Command } from 'commander';
import type { Ticket, Why } from '../../../contract/shapes.ts';
import { runs, type Io } from '../../context.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';

export function defineWhy(parent: Command, io: Io): void {
  const command = parent
    .command('why')
    .description('say why a ticket isn’t running, and why it wasn’t before')
    .argument('<key>', 'the ticket, like MC-12');
  runs(command, io, async (context, _options, given) => {
    const key = ticketKey(given);
    const why = await context.api.get<Why>(`/tickets/${key}/why`);
    if (context.json) return context.printJson(why);
    const { style } = context;
    const ticket = await context.api.get<Ticket>(`/tickets/${key}`);
    context.print(text`${style.bold(key)} ${ticket.sentence}`, text`Next: ${ticket.nextAction.text}`);
    if (why.current === null) {
      // A reason is written down where the dispatcher held a ticket back; outside its queue the next action is the reason.
      if (ticket.status === 'todo') context.print(text`Nothing keeps it from running.`);
    } else {
      context.print(
        text`${style.yellow(why.current.code)} ${why.current.detail} ${style.dim(context.age(why.current.at))}`,
      );
    }
    const before = why.history.filter((skip) => skip.at !== why.current?.at);
    if (before.length > 0) {
      context.heading('Before');
      context.printTable(
        before,
        [
          { title: '  When', value: (skip) => `  ${context.age(skip.at)}` },
          { title: 'Reason', value: (skip) => skip.code },
          { title: 'Detail', value: (skip) => skip.detail, flexible: true },
        ],
        '',
      );
    }
  });
}
