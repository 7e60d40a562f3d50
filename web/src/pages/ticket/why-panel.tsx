/** Why isn't this running? The reason as the dispatcher decided it, what it means, and how it went before. */
import { useQuery } from '@tanstack/react-query';
import type { Skip, Ticket } from '../../../../src/contract/shapes.ts';
import { whyQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { inZone } from '../../format/time.ts';
import { SKIP_MEANS } from '../../format/meanings.ts';
import { actorWords } from '../../format/words.ts';
import { Badge } from '../../ui/badge.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';

export function WhyPanel({ ticket }: { ticket: Ticket }) {
  const why = useQuery(whyQuery(ticket.key)).data;
  const current = ticket.whyNotRunning;
  const history = (why?.history ?? []).filter(
    (skip) => !current || skip.at !== current.at || skip.code !== current.code,
  );
  const isRunning = ticket.runtime === 'running' || ticket.runtime === 'starting';
  if (isRunning && history.length === 0) return null;
  return (
    <Section title={isRunning ? 'What kept it before' : 'Why isn’t this running?'}>
      <div className="card p-3.5">
        {current ? (
          <Reason skip={current} />
        ) : (
          <p className="text-sm">
            {inZone(ticket.nextAction.text)}
            {ticket.nextAction.actor && (
              <span className="text-muted"> · it is the turn of {actorWords(ticket.nextAction.actor)}</span>
            )}
          </p>
        )}
        {history.length > 0 && (
          <details className="mt-2.5">
            <summary className="text-muted tap flex items-center text-xs">
              {history.length} earlier reason{history.length === 1 ? '' : 's'}
            </summary>
            <ol className="mt-2 space-y-2">
              {history.map((skip) => (
                <li key={`${skip.at}${skip.code}`} className="text-muted flex flex-wrap gap-x-2 text-xs">
                  <span className="font-mono">{skip.code}</span>
                  <span className="min-w-0 flex-1">{revealHidden(inZone(skip.detail))}</span>
                  <Ago at={skip.at} />
                </li>
              ))}
            </ol>
          </details>
        )}
      </div>
    </Section>
  );
}

function Reason({ skip }: { skip: Skip }) {
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <Badge tone="amber" className="font-mono">
          {skip.code}
        </Badge>
        <span className="font-medium">{revealHidden(inZone(skip.detail))}</span>
        <Ago at={skip.at} className="text-faint text-xs" />
      </p>
      <p className="text-muted mt-1.5 text-sm">{SKIP_MEANS[skip.code]}</p>
    </>
  );
}
