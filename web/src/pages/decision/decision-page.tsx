/** One item of the inbox, or one alert, and nothing else: where a notification leads, to be decided with one more tap. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import type { Alert, InboxItem } from '../../../../src/contract/shapes.ts';
import { api } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { INBOX_WORDS } from '../../format/words.ts';
import { AlertCard } from '../../parts/alert-card.tsx';
import { DecisionCard } from '../../parts/decision-card.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';
import { useParam } from '../../router/place-context.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { PageBody, PageHead } from '../../ui/page.tsx';

const itemQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.allInbox, 'one', id],
    queryFn: ({ signal }) => api.get<InboxItem>(`/inbox/${encodeURIComponent(id)}`, { signal }),
  });
const alertQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.alerts, id],
    queryFn: ({ signal }) => api.get<Alert>(`/alerts/${encodeURIComponent(id)}`, { signal }),
  });

export function DecisionPage() {
  const id = useParam('id');
  const query = useQuery(itemQuery(id));
  const { data } = query;
  return (
    <>
      <PageHead
        title={data ? (data.ticket ?? INBOX_WORDS[data.kind]) : 'Decision'}
        crumbs={[{ label: 'Inbox', to: '/inbox' }]}
      />
      <PageBody narrow>
        <h1 className="sr-only">{data ? `${INBOX_WORDS[data.kind]} ${data.ticket ?? ''}` : 'Decision'}</h1>
        <Loaded query={query} lines={3}>
          {(item) =>
            item.state === 'acted' ? (
              <Decided item={item} />
            ) : (
              <section aria-labelledby="to-decide">
                <h2 id="to-decide" className="sr-only">
                  To decide
                </h2>
                <DecisionCard item={item} />
              </section>
            )
          }
        </Loaded>
      </PageBody>
    </>
  );
}

function Decided({ item }: { item: InboxItem }) {
  const { result } = item;
  return (
    <article className="card p-4" aria-label="Decided">
      <p className="flex items-center gap-2 text-sm font-medium">
        <CircleCheck size={16} aria-hidden className="text-green" />
        {result?.decision === 'withdrawn'
          ? 'This needs no decision any more.'
          : `${revealHidden(result?.by ?? 'Somebody')} has decided this: ${result?.decision.replaceAll('_', ' ')}.`}
      </p>
      <p className="text-muted mt-1 text-sm break-words">{revealHidden(item.subject)}</p>
      {result?.reason && <p className="mt-1 text-sm break-words">{revealHidden(result.reason)}</p>}
      <div className="mt-3 flex flex-wrap gap-2">
        {item.ticket && (
          <Link to={ticketPath(item.ticket)} className={buttonClass()}>
            Open {item.ticket}
          </Link>
        )}
        <Link to="/inbox" className={buttonClass()}>
          What else waits
        </Link>
      </div>
    </article>
  );
}

export function AlertPage() {
  const id = useParam('id');
  const query = useQuery(alertQuery(id));
  return (
    <>
      <PageHead title="Alert" crumbs={[{ label: 'Alerts', to: '/alerts' }]} />
      <PageBody narrow>
        <h1 className="sr-only">Alert</h1>
        <Loaded query={query} lines={3}>
          {(alert) => <AlertCard alert={alert} />}
        </Loaded>
      </PageBody>
    </>
  );
}
