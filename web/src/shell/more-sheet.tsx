/** On a phone: every place that has no room in the bar, and what the sidebar has on a desk. */
import { Pause, Play, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useQuery } from '@tanstack/react-query';
import { overviewQuery } from '../api/queries.ts';
import { Dialog } from '../ui/dialog.tsx';
import { openDialog } from './dialogs.ts';
import { HealthLine } from './health.tsx';
import { PLACES } from './navigation.ts';
import { useMe } from './session-context.ts';
import { ThemeSwitch } from './theme-switch.tsx';
import { navigate } from '../router/history.ts';

const IN_BAR = new Set<string>(['/', '/board', '/inbox']);

export default function MoreSheet({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const overview = useQuery(overviewQuery).data;
  return (
    <Dialog title="More" onClose={onClose}>
      <ul className="grid grid-cols-2 gap-1.5">
        {PLACES.filter((place) => !IN_BAR.has(place.to)).map((place) => (
          <Choice
            key={place.to}
            icon={<place.icon size={18} aria-hidden />}
            hint={
              place.to === '/alerts' && overview && overview.openAlerts > 0
                ? `${overview.openAlerts} open`
                : undefined
            }
            onClick={() => {
              onClose();
              navigate({ to: place.to });
            }}
          >
            {place.label}
          </Choice>
        ))}
        <Choice
          icon={<Search size={18} aria-hidden />}
          onClick={() => openDialog({ name: 'palette', query: '' })}
        >
          Search
        </Choice>
        <Choice
          icon={overview?.paused ? <Play size={18} aria-hidden /> : <Pause size={18} aria-hidden />}
          onClick={() => openDialog({ name: 'pause' })}
        >
          {overview?.paused ? 'Resume …' : 'Pause …'}
        </Choice>
      </ul>
      <div className="text-muted mt-4 flex items-center justify-between text-sm">
        <span className="min-w-0">
          <HealthLine />
          <span className="text-faint block text-xs">
            {me.name} · {me.role}
          </span>
        </span>
        <ThemeSwitch />
      </div>
    </Dialog>
  );
}

function Choice({
  icon,
  hint,
  onClick,
  children,
}: {
  icon: ReactNode;
  hint?: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <li>
      <button
        type="button"
        onClick={onClick}
        className="hover:bg-hover border-line flex min-h-12 w-full items-center gap-2.5 rounded-lg border px-3 text-left text-base"
      >
        <span className="text-muted">{icon}</span>
        <span className="flex-1">{children}</span>
        {hint && <span className="text-amber text-xs">{hint}</span>}
      </button>
    </li>
  );
}
