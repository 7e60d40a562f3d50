/** How a profile fares: what of its work was accepted, how long it takes, what it costs, and how much of it runs now. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Profile } from '../../../../src/contract/shapes.ts';
import { statisticsQuery, ticketsQuery } from '../../api/queries.ts';
import { duration } from '../../format/time.ts';

const DAYS = 30;
const usd = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export function ProfileFigures({ profile }: { profile: Profile }) {
  const figures = useQuery(statisticsQuery(DAYS)).data?.profiles.find((each) => each.profile === profile.id);
  const running = useQuery(ticketsQuery({ status: 'in_progress' }, 200)).data?.items.filter(
    (ticket) => ticket.attempt?.profile === profile.id,
  ).length;
  const judged = figures ? figures.accepted + figures.failed : 0;
  return (
    <dl className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-xs">
      <Fact name="Now">
        {running ?? '?'}
        {profile.maxWorkers === null ? ' at work, no limit' : ` of ${profile.maxWorkers} at work`}
      </Fact>
      {figures && (
        <>
          <Fact name="Accepted">
            {judged === 0 ? (
              'nothing decided yet'
            ) : (
              <>
                {Math.round((figures.accepted / judged) * 100)} % ({figures.accepted} of {judged})
                <span
                  aria-hidden
                  className="bg-red-soft ml-1.5 inline-flex h-1.5 w-16 overflow-hidden rounded-full"
                >
                  <span className="bg-green" style={{ width: `${(figures.accepted / judged) * 100}%` }} />
                </span>
              </>
            )}
          </Fact>
          {figures.undecided > 0 && <Fact name="In review">{figures.undecided}</Fact>}
          {figures.medianSeconds !== null && (
            <Fact name="Median time">{duration(figures.medianSeconds * 1_000)}</Fact>
          )}
          {(figures.usd > 0 || figures.tokens > 0) && (
            <Fact name="Cost">
              {figures.usd > 0 &&
                `${usd.format(figures.usd)}, ${usd.format(figures.usd / figures.attempts)} an attempt`}
              {figures.usd === 0 && `${compact.format(figures.tokens)} tokens`}
            </Fact>
          )}
          <Fact name={`Attempts in ${DAYS} days`}>{figures.attempts}</Fact>
        </>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex items-center gap-1.5">
      <dt className="text-faint">{name}</dt>
      <dd className="num inline-flex items-center">{children}</dd>
    </div>
  );
}
