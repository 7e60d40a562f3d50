/** Orchestrators that are agents: what waits for each, and how its last run went. */
import { useQuery } from '@tanstack/react-query';
import { orchestratorsQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { Badge } from '../../ui/badge.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';

/** Nothing where there is none: a person decides, and the page Inbox is theirs. */
export function OrchestratorList() {
  const items = useQuery(orchestratorsQuery).data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Section title="Orchestrators">
      <ul className="card divide-line divide-y">
        {items.map((each) => (
          <li key={each.profile} data-row className="px-3.5 py-2.5 text-sm">
            <p className="flex items-center gap-2 font-medium">
              <span className="font-mono">{revealHidden(each.profile)}</span>
              <Badge tone={each.state === 'running' ? 'accent' : 'neutral'}>{each.state}</Badge>
              <span className="num text-muted font-normal">
                {each.waiting === 1 ? '1 decision waits' : `${each.waiting} decisions wait`}
              </span>
            </p>
            {each.whyNotRunning && (
              <p className="text-amber mt-0.5 text-xs">
                Not woken: {revealHidden(each.whyNotRunning.detail)} People can decide in its place.
              </p>
            )}
            <p className="text-muted mt-0.5 text-xs">
              {each.lastRun ? (
                <>
                  Last <Ago at={each.lastRun.at} />: {revealHidden(each.lastRun.detail)}
                </>
              ) : (
                'Not woken yet: an empty inbox costs nothing.'
              )}
              {each.cost.inputTokens + each.cost.outputTokens > 0 && (
                <span className="num">
                  {' '}
                  · {each.cost.usd.toFixed(2)} USD in all
                  {each.cost.metered === false && ', as it says itself'}
                </span>
              )}
            </p>
          </li>
        ))}
      </ul>
    </Section>
  );
}
