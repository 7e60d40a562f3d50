/**
 * A ticket on the board. The card is a link that can also be lifted: with the mouse, a held finger, or the space bar.
 * Whoever cannot drag has the same moves in a menu (`S`).
 */
import { Link } from '@tanstack/react-router';
import { CircleHelp, MoveRight } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { PersonTransition } from '../../api/transitions.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { workerName } from '../../format/worker-name.ts';
import { areKeysOn } from '../../shell/preferences.ts';
import { Badge } from '../../ui/badge.tsx';
import { cx } from '../../ui/cx.ts';
import { EvidenceBadges } from '../../ui/evidence-badge.tsx';
import { PriorityIcon } from '../../ui/status-icon.tsx';
import { Age } from '../../ui/time.tsx';
import { useDragKit } from './drag-kit.ts';

export function CardFace({ ticket }: { ticket: Ticket }) {
  const who = ticket.attempt ? workerName(ticket) : ticket.assignee;
  const open = ticket.questions.filter((q) => q.state === 'open');
  return (
    <>
      <span className="text-faint flex items-center gap-1.5 text-xs">
        <PriorityIcon priority={ticket.priority} size={14} />
        <span className="num">{ticket.key}</span>
        {ticket.runtime !== 'idle' && ticket.runtime !== 'closed' && ticket.runtime !== 'queued' && (
          <span
            className={cx(
              'flex items-center gap-1',
              ticket.runtime === 'stalled' ? 'text-amber' : 'text-accent',
            )}
          >
            {ticket.runtime === 'running' && (
              <span className="animate-pulse-soft size-1.5 rounded-full bg-current" aria-hidden />
            )}
            {ticket.runtime}
          </span>
        )}
        <Age since={ticket.statusSince} className="ml-auto" />
      </span>
      <span className="mt-1 line-clamp-3 text-sm leading-snug font-medium">{revealHidden(ticket.title)}</span>
      {open[0] && (
        <span className="text-amber mt-1 flex gap-1 text-xs">
          <CircleHelp size={13} className="mt-0.5 shrink-0" aria-hidden />
          <span className="line-clamp-2">{revealHidden(open[0].text)}</span>
        </span>
      )}
      {ticket.status === 'in_progress' && ticket.attempt?.lastProgress && (
        <span className="text-muted mt-1 line-clamp-1 text-xs">
          {revealHidden(ticket.attempt.lastProgress.text)}
        </span>
      )}
      {ticket.status === 'todo' && ticket.whyNotRunning && (
        <span className="text-muted mt-1 line-clamp-2 text-xs" title={ticket.whyNotRunning.code}>
          {revealHidden(ticket.whyNotRunning.detail)}
        </span>
      )}
      {(ticket.status === 'in_review' || ticket.status === 'done') && ticket.evidence.length > 0 && (
        <span className="mt-1.5 block">
          <EvidenceBadges evidence={ticket.evidence} limit={4} />
        </span>
      )}
      {(who ?? ticket.labels[0]) && (
        <span className="text-muted mt-1.5 flex flex-wrap items-center gap-1 text-xs">
          {who && <span className="truncate">{revealHidden(who)}</span>}
          {ticket.labels.slice(0, 3).map((label) => (
            <Badge key={label}>{revealHidden(label)}</Badge>
          ))}
        </span>
      )}
    </>
  );
}

export const CARD = 'card bg-surface block w-full p-2.5 text-left select-none';

const CardMenu = lazy(() => import('./card-menu.tsx'));

export function TicketCard({
  ticket,
  blocked,
  onMove,
}: {
  ticket: Ticket;
  blocked: string | null;
  onMove: (ticket: Ticket, transition: PersonTransition) => void;
}) {
  // null until it is first asked for: the menu comes with the first use.
  const [menu, setMenu] = useState<boolean | null>(null);
  const { useLift } = useDragKit();
  const { setNodeRef, listeners, attributes, isDragging } = useLift(ticket, blocked !== null);
  const lift = listeners?.['onKeyDown'] as ((event: unknown) => void) | undefined;
  const trigger = (
    <button
      type="button"
      aria-label={`Move ${ticket.key} …`}
      title="Move … (S)"
      aria-haspopup="menu"
      onClick={menu === null ? () => setMenu(true) : undefined}
      className="border-line-strong bg-raised text-muted hover:text-text grid size-6 place-items-center rounded border"
    >
      <MoveRight size={13} aria-hidden />
    </button>
  );
  return (
    <div data-row className={cx('group relative', isDragging && 'opacity-40')}>
      <Link
        ref={setNodeRef}
        {...listeners}
        to="/tickets/$key"
        params={{ key: ticket.key }}
        draggable={false}
        aria-roledescription={lift && !blocked ? 'ticket that can be moved' : undefined}
        aria-describedby={attributes?.['aria-describedby']}
        onKeyDown={(event) => {
          if (event.key === 's' && !event.metaKey && !event.ctrlKey && areKeysOn()) setMenu(true);
          else lift?.(event);
        }}
        className={cx(CARD, 'hover:border-line-strong touch-manipulation [-webkit-touch-callout:none]')}
      >
        <CardFace ticket={ticket} />
      </Link>
      <div
        className={cx(
          'absolute top-1 right-1 opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100',
          menu && 'opacity-100',
        )}
      >
        {menu === null ? (
          trigger
        ) : (
          <Suspense fallback={trigger}>
            <CardMenu
              ticket={ticket}
              blocked={blocked}
              trigger={trigger}
              open={menu}
              onOpenChange={setMenu}
              onMove={onMove}
            />
          </Suspense>
        )}
      </div>
    </div>
  );
}
