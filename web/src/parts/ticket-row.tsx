/** A ticket as one dense line: what it is, whose turn it is, and one line of the page's own. */
import type { ReactNode } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { StatusIcon } from '../ui/status-icon.tsx';
import { Age } from '../ui/time.tsx';
import { ticketPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';

export function TicketRow({
  ticket,
  children,
  aside,
}: {
  ticket: Ticket;
  children?: ReactNode;
  aside?: ReactNode;
}) {
  return (
    <li
      data-row
      data-ticket={ticket.key}
      className="hover:bg-hover relative flex items-start gap-2.5 px-3 py-2 first:rounded-t-lg last:rounded-b-lg"
    >
      <span className="mt-0.75">
        <StatusIcon status={ticket.status} runtime={ticket.runtime} />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <Link
            to={ticketPath(ticket.key)}
            className="min-w-0 truncate text-sm font-medium outline-offset-4 after:absolute after:inset-0"
          >
            {revealHidden(ticket.title)}
          </Link>
          <span className="num text-faint ml-auto shrink-0 text-xs">{ticket.key}</span>
        </div>
        {children}
      </div>
      {aside ?? (
        <Age
          since={ticket.statusSince}
          className="text-faint mt-px w-9 shrink-0 text-right text-xs leading-5"
        />
      )}
    </li>
  );
}

export function Rows({ children, label }: { children: ReactNode; label: string }) {
  return (
    <ul className="card divide-line divide-y" aria-label={label}>
      {children}
    </ul>
  );
}
