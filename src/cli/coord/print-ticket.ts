/** The ticket as a worker reads it: Markdown, in the order in which it matters. */
import type { TicketForWorker } from '../../contract/runner-protocol.ts';

export function printTicket(ticket: TicketForWorker): string {
  const parts = [
    `# ${ticket.key}: ${ticket.title}`,
    `Status ${ticket.status}; you are attempt ${ticket.attempt}.`,
  ];
  if (ticket.description.trim() !== '') parts.push(ticket.description.trim());
  section(
    parts,
    'Acceptance criteria',
    ticket.acceptanceCriteria.map((text) => `- ${text}`),
  );
  section(
    parts,
    'Feedback on earlier work',
    ticket.feedback.map((text) => `- ${text}`),
  );
  section(
    parts,
    'Answers to your questions',
    ticket.answers.map(({ question, answer }) => `- ${question}\n  Answer: ${answer}`),
  );
  section(
    parts,
    'Earlier attempts',
    ticket.earlierAttempts.map(
      ({ number, outcome, reason }) =>
        `- attempt ${number}: ${outcome ?? 'open'}${reason ? ` (${reason})` : ''}`,
    ),
  );
  section(
    parts,
    'Checks that Mission Control will run on your commit',
    ticket.checks.map((name) => `- ${name}`),
  );
  return `${printable(parts.join('\n\n'))}\n`;
}

function section(parts: string[], title: string, lines: string[]): void {
  if (lines.length > 0) parts.push(`## ${title}\n${lines.join('\n')}`);
}

/** Text of others on a terminal: without escape sequences and control characters, but for tabs and line ends. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
}
