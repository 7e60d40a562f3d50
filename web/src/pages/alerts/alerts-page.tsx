/** What the operator saw: open, acknowledged, resolved. It changes nothing by itself; people and the cause do. */
import { useQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import type { Alert } from '../../../../src/contract/shapes.ts';
import type { AlertState } from '../../../../src/domain/words.ts';
import { resolvedAlertsQuery, standingAlertsQuery } from '../../api/queries.ts';
import { AlertCard } from '../../parts/alert-card.tsx';
import { worstFirst } from '../../parts/worst-first.ts';
import { ExportView } from '../../parts/export-view.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';

const TITLES: Record<AlertState, string> = {
  open: 'Open',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
};

/** Of each state; the worst come first. */
const MOST_SHOWN = 100;

function Alerts({ state, alerts, more }: { state: AlertState; alerts: readonly Alert[]; more?: boolean }) {
  const found = worstFirst(alerts.filter((alert) => alert.state === state));
  if (found.length === 0) return null;
  const shown = found.slice(0, MOST_SHOWN);
  return (
    <Section title={TITLES[state]} count={found.length}>
      <div className="space-y-3">
        {shown.map((alert) => (
          <AlertCard key={alert.id} alert={alert} />
        ))}
      </div>
      {(more || found.length > shown.length) && (
        <p className="text-muted mt-3 text-sm">
          {state === 'resolved' ? 'Older ones' : `${found.length - shown.length} more, none of them worse,`}{' '}
          are in the file of this view.
        </p>
      )}
    </Section>
  );
}

export function AlertsPage() {
  const standing = useQuery(standingAlertsQuery);
  const resolved = useQuery(resolvedAlertsQuery);
  return (
    <>
      <PageHead title="Alerts" actions={<ExportView view="alerts" />} />
      <PageBody narrow>
        <Loaded query={standing} lines={4}>
          {({ items }) => (
            <Loaded query={resolved} lines={4}>
              {(over) =>
                items.length + over.items.length === 0 ? (
                  <Empty title="No alerts" icon={<ShieldCheck size={22} aria-hidden />}>
                    The operator watches runners, queues, disks and evidence, and has seen nothing wrong.
                  </Empty>
                ) : (
                  <div className="space-y-7">
                    <Alerts state="open" alerts={items} />
                    <Alerts state="acknowledged" alerts={items} />
                    <Alerts state="resolved" alerts={over.items} more={over.nextCursor !== null} />
                  </div>
                )
              }
            </Loaded>
          )}
        </Loaded>
      </PageBody>
    </>
  );
}
