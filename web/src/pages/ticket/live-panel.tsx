/** What is happening now: "Luci is working…", with the last word of progress and the output as it comes. */
import { lazy, Suspense, useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { workerName } from '../../format/worker-name.ts';
import { ProgressBar } from '../../parts/live-line.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago, Elapsed } from '../../ui/time.tsx';
import { attemptPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

const AttemptOutput = lazy(() => import('../../output/attempt-output.tsx'));

function headline(ticket: Ticket): string {
  const who = revealHidden(workerName(ticket) ?? 'The worker');
  switch (ticket.attempt?.state) {
    case 'running':
      return ticket.runtime === 'stalled' ? `${who} has gone quiet…` : `${who} is working…`;
    case 'offered':
      return `${who} is starting…`;
    case 'stopping':
      return `${who} is stopping…`;
    case 'parked':
      return `${who} is waiting for an answer`;
    case 'ended':
      return `${who} has finished`;
    case undefined:
      return 'Nobody has worked on this yet';
  }
}

export function LivePanel({ ticket }: { ticket: Ticket }) {
  const attempt = ticket.attempt;
  const isLive = attempt !== null && attempt.state !== 'ended' && attempt.state !== 'parked';
  const [shows, setShows] = useState(isLive);
  const progress = attempt?.lastProgress;
  const isClosed = ticket.status === 'done' || ticket.status === 'cancelled';
  return (
    <Section
      title={
        <span className="flex items-center gap-2">
          <span
            aria-hidden
            className={cx(
              'size-2 rounded-full',
              isLive ? 'bg-accent animate-pulse-soft' : 'border-line-strong border',
            )}
          />
          Live
        </span>
      }
      actions={
        attempt && (
          <>
            <Button size="small" tone="ghost" aria-expanded={shows} onClick={() => setShows(!shows)}>
              {shows ? 'Hide output' : 'Show output'}
            </Button>
            <Link
              to={attemptPath(attempt.id)}
              className="tap text-muted hover:text-text inline-flex items-center justify-center rounded px-2 text-xs hover:underline"
            >
              Open attempt {attempt.number}
            </Link>
          </>
        )
      }
    >
      <div className="card overflow-hidden">
        <div className="flex flex-wrap items-baseline gap-x-2 px-3.5 py-2.5" role="status">
          <span className="text-sm font-medium">{headline(ticket)}</span>
          <span className="text-muted min-w-48 flex-1 text-sm sm:truncate">
            {progress ? (
              <>
                {revealHidden(progress.text)}{' '}
                <span className="text-faint">
                  · <Ago at={progress.at} />
                </span>
              </>
            ) : isClosed ? null : (
              'No activity yet'
            )}
          </span>
          {isLive && attempt.startedAt && (
            <span className="text-muted text-xs">
              <Elapsed since={attempt.startedAt} />
            </span>
          )}
          {progress?.percent != null && isLive && (
            <div className="w-full">
              <ProgressBar percent={progress.percent} label="Progress" />
            </div>
          )}
        </div>
        {shows && attempt && (
          <Suspense fallback={<Skeleton lines={3} />}>
            <AttemptOutput
              key={attempt.id}
              attempt={attempt.id}
              name={`${ticket.key}-attempt-${attempt.number}`}
              className="h-72 rounded-none! border-x-0! border-b-0!"
              quiet="No activity yet"
            />
          </Suspense>
        )}
      </div>
    </Section>
  );
}
