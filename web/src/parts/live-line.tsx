/** What a worker is doing now: its last word of progress, and for how long it has been running. */
import type { Ticket } from '../../../src/contract/shapes.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { workerName } from '../format/worker-name.ts';
import { Elapsed } from '../ui/time.tsx';

export function LiveLine({ ticket }: { ticket: Ticket }) {
  const progress = ticket.attempt?.lastProgress;
  return (
    <div className="mt-0.5">
      <p className="text-muted flex gap-2 text-xs">
        <span className="min-w-0 flex-1 truncate">
          <span className="text-text">{revealHidden(workerName(ticket) ?? 'A worker')}</span>{' '}
          {progress ? revealHidden(progress.text) : ticket.nextAction.text}
        </span>
        {ticket.attempt?.startedAt && <Elapsed since={ticket.attempt.startedAt} />}
      </p>
      {progress?.percent != null && (
        <ProgressBar percent={progress.percent} label={`Progress of ${ticket.key}`} />
      )}
    </div>
  );
}

export function ProgressBar({ percent, label }: { percent: number; label: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(percent)}
      aria-valuemin={0}
      aria-valuemax={100}
      className="bg-hover mt-1.5 h-1 overflow-hidden rounded-full"
    >
      <div className="bg-accent h-full rounded-full transition-[width]" style={{ width: `${percent}%` }} />
    </div>
  );
}
