/** What the operator saw: open, acknowledged, resolved. It changes nothing by itself; people and the cause do. */
import { useQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import type { AlertState } from '../../../../src/domain/words.ts';
import { alertsQuery } from '../../api/queries.ts';
import { AlertCard } from '../../parts/alert-card.tsx';
import { ExportView } from '../../parts/export-view.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';

const TITLES: Record<AlertState, string> = {
  open: 'Open',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
};
const RANK = { critical: 0, warning: 1, info: 2 } as const;

export function AlertsPage() {
  const query = useQuery(alertsQuery);
  return (
    <>
      <PageHead title="Alerts" actions={<ExportView view="alerts" />} />
      <PageBody narrow>
        <Loaded query={query} lines={4}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No alerts" icon={<ShieldCheck size={22} aria-hidden />}>
                The operator watches runners, queues, disks and evidence, and has seen nothing wrong.
              </Empty>
            ) : (
              <div className="space-y-7">
                {(['open', 'acknowledged', 'resolved'] as const).map((state) => {
                  const shown = items
                    .filter((a) => a.state === state)
                    .sort(
                      (a, b) => RANK[a.severity] - RANK[b.severity] || b.lastSeen.localeCompare(a.lastSeen),
                    );
                  if (shown.length === 0) return null;
                  return (
                    <Section key={state} title={TITLES[state]} count={shown.length}>
                      <div className="space-y-3">
                        {shown.map((alert) => (
                          <AlertCard key={alert.id} alert={alert} />
                        ))}
                      </div>
                    </Section>
                  );
                })}
              </div>
            )
          }
        </Loaded>
      </PageBody>
    </>
  );
}
