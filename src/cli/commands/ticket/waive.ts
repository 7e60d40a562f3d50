/** `mctl waive KEY KIND`: accepts that one kind of evidence is missing, in a person's name, and not for ever. */
import type { Command } from 'commander';
import type { Waiver } from '../../../contract/shapes.ts';
import { EVIDENCE_KINDS } from '../../../domain/words.ts';
import { runs, type Io } from '../../context.ts';
import { ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';
import { moment, oneOf } from '../../values.ts';

interface WaiveOptions {
  reason: string;
  expires: string;
}

export function defineWaive(parent: Command, io: Io): void {
  const command = parent
    .command('waive')
    .description('do without one kind of evidence for the present attempt; it stands on the ticket for good')
    .argument('<key>', 'the ticket, like MC-12')
    .argument('<kind>', EVIDENCE_KINDS.join(', '))
    .requiredOption('-r, --reason <text>', 'why that is all right')
    .option('--expires <when>', 'until when it counts: 7d, or 2026-12-24T18:00:00Z', '7d');
  runs<WaiveOptions>(command, io, async (context, options, given, kind) => {
    const key = ticketKey(given);
    const waiver = await context.api.post<Waiver>(`/tickets/${key}/waivers`, {
      kind: oneOf(kind, EVIDENCE_KINDS, 'The kind'),
      reason: options.reason,
      expiresAt: moment(options.expires, '--expires', io.now()),
    });
    context.result(waiver, () => {
      context.print(
        text`${context.style.bold(key)} ${waiver.kind} waived by ${waiver.by} until ${waiver.expiresAt}`,
      );
    });
  });
}
