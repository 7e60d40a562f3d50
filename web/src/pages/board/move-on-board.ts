/** A move on the board is shown at once; the lists are read again when the server has answered, either way. */
import type { Page, Ticket } from '../../../../src/contract/shapes.ts';
import type { TicketStatus } from '../../../../src/domain/words.ts';
import { keys, type TicketFilter } from '../../api/keys.ts';
import type { TicketPages } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { moveTicket, type PersonTransition } from '../../api/transitions.ts';
import { matchesFilter } from '../../parts/filter-tickets.ts';

function showMoved(ticket: Ticket, to: TicketStatus): void {
  const moved: Ticket = {
    ...ticket,
    status: to,
    statusSince: new Date().toISOString(),
    allowedTransitions: [],
  };
  for (const [queryKey, data] of queryClient.getQueriesData<TicketPages | Page<Ticket>>({
    queryKey: keys.allTickets,
  })) {
    if (!data || !('pages' in data)) continue;
    const filter = queryKey[1] as TicketFilter;
    const pages = data.pages.map((page) => ({
      ...page,
      items: page.items.filter((t) => t.key !== ticket.key),
    }));
    const first = pages[0];
    if (first && matchesFilter(moved, filter)) pages[0] = { ...first, items: [moved, ...first.items] };
    queryClient.setQueryData(queryKey, { ...data, pages });
  }
}

export async function moveOnBoard(
  ticket: Ticket,
  transition: PersonTransition,
  to: TicketStatus,
): Promise<Ticket> {
  await queryClient.cancelQueries({ queryKey: keys.allTickets });
  showMoved(ticket, to);
  try {
    return await moveTicket(ticket, { transition });
  } catch (error) {
    void queryClient.invalidateQueries({ queryKey: keys.allTickets });
    void queryClient.invalidateQueries({ queryKey: keys.ticket(ticket.key) });
    throw error;
  }
}
