/**
 * The states as shapes: each can be told from the others without colour. A dashed ring waits outside the queue, an
 * empty ring is queued, a half is being worked on, a speech bubble asks, three quarters are in review, a check is done.
 */
import type { Runtime, TicketStatus } from '../../../src/domain/words.ts';
import { STATUS_WORDS } from '../format/words.ts';
import { cx } from './cx.ts';

const COLOURS: Record<TicketStatus, string> = {
  backlog: 'text-faint',
  todo: 'text-muted',
  in_progress: 'text-accent',
  needs_input: 'text-amber',
  in_review: 'text-violet',
  done: 'text-green',
  cancelled: 'text-faint',
};

const RING = { cx: 8, cy: 8, r: 6, fill: 'none', stroke: 'currentColor', strokeWidth: 1.6 };

function Shape({ status }: { status: TicketStatus }) {
  switch (status) {
    case 'backlog':
      return <circle {...RING} strokeDasharray="2.1 2.1" />;
    case 'todo':
      return <circle {...RING} />;
    case 'in_progress':
      return (
        <>
          <circle {...RING} />
          <path d="M8 4.2a3.8 3.8 0 0 1 0 7.6z" fill="currentColor" />
        </>
      );
    case 'needs_input':
      return (
        <path
          d="M3.6 1.8h8.8c1 0 1.8.8 1.8 1.8v5.6c0 1-.8 1.8-1.8 1.8H8.3l-3.2 3v-3H3.6c-1 0-1.8-.8-1.8-1.8V3.6c0-1 .8-1.8 1.8-1.8zM7.2 3.6h1.6v3.5H7.2zm0 4.4h1.6v1.5H7.2z"
          fill="currentColor"
          fillRule="evenodd"
        />
      );
    case 'in_review':
      return (
        <>
          <circle {...RING} />
          <path d="M8 8V4.2A3.8 3.8 0 1 1 4.2 8z" fill="currentColor" />
        </>
      );
    case 'done':
      return (
        <path
          d="M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zm3.5 4.3-1.1-1L7 8.6 5.5 7.1l-1 1L7 10.7z"
          fill="currentColor"
          fillRule="evenodd"
        />
      );
    case 'cancelled':
      return (
        <path
          d="M8 1.2a6.8 6.8 0 1 1 0 13.6A6.8 6.8 0 0 1 8 1.2zM5.9 4.9l-1 1L7 8l-2.1 2.1 1 1L8 9l2.1 2.1 1-1L9 8l2.1-2.1-1-1L8 7z"
          fill="currentColor"
          fillRule="evenodd"
        />
      );
  }
}

export function StatusIcon({
  status,
  runtime,
  size = 16,
  labelled = true,
}: {
  status: TicketStatus;
  runtime?: Runtime;
  size?: number;
  labelled?: boolean;
}) {
  const alive = status === 'in_progress' && runtime === 'running';
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      className={cx('shrink-0', COLOURS[status], alive && 'animate-turn')}
      {...(labelled ? { role: 'img', 'aria-label': STATUS_WORDS[status] } : { 'aria-hidden': true })}
    >
      <Shape status={status} />
    </svg>
  );
}

/** Bars that grow with urgency; the most urgent is a filled square with a mark. */
export function PriorityIcon({ priority, size = 16 }: { priority: number; size?: number }) {
  const label = `Priority ${priority}`;
  if (priority === 0)
    return (
      <svg
        viewBox="0 0 16 16"
        width={size}
        height={size}
        role="img"
        aria-label={label}
        className="text-amber shrink-0"
      >
        <path
          d="M4 1.5h8A2.5 2.5 0 0 1 14.500 4v8a2.5 2.5 0 0 1-2.500 2.500H4A2.5 2.5 0 0 1 1.500 12V4A2.5 2.5 0 0 1 4 1.500zM7.100 4v5h1.800V4zm0 6.300V12h1.800v-1.700z"
          fill="currentColor"
          fillRule="evenodd"
        />
      </svg>
    );
  const filled = 4 - priority;
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      role="img"
      aria-label={label}
      className="text-muted shrink-0"
    >
      {[0, 1, 2].map((bar) => (
        <rect
          key={bar}
          x={2 + bar * 4.5}
          y={9.5 - bar * 3.5}
          width="3"
          height={4.5 + bar * 3.5}
          rx="1"
          fill="currentColor"
          opacity={bar < filled ? 1 : 0.28}
        />
      ))}
    </svg>
  );
}
