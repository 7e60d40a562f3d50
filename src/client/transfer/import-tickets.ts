/**
 * Makes tickets of what was read from elsewhere, through the API like anyone else. What has been imported before is left
 * alone: each ticket keeps where it comes from as the last line of its description.
 */
import type { CreateTicket } from '../../contract/requests.ts';
import type { Page, Ticket } from '../../contract/shapes.ts';
import type { ImportedTicket } from './read-import.ts';

/** The part of a client that this needs; `ApiProblem`s are thrown. */
export interface TicketApi {
  get<T>(path: string, options: { query: Record<string, string | number | undefined> }): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
}

export interface ImportResult {
  made: { source: string; ticket: Ticket }[];
  /** Imported before. */
  known: { source: string; key: string }[];
  refused: { source: string; title: string; why: string }[];
}

const MARK = 'Imported: ';
/** The last line, and no other: what a stranger wrote may look the same. */
const SOURCE = /(?:^|\n)Imported: ([^\n]+)\s*$/;

export async function importTickets(
  api: TicketApi,
  tickets: readonly ImportedTicket[],
  options: { project: string; status: 'backlog' | 'todo'; onProgress?: (done: number) => void },
): Promise<ImportResult> {
  const result: ImportResult = { made: [], known: [], refused: [] };
  const keys = await knownSources(api, options.project);
  for (const [done, imported] of inOrder(tickets).entries()) {
    const before = keys.get(imported.source);
    if (before !== undefined) result.known.push({ source: imported.source, key: before });
    else {
      try {
        const ticket = await api.post<Ticket>('/tickets', requestOf(imported, keys, options));
        keys.set(imported.source, ticket.key);
        result.made.push({ source: imported.source, ticket });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        result.refused.push({ source: imported.source, title: imported.title, why });
      }
    }
    options.onProgress?.(done + 1);
  }
  return result;
}

/** Keys of tickets by what they were imported from. */
async function knownSources(api: TicketApi, project: string): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await api.get<Page<Ticket>>('/tickets', { query: { project, limit: 200, cursor } });
    for (const { key, description } of page.items) {
      const source = SOURCE.exec(description)?.[1];
      if (source !== undefined) keys.set(source.trim(), key);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return keys;
}

function requestOf(
  imported: ImportedTicket,
  keys: ReadonlyMap<string, string>,
  { project, status }: { project: string; status: 'backlog' | 'todo' },
): CreateTicket {
  const { source, title, description, priority, labels, acceptanceCriteria, blockedBy } = imported;
  return {
    project,
    status,
    title,
    description: `${description}${description === '' ? '' : '\n\n'}${MARK}${oneLine(source)}`,
    ...(priority === null ? {} : { priority: priority as 0 | 1 | 2 | 3 | 4 }),
    labels: [...new Set(labels)],
    acceptanceCriteria,
    // A blocker that is not among them is finished, or not ours.
    blockedBy: blockedBy.map((of) => keys.get(of)).filter((key): key is string => key !== undefined),
  };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Blockers first, so that tickets can name them; where they go in a circle, as they came. */
function inOrder(tickets: readonly ImportedTicket[]): ImportedTicket[] {
  const bySource = new Map(tickets.map((ticket) => [ticket.source, ticket]));
  const ordered = new Set<ImportedTicket>();
  const visiting = new Set<ImportedTicket>();
  const visit = (ticket: ImportedTicket): void => {
    if (ordered.has(ticket) || visiting.has(ticket)) return;
    visiting.add(ticket);
    for (const source of ticket.blockedBy) {
      const blocker = bySource.get(source);
      if (blocker) visit(blocker);
    }
    ordered.add(ticket);
  };
  for (const ticket of tickets) visit(ticket);
  return [...ordered];
}
