/** `mctl evidence …`: what proves the work on a ticket, what a check printed, and looking again. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Attempt, Evidence, Output, Ticket } from '../../contract/shapes.ts';
import { runs, type Context, type Io } from '../context.ts';
import { UsageError } from '../failures.ts';
import { ticketKey } from '../references.ts';
import { block, text } from '../terminal/safe-text.ts';
import { nameOf, printEvidence } from './ticket/print-evidence.ts';

const WHICH = 'its kind (commit), or the name of a check (test); else the newest that fits';

export function defineEvidence(program: Command, io: Io): void {
  const evidence = program
    .command('evidence')
    .description('what proves the work on a ticket: list, output, download, verify');

  const list = evidence
    .command('list')
    .description('list the evidence on a ticket')
    .argument('<key>', 'the ticket');
  runs(list, io, async (context, _options, given) => {
    const ticket = await readTicket(context, given);
    if (context.json) return context.printJson(ticket.evidence);
    const attempts = await context.api.list<Attempt>(`/tickets/${ticket.key}/attempts`);
    printEvidence(context, ticket, attempts.items);
    if (ticket.evidence.length === 0) context.note(context.style.dim('Nothing has been handed in yet.'));
  });

  const output = evidence
    .command('output')
    .description('print what a check printed when Mission Control ran it')
    .argument('<key>', 'the ticket')
    .argument('[which]', WHICH);
  runs(output, io, async (context, _options, given, which) => {
    const ticket = await readTicket(context, given);
    const found = newest(ticket, which, (each) => each.details.outputUrl !== undefined);
    await printOutput(context, found);
  });

  const download = evidence
    .command('download')
    .description('save an artifact; Mission Control never opens what a worker made')
    .argument('<key>', 'the ticket')
    .argument('[name]', 'of the artifact; else the newest')
    .option('-o, --out <file>', 'where to; else its name, in this folder; - is standard output');
  runs<{ out?: string }>(download, io, async (context, options, given, name) => {
    const ticket = await readTicket(context, given);
    const found = newest(ticket, name, (each) => each.details.contentUrl !== undefined);
    const content = await context.api.download(`/evidence/${found.id}/content`);
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (sha256 !== found.claim['sha256'])
      throw new UsageError(
        `What arrived of ${nameOf(found)} is not what was handed in.`,
        'download it again.',
      );
    if (options.out === '-') return void process.stdout.write(content);
    // The name is a worker's: it must not lead out of this folder, nor over a file that is there.
    const file = options.out ?? basename(nameOf(found));
    try {
      writeFileSync(file, content, { flag: options.out === undefined ? 'wx' : 'w' });
    } catch (error) {
      throw new UsageError(
        error instanceof Error ? error.message : String(error),
        'name another file: --out FILE',
      );
    }
    context.result(found, () => context.print(text`${file}: ${content.length} bytes, SHA-256 ${sha256}`));
  });

  const verify = evidence
    .command('verify')
    .description('have Mission Control verify a piece of evidence again')
    .argument('<key>', 'the ticket')
    .argument('[which]', WHICH);
  runs(verify, io, async (context, _options, given, which) => {
    const ticket = await readTicket(context, given);
    const found = newest(ticket, which, () => true);
    const again = await context.api.post<Evidence>(`/evidence/${found.id}/verify`);
    context.result(again, () => {
      context.print(text`${context.style.bold(ticket.key)} ${again.kind} ${context.word(again.state)}`);
      context.note(context.style.dim(`mctl evidence list ${ticket.key} shows what came of it.`));
    });
  });
}

function readTicket(context: Context, given: string | undefined): Promise<Ticket> {
  return context.api.get<Ticket>(`/tickets/${ticketKey(given)}`);
}

function newest(ticket: Ticket, which: string | undefined, fits: (evidence: Evidence) => boolean): Evidence {
  const names = (each: Evidence): string[] => [each.kind, each.id, nameOf(each)];
  const found = ticket.evidence
    .filter(fits)
    .findLast((each) => which === undefined || names(each).includes(which));
  if (found !== undefined) return found;
  const all = [...new Set(ticket.evidence.filter(fits).map((each) => nameOf(each)))];
  throw new UsageError(
    which === undefined
      ? `${ticket.key} has no such evidence.`
      : `${ticket.key} has no such evidence: "${which}".`,
    all.length === 0 ? `its turn: ${ticket.nextAction.text}` : `it has ${all.join(', ')}.`,
  );
}

async function printOutput(context: Context, evidence: Evidence): Promise<void> {
  let after: number | undefined;
  for (;;) {
    const output = await context.api.get<Output>(`/evidence/${evidence.id}/output`, { query: { after } });
    if (context.json) return context.printJson(output);
    for (const item of output.items) context.io.out(block(item.text).text);
    if (output.items.length === 0 || output.nextAfter === after) break;
    after = output.nextAfter;
  }
  const { exitCode } = evidence.details;
  context.note(
    text`${context.word(evidence.state)} ${exitCode === undefined || exitCode === null ? '' : `exit code ${exitCode}`}`,
  );
}
