/** Everything that a person was told, the newest first: what is still open stands out, what is settled says by whom. */
import { useQuery } from '@tanstack/react-query';
import { BellOff, CheckCheck, Settings } from 'lucide-react';
import { useState } from 'react';
import type { Notification } from '../../../../src/contract/notify-shapes.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { InstallHint } from '../../notifications/install-hint.tsx';
import { markRead, notificationsQuery } from '../../notifications/queries.ts';
import { KIND_WORDS } from '../../notifications/words.ts';
import { ExportView } from '../../parts/export-view.tsx';
import { Link } from '../../router/link.tsx';
import { Badge, type BadgeTone } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead } from '../../ui/page.tsx';
import { showProblem } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';

const TONES: Partial<Record<Notification['kind'], BadgeTone>> = {
  question: 'amber',
  review: 'violet',
  conflict: 'amber',
  escalated: 'amber',
  overdue: 'amber',
  exhausted: 'amber',
  alert_critical: 'red',
  alert_warning: 'amber',
  done: 'green',
};

export function NotificationsPage() {
  const query = useQuery(notificationsQuery);
  const [onlyOpen, setOnlyOpen] = useState(false);
  const unread = query.data?.unread ?? 0;
  return (
    <>
      <PageHead
        title="Notifications"
        actions={
          <Link to="/settings" hash="notifications" className={buttonClass('plain', 'small')}>
            <Settings size={14} aria-hidden /> Settings
          </Link>
        }
      />
      <PageBody narrow>
        <InstallHint />
        <div className="mb-3 flex flex-wrap items-center gap-2">
          <label className="text-muted tap flex items-center gap-2 text-sm">
            <input type="checkbox" checked={onlyOpen} onChange={(e) => setOnlyOpen(e.target.checked)} />
            Unread only
          </label>
          <div className="ml-auto flex flex-wrap gap-2">
            <Button
              size="small"
              icon={<CheckCheck size={14} aria-hidden />}
              blocked={unread === 0 && 'Everything is read.'}
              onClick={() => void markRead({ all: true }).catch(showProblem)}
            >
              Mark all as read
            </Button>
            <ExportView view="notifications" />
          </div>
        </div>
        <Loaded query={query} lines={5}>
          {({ items }) => {
            const shown = onlyOpen ? items.filter((n) => !n.read && n.settled === null) : items;
            return shown.length === 0 ? (
              <Empty
                title={onlyOpen ? 'Nothing unread' : 'Nothing yet'}
                icon={<BellOff size={22} aria-hidden />}
              >
                Questions, reviews, conflicts and alerts that concern you appear here, and stay for a month.
              </Empty>
            ) : (
              <ul className="card divide-line divide-y">
                {shown.map((n) => (
                  <Row key={n.id} notification={n} />
                ))}
              </ul>
            );
          }}
        </Loaded>
      </PageBody>
    </>
  );
}

function Row({ notification: n }: { notification: Notification }) {
  const isOpen = !n.read && n.settled === null;
  return (
    <li className="relative px-3.5 py-2.5" data-row>
      <div className="text-muted flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
        {isOpen && (
          <span className="bg-accent-fill size-2 shrink-0 rounded-full">
            <span className="sr-only">Unread</span>
          </span>
        )}
        <Badge tone={n.settled === null ? TONES[n.kind] : 'neutral'}>{KIND_WORDS[n.kind].name}</Badge>
        {n.settled && (
          <span>
            {n.settled.how.replaceAll('_', ' ')} by {revealHidden(n.settled.by)}
          </span>
        )}
        <span className="ml-auto">
          <Ago at={n.at} />
        </span>
      </div>
      <Link
        to={n.path}
        onClick={() => void markRead({ ids: [n.id] }).catch(() => undefined)}
        className={cx(
          'mt-0.5 block text-sm after:absolute after:inset-0 hover:underline',
          isOpen ? 'text-text font-semibold' : 'text-muted',
        )}
      >
        {revealHidden(n.title)}
      </Link>
      {n.text !== '' && <p className="text-muted line-clamp-2 text-sm break-words">{revealHidden(n.text)}</p>}
    </li>
  );
}
