/** An alert: what the operator saw, how often, and the one thing a person can do: say that they know. */
import { useMutation } from '@tanstack/react-query';
import { BellRing, Info, OctagonAlert, TriangleAlert } from 'lucide-react';
import type { Alert } from '../../../src/contract/shapes.ts';
import type { AlertSeverity } from '../../../src/domain/words.ts';
import { api, newKey } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { queryClient } from '../api/query-client.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { SEVERITY_WORDS } from '../format/words.ts';
import { ticketPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';
import { useBlocked } from '../shell/session-context.ts';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { showProblem } from '../ui/problem.tsx';
import { Ago } from '../ui/time.tsx';

const LOOK: Record<AlertSeverity, { tone: BadgeTone; icon: typeof BellRing }> = {
  info: { tone: 'neutral', icon: Info },
  warning: { tone: 'amber', icon: TriangleAlert },
  critical: { tone: 'red', icon: OctagonAlert },
};

export function AlertCard({ alert }: { alert: Alert }) {
  const blocked = useBlocked();
  const { tone, icon: Icon } = LOOK[alert.severity];
  const acknowledge = useMutation({
    mutationFn: () =>
      api.post(`/alerts/${encodeURIComponent(alert.id)}/acknowledge`, {}, { idempotencyKey: newKey() }),
    onSuccess: () => {
      for (const queryKey of [keys.alerts, keys.overview, keys.allInbox])
        void queryClient.invalidateQueries({ queryKey });
    },
    onError: showProblem,
  });
  return (
    <article className="card p-3.5" data-row aria-label={`Alert: ${alert.rule}`}>
      <header className="text-muted flex flex-wrap items-center gap-2 text-xs">
        <Badge tone={tone} icon={<Icon size={12} aria-hidden />}>
          {SEVERITY_WORDS[alert.severity]}
        </Badge>
        <span className="font-mono">{alert.rule}</span>
        {/^[A-Z][A-Z0-9]*-\d+$/.test(alert.subject) ? (
          <Link
            to={ticketPath(alert.subject)}
            className="tap hover:text-text inline-flex items-center underline underline-offset-2"
          >
            {alert.subject}
          </Link>
        ) : (
          <span>{revealHidden(alert.subject)}</span>
        )}
        <span className="ml-auto">
          seen <Ago at={alert.lastSeen} />
        </span>
      </header>
      <p className="mt-1.5 text-sm">{revealHidden(alert.detail)}</p>
      <footer className="text-faint mt-2 flex flex-wrap items-center gap-x-3 text-xs">
        <span className="num">
          {alert.occurrences === 1 ? (
            'the first time'
          ) : (
            <>
              {alert.occurrences}× since <Ago at={alert.firstSeen} />
            </>
          )}
        </span>
        {alert.recurrences > 0 && <span className="num">came back {alert.recurrences}×</span>}
        <span className="ml-auto">
          {alert.state === 'open' ? (
            <Button
              size="small"
              blocked={blocked}
              busy={acknowledge.isPending}
              onClick={() => acknowledge.mutate()}
            >
              Acknowledge
            </Button>
          ) : (
            <span className="text-muted capitalize">{alert.state}</span>
          )}
        </span>
      </footer>
    </article>
  );
}
