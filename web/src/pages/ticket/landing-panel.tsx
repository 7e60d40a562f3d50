/** How accepted work gets to where it belongs: the step that it is at, what passed on the merge, and what it waits for. */
import { useMutation } from '@tanstack/react-query';
import { CheckCircle2, CircleAlert, Clock, GitMerge, ScrollText } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Landing, Ticket } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { queryClient } from '../../api/query-client.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { duration } from '../../format/time.ts';
import { LANDING_WORDS, ON_ACCEPT_WORDS } from '../../format/words.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Skeleton } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';

const OutputView = lazy(() => import('../../output/output-view.tsx'));

export function LandingPanel({ ticket, landing }: { ticket: Ticket; landing: Landing }) {
  const [shows, setShows] = useState(false);
  return (
    <Section title="Landing">
      <div className="card space-y-2 px-3.5 py-3">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm" role="status">
          <StateIcon state={landing.state} />
          <span className="font-medium">{LANDING_WORDS[landing.state]}</span>
          <span className="text-faint text-xs">
            {ON_ACCEPT_WORDS[landing.mode].toLowerCase()}, accepted <Ago at={landing.recordedAt} />
          </span>
        </p>
        {landing.reason && (
          <p className="text-muted max-h-60 overflow-y-auto text-sm whitespace-pre-wrap">
            {revealHidden(landing.reason)}
          </p>
        )}
        {landing.commit && (
          <p className="text-faint font-mono text-2xs break-all">
            {landing.state === 'landed' || landing.state === 'deploying' ? 'Landed as' : 'Commit'}{' '}
            {landing.commit}
          </p>
        )}
        {landing.deadline && (
          <p className="text-muted text-xs">
            The deploy has to be seen by <Ago at={landing.deadline} />
          </p>
        )}
        {landing.checks.length > 0 && (
          <p className="text-muted flex flex-wrap items-center gap-x-3 text-xs">
            <span>
              Passed on the merge:{' '}
              {landing.checks.map((check) => `${check.name} (${duration(check.durationMs)})`).join(', ')}
            </span>
            <Button
              size="small"
              tone="ghost"
              aria-expanded={shows}
              icon={<ScrollText size={13} aria-hidden />}
              onClick={() => setShows(!shows)}
            >
              Output
            </Button>
          </p>
        )}
        {landing.state === 'awaiting_merge' && <AwaitsMerge ticket={ticket} landing={landing} />}
        {shows && (
          <Suspense fallback={<Skeleton lines={3} />}>
            <OutputView
              path={`/tickets/${encodeURIComponent(ticket.key)}/landing/output`}
              name={landing.id}
              className="h-64"
            />
          </Suspense>
        )}
      </div>
    </Section>
  );
}

function StateIcon({ state }: { state: Landing['state'] }) {
  if (state === 'landed') return <CheckCircle2 size={15} className="text-green" aria-hidden />;
  if (state === 'ended' || state === 'withdrawn')
    return <CircleAlert size={15} className="text-amber" aria-hidden />;
  if (state === 'awaiting_merge' || state === 'deploying')
    return <Clock size={15} className="text-muted" aria-hidden />;
  return <GitMerge size={15} className="text-violet" aria-hidden />;
}

/** The merge itself is seen in the repository; that there will be none is known to people alone. */
function AwaitsMerge({ ticket, landing }: { ticket: Ticket; landing: Landing }) {
  const blocked = useBlocked();
  const [reason, setReason] = useState('');
  const close = useMutation({
    mutationFn: () =>
      api.post(
        `/tickets/${encodeURIComponent(ticket.key)}/landing/close`,
        { reason },
        { idempotencyKey: newKey() },
      ),
    onSuccess: () => {
      for (const queryKey of [keys.ticket(ticket.key), keys.allTickets, keys.allInbox])
        void queryClient.invalidateQueries({ queryKey });
    },
  });
  return (
    <form
      className="space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        close.mutate();
      }}
    >
      <p className="text-muted text-sm">
        The branch <span className="font-mono text-xs">{revealHidden(landing.branch ?? '')}</span> is pushed.
        Open the pull request where the repository lives; Mission Control sees by itself when it is merged.
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <input
          className="control min-w-48 flex-1"
          aria-label="Why it was closed"
          placeholder="Closed without being merged? Say why"
          value={reason}
          onChange={(e) => setReason(e.target.value)}
        />
        <Button
          type="submit"
          blocked={blocked ?? (reason.trim() === '' && 'Write the reason first: it stays in the log.')}
          busy={close.isPending}
        >
          It was closed
        </Button>
      </div>
      <ProblemNote error={close.error} />
    </form>
  );
}
