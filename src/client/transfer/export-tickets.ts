/** Tickets as a file for people and other programs: JSON that `readImport` takes again, or CSV for a spreadsheet. Pure. */
import type { Ticket } from '../../contract/shapes.ts';
import { toCsv } from './csv.ts';

/** What says of a JSON file that it is one of ours. */
export const EXPORT_FORMAT = 'mission-control-tickets';

/** @param at when it was exported, RFC 3339 */
export function ticketsToJson(tickets: readonly Ticket[], at: string): string {
  return `${JSON.stringify({ format: EXPORT_FORMAT, version: 1, exportedAt: at, tickets }, null, 2)}\n`;
}

const COLUMNS: [name: string, value: (ticket: Ticket) => string | number | null | undefined][] = [
  ['Key', (t) => t.key],
  ['Title', (t) => t.title],
  ['Status', (t) => t.status],
  ['Priority', (t) => t.priority],
  ['Project', (t) => t.project],
  ['Assignee', (t) => t.assignee],
  ['Campaign', (t) => t.campaign],
  ['Profile', (t) => t.profile],
  ['Labels', (t) => t.labels.join(', ')],
  ['Blocked by', (t) => t.blockedBy.join(', ')],
  ['Next action', (t) => t.nextAction.text],
  ['Runtime', (t) => t.runtime],
  ['Attempt', (t) => t.attempt?.number],
  ['Evidence', (t) => t.evidence.map((e) => `${e.kind} ${e.state}`).join(', ')],
  ['Why not running', (t) => t.whyNotRunning?.code],
  ['Created', (t) => t.createdAt],
  ['Updated', (t) => t.updatedAt],
  ['Acceptance criteria', (t) => t.acceptanceCriteria.join('\n')],
  ['Description', (t) => t.description],
];

export function ticketsToCsv(tickets: readonly Ticket[]): string {
  return toCsv(
    COLUMNS.map(([name]) => name),
    tickets.map((ticket) => COLUMNS.map(([, value]) => String(value(ticket) ?? ''))),
  );
}
