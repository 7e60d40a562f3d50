/** The attempts as a timeline: who, how long, at what cost, and how it ended. */
import { useQuery } from '@tanstack/react-query';
import type { Attempt, Evidence, Ticket } from '../../../../src/contract/shapes.ts';
import { useNow } from '../../api/hooks.ts';
import { attemptsQuery } from '../../api/queries.ts';
import { AttemptBar, TimeAxis } from '../../parts/attempt-bars.tsx';
import { AttemptFacts, AttemptOutcome } from '../../parts/attempt-facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { SafeText } from '../../ui/safe-text.tsx';
import { attemptPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

export function AttemptList({ ticket }: { ticket: Ticket }) {
  const query = useQuery(attemptsQuery(ticket.key));
  return (
    <Section title="Attempts" count={query.data?.items.length}>
      <Loaded query={query} lines={2}>
        {({ items }) => (
          <>
            {items.length > 1 && <Picture attempts={items} evidence={ticket.evidence} />}
            <ol className="card divide-line divide-y">
              {[...items]
                .sort((a, b) => b.number - a.number)
                .map((attempt) => (
                  <li key={attempt.id} className="px-3.5 py-3">
                    <div className="mb-1.5 flex flex-wrap items-center gap-2">
                      <Link
                        to={attemptPath(attempt.id)}
                        className="tap inline-flex items-center text-sm font-medium hover:underline"
                      >
                        Attempt {attempt.number}
                      </Link>
                      <AttemptOutcome attempt={attempt} evidence={ticket.evidence} />
                    </div>
                    {attempt.summary && <SafeText text={attempt.summary} className="mb-1.5 text-sm" />}
                    <AttemptFacts attempt={attempt} />
                  </li>
                ))}
            </ol>
          </>
        )}
      </Loaded>
    </Section>
  );
}

/** All attempts on one axis, each a bar that leads to it; the list below says the same in words. */
function Picture({ attempts, evidence }: { attempts: Attempt[]; evidence: Evidence[] }) {
  const isOver = attempts.every((attempt) => attempt.endedAt !== null);
  const now = useNow(isOver ? 3_600_000 : 5_000);
  const begins = Math.min(...attempts.map((attempt) => Date.parse(attempt.offeredAt)));
  const ends = Math.max(...attempts.map((attempt) => (attempt.endedAt ? Date.parse(attempt.endedAt) : now)));
  const margin = Math.max(1_000, (ends - begins) * 0.03);
  const scale = { from: begins - margin, to: ends + margin };
  return (
    <div className="card mb-3 px-3.5 pt-2 pb-1" data-timeline>
      <TimeAxis scale={scale} most={innerWidth < 640 ? 3 : 6} />
      <div className="relative h-9">
        <span aria-hidden className="bg-line absolute inset-x-0 top-1/2 h-px" />
        {attempts.map((attempt) => (
          <AttemptBar key={attempt.id} attempt={attempt} evidence={evidence} scale={scale} now={now} />
        ))}
      </div>
    </div>
  );
}
