/** Tickets as a file: all that the filter finds, also what no page has loaded. */
import { Download } from 'lucide-react';
import { useState } from 'react';
import { ticketsToCsv, ticketsToJson } from '../../../src/client/transfer/export-tickets.ts';
import type { Page, Ticket } from '../../../src/contract/shapes.ts';
import { api } from '../api/client.ts';
import type { TicketFilter } from '../api/keys.ts';
import { useBlocked } from '../shell/session-context.ts';
import { Button } from '../ui/button.tsx';
import { showProblem } from '../ui/problem.tsx';
import { toast } from '../ui/toast.ts';
import { offerFile } from './offer-file.ts';

type Format = 'json' | 'csv';

export function ExportButtons({ filter, name }: { filter: TicketFilter; name: string }) {
  const blocked = useBlocked();
  const [busy, setBusy] = useState<Format | null>(null);
  const save = async (format: Format): Promise<void> => {
    setBusy(format);
    try {
      const tickets = await allTickets(filter);
      const now = new Date().toISOString();
      const text = format === 'csv' ? ticketsToCsv(tickets) : ticketsToJson(tickets, now);
      offerFile(
        text,
        `${name}-${now.slice(0, 10)}.${format}`,
        format === 'csv' ? 'text/csv' : 'application/json',
      );
      toast.success(`${tickets.length.toLocaleString()} tickets are in the file`);
    } catch (error) {
      showProblem(error);
    } finally {
      setBusy(null);
    }
  };
  return (
    <div className="flex flex-wrap gap-2">
      {(['csv', 'json'] as const).map((format) => (
        <Button
          key={format}
          icon={<Download size={14} aria-hidden />}
          blocked={blocked}
          busy={busy === format}
          onClick={() => void save(format)}
        >
          Export {format.toUpperCase()}
        </Button>
      ))}
    </div>
  );
}

async function allTickets(filter: TicketFilter): Promise<Ticket[]> {
  const tickets: Ticket[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...filter, sort: 'created', limit: 200, cursor };
    const page: Page<Ticket> = await api.get('/tickets', { query });
    tickets.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return tickets;
}
