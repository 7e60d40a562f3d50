/**
 * A ticket on the board. The card is a link that can also be lifted: with the mouse, a held finger, or the space bar.
 * Whoever cannot drag has the same moves behind `S`. `X`, Shift and a click, or its box choose it for an action on many.
 */
import { CircleHelp, MoveRight } from 'lucide-react';
import { memo, type MouseEvent } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { inZone } from '../../format/time.ts';
import { workerName } from '../../format/worker-name.ts';
import { openDialog } from '../../shell/dialogs.ts';
import { areKeysOn } from '../../shell/preferences.ts';
import { selection, useIsChosen } from '../../shell/selection.ts';
import { Badge } from '../../ui/badge.tsx';
import { cx } from '../../ui/cx.ts';
import { EvidenceBadges } from '../../ui/evidence-badge.tsx';
import { PriorityIcon, StatusIcon } from '../../ui/status-icon.tsx';
import { Age } from '../../ui/time.tsx';
import { useDragKit } from './drag-kit.ts';
import type { Grouping } from './view.ts';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

/** Lifting a ticket makes every card look whether it is the one: what it shows is drawn only when the ticket changes. */
export const CardFace = memo(function CardFace({
  ticket,
  grouping = 'status',
}: {
  ticket: Ticket;
  grouping?: Grouping;
}) {
  const who = ticket.attempt ? workerName(ticket) : ticket.assignee;
  const open = ticket.questions.filter((q) => q.state === 'open');
  return (
    <>
      <span className="text-faint flex items-center gap-1.5 text-xs">
        {grouping !== 'status' && <StatusIcon status={ticket.status} runtime={ticket.runtime} size={14} />}
        {grouping !== 'priority' && <PriorityIcon priority={ticket.priority} size={14} />}
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
          {revealHidden(inZone(ticket.whyNotRunning.detail))}
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
});

export const CARD = 'card bg-surface block w-full p-2.5 text-left select-none';

/** What a click on a ticket of a list means when keys are held: choosing, not opening. @returns true when it did */
export function chooseByClick(event: MouseEvent, ticket: Ticket, among: readonly Ticket[]): boolean {
  if (!event.shiftKey) return false;
  event.preventDefault();
  // The browser marks text from the last click to here.
  getSelection()?.removeAllRanges();
  selection.extend(among, ticket);
  return true;
}

/** @returns true when the key was for choosing */
export function chooseByKey(
  event: { key: string; metaKey: boolean; ctrlKey: boolean; shiftKey: boolean },
  ticket: Ticket,
  among: readonly Ticket[],
): boolean {
  if (event.key.toLowerCase() !== 'x' || event.metaKey || event.ctrlKey || !areKeysOn()) return false;
  if (event.shiftKey) selection.extend(among, ticket);
  else selection.toggle(ticket);
  return true;
}

const CardTools = memo(function CardTools({ ticket, isChosen }: { ticket: Ticket; isChosen: boolean }) {
  return (
    <div
      className={cx(
        'bg-raised border-line-strong absolute top-1 right-1 flex items-center rounded border transition-opacity pointer-coarse:top-auto pointer-coarse:right-0 pointer-coarse:bottom-0 pointer-coarse:border-0 pointer-coarse:bg-transparent pointer-coarse:opacity-100',
        isChosen ? 'opacity-100' : 'opacity-0 group-focus-within:opacity-100 group-hover:opacity-100',
      )}
    >
      <label className="grid size-6 place-items-center pointer-coarse:size-11">
        <input
          type="checkbox"
          className="size-3.5 pointer-coarse:size-5"
          aria-label={`Choose ${ticket.key}`}
          checked={isChosen}
          onChange={() => selection.toggle(ticket)}
        />
      </label>
      <button
        type="button"
        aria-label={`Move ${ticket.key} …`}
        title="Move … (S)"
        aria-haspopup="dialog"
        onClick={() => openDialog({ name: 'pick', what: 'status', tickets: [ticket.key] })}
        className="text-muted hover:text-text grid size-6 place-items-center pointer-coarse:size-11"
      >
        <MoveRight size={13} aria-hidden />
      </button>
    </div>
  );
});

export const TicketCard = memo(function TicketCard({
  ticket,
  among,
  grouping,
  blocked,
}: {
  ticket: Ticket;
  /** The list that it stands in. */
  among: Ticket[];
  grouping: Grouping;
  blocked: string | null;
}) {
  const { useLift } = useDragKit();
  const { setNodeRef, listeners, attributes, isDragging } = useLift(ticket, blocked !== null);
  const lift = listeners?.['onKeyDown'] as ((event: unknown) => void) | undefined;
  const isChosen = useIsChosen(ticket.key);
  return (
    <div data-row data-ticket={ticket.key} className={cx('group relative', isDragging && 'opacity-40')}>
      <Link
        ref={setNodeRef}
        {...listeners}
        to={ticketPath(ticket.key)}
        draggable={false}
        aria-roledescription={lift && !blocked ? 'ticket that can be moved' : undefined}
        aria-describedby={attributes?.['aria-describedby']}
        onClick={(event) => chooseByClick(event, ticket, among)}
        onKeyDown={(event) => {
          if (!chooseByKey(event, ticket, among)) lift?.(event);
        }}
        className={cx(
          CARD,
          'hover:border-line-strong touch-manipulation pointer-coarse:min-h-22 pointer-coarse:pb-9 [-webkit-touch-callout:none]',
          isChosen && 'border-accent! bg-accent-soft!',
        )}
      >
        <CardFace ticket={ticket} grouping={grouping} />
      </Link>
      <CardTools ticket={ticket} isChosen={isChosen} />
    </div>
  );
});
