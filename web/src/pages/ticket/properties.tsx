/** What is set on the ticket, beside the text on a desk and under it on a phone. */
import { readBoardSearch } from '../board/view.ts';
import { useNow } from '../../api/hooks.ts';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { ticketQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import {
  EVIDENCE_WORDS,
  LANDING_WORDS,
  ON_ACCEPT_WORDS,
  PRIORITY_WORDS,
  STATUS_WORDS,
} from '../../format/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { PriorityIcon, StatusIcon } from '../../ui/status-icon.tsx';
import { Ago } from '../../ui/time.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

export function Properties({ ticket }: { ticket: Ticket }) {
  const now = useNow();
  return (
    <aside aria-label="Properties" className="min-w-0 lg:order-none">
      <dl className="space-y-3.5 lg:sticky lg:top-16">
        <Property name="Priority">
          <PriorityIcon priority={ticket.priority} size={14} /> {PRIORITY_WORDS[ticket.priority]}
        </Property>
        <Property name="Project">{ticket.project}</Property>
        <Property name="Profile">
          {ticket.profile ? revealHidden(ticket.profile) : 'The project’s default'}
        </Property>
        <Property name="Assignee">{ticket.assignee ? revealHidden(ticket.assignee) : 'Nobody'}</Property>
        {ticket.campaign && <Property name="Campaign">{revealHidden(ticket.campaign)}</Property>}
        {ticket.labels.length > 0 && (
          <Property name="Labels">
            {ticket.labels.map((label) => (
              <Link
                key={label}
                to="/board"
                search={readBoardSearch({ label })}
                className="tap inline-flex items-center"
              >
                <Badge>{revealHidden(label)}</Badge>
              </Link>
            ))}
          </Property>
        )}
        {ticket.blockedBy.length > 0 && (
          <Property name="Blocked by">
            <ul className="w-full space-y-1">
              {ticket.blockedBy.map((key) => (
                <Blocker key={key} ticketKey={key} />
              ))}
            </ul>
          </Property>
        )}
        <Property name="Done needs">
          {ticket.completion.requires.length === 0
            ? 'A decision only'
            : ticket.completion.requires.map((kind) => EVIDENCE_WORDS[kind].toLowerCase()).join(', ')}
          <span className="text-muted w-full text-xs">
            decided by{' '}
            {ticket.completion.decidedBy === 'human' ? 'a person' : `the ${ticket.completion.decidedBy}`},
            then {ON_ACCEPT_WORDS[ticket.completion.onAccept].toLowerCase()}
          </span>
        </Property>
        {ticket.landing && <Property name="Landing">{LANDING_WORDS[ticket.landing.state]}</Property>}
        {ticket.budget && (
          <Property name="Budget">
            {[
              ticket.budget.usd && `$${ticket.budget.usd}`,
              ticket.budget.tokens && `${ticket.budget.tokens.toLocaleString()} tokens`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </Property>
        )}
        {/* A moment that has passed holds nothing back. */}
        {ticket.notBefore && Date.parse(ticket.notBefore) > now && (
          <Property name="Not before">
            <Ago at={ticket.notBefore} />
          </Property>
        )}
        <Property name="Created">
          <span>
            <Ago at={ticket.createdAt} /> by {revealHidden(ticket.createdBy)}
          </span>
        </Property>
        <Property name="Version">
          <span className="num">{ticket.version}</span>
        </Property>
      </dl>
    </aside>
  );
}

function Property({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[5.5rem_minmax(0,1fr)] gap-2">
      <dt className="text-faint text-xs leading-5">{name}</dt>
      <dd className="flex min-w-0 flex-wrap items-center gap-x-1.5 gap-y-1 text-sm break-words">
        {children}
      </dd>
    </div>
  );
}

function Blocker({ ticketKey }: { ticketKey: string }) {
  const blocker = useQuery(ticketQuery(ticketKey)).data;
  return (
    <li>
      <Link
        to={ticketPath(ticketKey)}
        title={blocker ? STATUS_WORDS[blocker.status] : undefined}
        className="tap flex items-center gap-1.5 hover:underline"
      >
        {blocker && <StatusIcon status={blocker.status} size={14} />}
        <span className="num text-faint text-xs">{ticketKey}</span>
        <span className="truncate">{blocker ? revealHidden(blocker.title) : ''}</span>
      </Link>
    </li>
  );
}
