/** One attempt: what it was, how it ended, what it cost, and all that it said. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { attemptQuery, ticketQuery } from '../../api/queries.ts';
import { AttemptFacts, AttemptOutcome } from '../../parts/attempt-facts.tsx';
import { Loaded, Skeleton } from '../../ui/loaded.tsx';
import { PageHead } from '../../ui/page.tsx';
import { SafeText } from '../../ui/safe-text.tsx';
import { useParam } from '../../router/place-context.ts';

const AttemptOutput = lazy(() => import('../../output/attempt-output.tsx'));

export function AttemptPage() {
  const id = useParam('id');
  const query = useQuery(attemptQuery(id));
  const attempt = query.data;
  const ticket = useQuery({ ...ticketQuery(attempt?.ticket ?? ''), enabled: attempt !== undefined }).data;
  return (
    <>
      <PageHead
        title={attempt ? `Attempt ${attempt.number}` : 'Attempt'}
        crumbs={[
          { label: 'Board', to: '/board' },
          ...(attempt ? [{ label: attempt.ticket, to: `/tickets/${attempt.ticket}` }] : []),
        ]}
      />
      <div className="flex min-h-0 w-full flex-1 flex-col gap-3 px-4 py-4 sm:px-6">
        <Loaded query={query}>
          {(data) => (
            <>
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <h1 className="text-lg font-semibold">
                  Attempt {data.number} at {data.ticket}
                </h1>
                <AttemptOutcome attempt={data} evidence={ticket?.evidence ?? []} />
              </div>
              <AttemptFacts attempt={data} />
              {data.summary && <SafeText text={data.summary} className="text-muted max-w-prose text-sm" />}
              <Suspense fallback={<Skeleton lines={6} />}>
                <AttemptOutput
                  attempt={id}
                  name={`${data.ticket}-attempt-${data.number}`}
                  className="min-h-96 flex-1"
                  isLinkable
                />
              </Suspense>
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}
