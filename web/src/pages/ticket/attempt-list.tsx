/** The attempts as a timeline: who, how long, at what cost, and how it ended. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Attempt, Ticket } from '../../../../src/contract/shapes.ts';
import { attemptsQuery } from '../../api/queries.ts';
import { AttemptFacts, AttemptOutcome } from '../../parts/attempt-facts.tsx';
import { cx } from '../../ui/cx.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { SafeText } from '../../ui/safe-text.tsx';

export function AttemptList({ ticket }: { ticket: Ticket }) {
  const query = useQuery(attemptsQuery(ticket.key));
  return (
    <Section title="Attempts" count={query.data?.items.length}>
      <Loaded query={query} lines={2}>
        {({ items }) => (
          <ol className="card divide-line divide-y">
            {[...items]
              .sort((a, b) => b.number - a.number)
              .map((attempt) => (
                <li key={attempt.id} className="px-3.5 py-3">
                  <div className="mb-1.5 flex flex-wrap items-center gap-2">
                    <Link
                      to="/attempts/$id"
                      params={{ id: attempt.id }}
                      className="tap inline-flex items-center text-sm font-medium hover:underline"
                    >
                      Attempt {attempt.number}
                    </Link>
                    <AttemptOutcome attempt={attempt} />
                    <Timeline attempt={attempt} all={items} />
                  </div>
                  {attempt.summary && <SafeText text={attempt.summary} className="mb-1.5 text-sm" />}
                  <AttemptFacts attempt={attempt} />
                </li>
              ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}

const ms = (at: string | null): number => (at ? new Date(at).getTime() : Date.now());

/** Where this attempt lies in the time of all of them; the facts beside it say the same in numbers. */
function Timeline({ attempt, all }: { attempt: Attempt; all: Attempt[] }) {
  const from = Math.min(...all.map((a) => ms(a.offeredAt)));
  const to = Math.max(...all.map((a) => ms(a.endedAt)));
  const span = Math.max(1, to - from);
  const left = ((ms(attempt.offeredAt) - from) / span) * 100;
  const width = ((ms(attempt.endedAt) - ms(attempt.offeredAt)) / span) * 100;
  return (
    <span
      aria-hidden
      className="bg-hover relative ml-auto h-1.5 w-40 overflow-hidden rounded-full max-sm:w-24"
    >
      <span
        className={cx(
          'absolute inset-y-0 min-w-1 rounded-full',
          attempt.outcome === 'submitted' ? 'bg-green' : attempt.state === 'ended' ? 'bg-red' : 'bg-accent',
        )}
        style={{ left: `${Math.min(98, left)}%`, width: `${Math.max(2, Math.min(100 - left, width))}%` }}
      />
    </span>
  );
}
