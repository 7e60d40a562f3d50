/**
 * Lets those in who are signed in, and starts what lives as long as the app is open: the live stream and the outbox.
 * Without a network, who was signed in last sees what this device kept.
 */
import { useQuery } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { toast } from '../ui/toast.ts';
import { applyFrame, markAllStale, markStaleBefore } from '../api/apply-frame.ts';
import { ApiProblem, Unreachable } from '../api/client.ts';
import { connection } from '../api/connection.ts';
import { useConnection } from '../api/hooks.ts';
import { keys } from '../api/keys.ts';
import { type LiveHandlers, startLive } from '../api/live.ts';
import { outbox } from '../api/outbox.ts';
import { sessionQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { navigate } from '../router/history.ts';
import { Shell } from './shell.tsx';
import type { Session } from '../api/types.ts';

/** Where the log ended when this visit began, and when that was; null while only an earlier visit has read it. */
function positionOfVisit(): { seq: number; at: number } | null {
  const state = queryClient.getQueryState<Session>(keys.session);
  if (state?.data?.seq === undefined || !isOfNow(state)) return null;
  return { seq: state.data.seq, at: state.dataUpdatedAt };
}
const isOfNow = ({ dataUpdatedAt }: { dataUpdatedAt: number }): boolean =>
  dataUpdatedAt >= performance.timeOrigin;

function useLive(signedIn: boolean): void {
  useEffect(() => {
    if (!signedIn) return;
    outbox.onSent((entry) => {
      void queryClient.invalidateQueries({ queryKey: keys.ticket(entry.ticket) });
      void queryClient.invalidateQueries({ queryKey: keys.allInbox });
    });
    void outbox.load();
    const begin = positionOfVisit();
    const handlers: LiveHandlers = {
      onFrame: applyFrame,
      onOpen: (isFirst) => {
        // What was restored from this device, or read before the stream's beginning, may have missed an event; and what
        // failed while offline has no event to wake it.
        if (isFirst && begin) markStaleBefore(begin.at);
        else markAllStale();
        void outbox.flush().then(() => {
          const stuck = outbox.entries.filter((e) => e.state === 'conflict' || e.state === 'refused').length;
          if (stuck > 0)
            toast.warning(
              stuck === 1
                ? 'Something you wrote offline needs a look'
                : `${stuck} things you wrote offline need a look`,
              {
                id: 'outbox-stuck',
                description: 'It is kept in the outbox.',
              },
            );
        });
      },
    };
    return startLive(handlers, begin?.seq ?? null);
  }, [signedIn]);
}

export function Gate({ children }: { children: ReactNode }) {
  const { state } = useConnection();
  const session = useQuery({
    ...sessionQuery,
    refetchOnMount: ({ state: read }) => (isOfNow(read) ? false : 'always'),
  });
  const refused =
    (session.error instanceof ApiProblem && session.error.status === 401) || state === 'signed_out';
  const cannotTell = session.error instanceof Unreachable && session.data === undefined;
  useLive(session.data !== undefined && !refused);

  useEffect(() => {
    if (!refused) return;
    queryClient.removeQueries({ queryKey: keys.session });
    connection.set('connecting');
    navigate({ to: '/sign-in', search: { to: location.pathname + location.search }, replace: true });
  }, [refused]);
  useEffect(() => {
    if (!cannotTell) return;
    const timer = setInterval(() => void session.refetch(), 3_000);
    return () => clearInterval(timer);
  });

  if (session.data !== undefined) return <Shell session={session.data}>{children}</Shell>;
  return (
    <main className="text-muted grid min-h-dvh place-items-center p-6 text-center text-sm">
      {cannotTell ? (
        <div role="status">
          <h1 className="text-text text-base font-semibold">Mission Control does not answer</h1>
          <p>Nobody has signed in on this device yet, so nothing is kept here. Trying again …</p>
        </div>
      ) : session.error && !refused ? (
        <div role="alert">
          <h1 className="text-text text-base font-semibold">The session could not be read</h1>
          <p>{session.error.message}</p>
        </div>
      ) : (
        <span className="sr-only" role="status">
          Opening Mission Control
        </span>
      )}
    </main>
  );
}
