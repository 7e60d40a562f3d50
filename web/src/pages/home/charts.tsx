/** What was finished in the last days, how long it took, what it cost against the budget. */
import type { ReactNode } from 'react';
import type { Statistics } from '../../../../src/contract/figures.ts';
import { duration } from '../../format/time.ts';
import { DayBars } from '../../parts/day-bars.tsx';

const usd = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export function Charts({ figures }: { figures: Statistics }) {
  const { days, cycle, today } = figures;
  const done = days.reduce((sum, day) => sum + day.done, 0);
  const cancelled = days.reduce((sum, day) => sum + day.cancelled, 0);
  const spent = days.reduce((sum, day) => sum + day.usd, 0);
  const tokens = days.reduce((sum, day) => sum + day.tokens, 0);
  const byDollar = spent > 0 || tokens === 0;
  const budget = byDollar ? today.budget?.usd : today.budget?.tokens;
  const used = byDollar ? today.spent.usd : today.spent.tokens;
  const money = (value: number): string => (byDollar ? usd.format(value) : `${compact.format(value)} tokens`);
  return (
    <div className="card grid gap-x-6 gap-y-4 p-3.5 sm:grid-cols-2">
      <Figure
        name="Finished"
        value={String(done)}
        note={cancelled > 0 ? `and ${cancelled} cancelled (grey)` : undefined}
      >
        <DayBars
          label="Finished by day"
          tone="bg-green"
          bars={days.map((day) => ({
            day: day.day,
            value: day.done,
            second: day.cancelled,
            text: `${day.done} done${day.cancelled > 0 ? `, ${day.cancelled} cancelled` : ''}`,
          }))}
        />
      </Figure>
      <Figure
        name="Spent"
        value={money(byDollar ? spent : tokens)}
        note={
          budget === undefined
            ? 'no budget for the day'
            : `today ${money(used)} of ${money(budget)} (the day in UTC)`
        }
      >
        <DayBars
          label="Spent by day"
          limit={budget}
          limitText={budget === undefined ? undefined : `The day’s budget: ${money(budget)}`}
          bars={days.map((day) => {
            const value = byDollar ? day.usd : day.tokens;
            return { day: day.day, value, text: money(value) };
          })}
        />
      </Figure>
      <p className="text-muted text-sm sm:col-span-2">
        {cycle.medianSeconds === null ? (
          'No ticket that an agent worked on was finished in this time.'
        ) : cycle.count === 1 ? (
          <>
            The one that an agent worked on took{' '}
            <span className="num text-text font-medium">{duration(cycle.medianSeconds * 1_000)}</span> from
            its first claim to done.
          </>
        ) : (
          <>
            From the first claim to done half of {cycle.count} took at most{' '}
            <span className="num text-text font-medium">{duration(cycle.medianSeconds * 1_000)}</span>
            {cycle.count >= 10 && cycle.slowestTenthSeconds !== null && (
              <>
                , nine of ten at most{' '}
                <span className="num text-text font-medium">
                  {duration(cycle.slowestTenthSeconds * 1_000)}
                </span>
              </>
            )}
            .
          </>
        )}
        {figures.truncated && ` Of the ${figures.tickets} tickets that changed last; there are more.`}
      </p>
    </div>
  );
}

function Figure({
  name,
  value,
  note,
  children,
}: {
  name: string;
  value: string;
  note?: string;
  children: ReactNode;
}) {
  return (
    <div className="min-w-0">
      <p className="mb-1.5 flex items-baseline gap-x-2">
        <span className="text-muted text-xs font-medium">{name}</span>
        <span className="num text-base font-semibold">{value}</span>
      </p>
      {children}
      {note && <p className="text-faint mt-1 text-xs">{note}</p>}
    </div>
  );
}
