/** One list of decisions, the oldest deadline first; each can be decided where it stands. */
import { useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import type { InboxItem } from '../../../../src/contract/shapes.ts';
import { decidedQuery, inboxQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { INBOX_WORDS } from '../../format/words.ts';
import { DecisionCard } from '../../parts/decision-card.tsx';
import { ExportView } from '../../parts/export-view.tsx';
import { mostPressingFirst } from '../../parts/most-pressing-first.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

export function InboxPage() {
  const open = useQuery(inboxQuery('pending,delivered'));
  const decided = useQuery(decidedQuery).data?.items ?? [];
  return (
    <>
      <PageHead title="Inbox" actions={<ExportView view="inbox" />} />
      <PageBody narrow>
        <Loaded query={open} lines={5}>
          {({ items, nextCursor }) => {
            const sorted = mostPressingFirst(items);
            const persons = sorted.filter((i) => i.for === 'person');
            const orchestrators = sorted.filter((i) => i.for === 'orchestrator');
            return (
              <div className="space-y-7">
                {persons.length === 0 ? (
                  <Empty title="Nothing to decide" icon={<CircleCheck size={22} aria-hidden />}>
                    Questions of agents, submitted work and conflicts come here, and stay until somebody has
                    acted.
                  </Empty>
                ) : (
                  <Section title="For you" count={persons.length}>
                    <div className="space-y-3">
                      {persons.map((item) => (
                        <DecisionCard key={item.id} item={item} />
                      ))}
                    </div>
                  </Section>
                )}
                {orchestrators.length > 0 && (
                  <Section title="For the orchestrator" count={orchestrators.length}>
                    <p className="text-muted mb-2 text-sm">You may decide any of these first.</p>
                    <div className="space-y-3">
                      {orchestrators.map((item) => (
                        <DecisionCard key={item.id} item={item} />
                      ))}
                    </div>
                  </Section>
                )}
                {nextCursor !== null && (
                  <p className="text-muted text-sm">
                    These are the {items.length} that have waited longest. More come here as you decide.
                  </p>
                )}
              </div>
            );
          }}
        </Loaded>
        {decided.length > 0 && (
          <Section title="Decided" className="mt-8">
            <ul className="card divide-line divide-y" aria-label="Decided">
              {decided.map((item) => (
                <Decided key={item.id} item={item} />
              ))}
            </ul>
          </Section>
        )}
      </PageBody>
    </>
  );
}

function Decided({ item }: { item: InboxItem }) {
  return (
    <li data-row className="px-3.5 py-2 text-sm">
      <p className="flex items-baseline gap-2">
        <span className="min-w-0 flex-1">
          {item.ticket ? (
            <Link to={ticketPath(item.ticket)} className="hover:underline">
              <span className="num text-faint">{item.ticket}</span> {revealHidden(item.subject)}
            </Link>
          ) : (
            revealHidden(item.subject)
          )}
        </span>
        <span className="text-faint shrink-0 text-xs">
          asked <Ago at={item.createdAt} />
        </span>
      </p>
      {item.result && (
        <p className="text-muted mt-0.5 line-clamp-2 text-xs">
          {INBOX_WORDS[item.kind]}: {item.result.decision.replaceAll('_', ' ')} by{' '}
          {revealHidden(item.result.by)}
          {item.result.reason !== '' && ` · ${revealHidden(item.result.reason)}`}
        </p>
      )}
    </li>
  );
}
