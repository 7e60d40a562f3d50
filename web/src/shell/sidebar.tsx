/** Navigation: a sidebar on a desk, a bar under the thumb on a phone. */
import { Ellipsis, Pause, Play, Plus, Search } from 'lucide-react';
import type { Overview, Session } from '../api/types.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { BellSpot } from './bell-spot.tsx';
import { openDialog } from './dialogs.ts';
import { ConnectionMark, HealthLine } from './health.tsx';
import { PLACES, type Place } from './navigation.ts';
import { ThemeSwitch } from './theme-switch.tsx';
import { NavLink } from '../router/link.tsx';

const LINK =
  'tap text-muted hover:bg-hover hover:text-text flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium';

function Count({ place, overview }: { place: Place; overview: Overview | undefined }) {
  const count = overview && place.count ? place.count(overview) : 0;
  if (count === 0) return null;
  return (
    <span className="num bg-hover text-text ml-auto rounded px-1.5 text-2xs font-semibold">
      {count > 99 ? '99+' : count}
      <span className="sr-only"> {place.counts}</span>
    </span>
  );
}

export function Mark({ size = 22 }: { size?: number }) {
  return <img src="/icon.svg" alt="" width={size} height={size} className="rounded-md" />;
}

export function Sidebar({ overview, session }: { overview: Overview | undefined; session: Session }) {
  return (
    <aside
      className="border-line bg-sunken sticky top-0 hidden h-dvh w-56 shrink-0 flex-col border-r md:flex"
      aria-label="Sidebar"
    >
      <div className="flex h-12 items-center gap-2 px-3.5">
        <Mark />
        <span className="text-sm font-semibold tracking-tight">Mission Control</span>
        <span className="ml-auto">
          <BellSpot />
        </span>
      </div>
      <div className="flex gap-1.5 px-2.5 pb-2.5">
        <Button
          className="flex-1 justify-start"
          icon={<Plus size={15} aria-hidden />}
          onClick={() => openDialog({ name: 'new-ticket' })}
          title="New ticket (C)"
        >
          New ticket
        </Button>
        <IconButton
          label="Search and commands (Ctrl K)"
          className="border-line-strong bg-surface shadow-card border"
          onClick={() => openDialog({ name: 'palette', query: '' })}
        >
          <Search size={15} aria-hidden />
        </IconButton>
      </div>
      <nav aria-label="Main" className="min-h-0 flex-1 overflow-y-auto px-2.5">
        <ul className="space-y-0.5">
          {PLACES.map((place) => (
            <li key={place.to}>
              <NavLink to={place.to} activeClassName="bg-hover text-text!" className={LINK}>
                <place.icon size={16} aria-hidden />
                {place.label}
                <Count place={place} overview={overview} />
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <div className="border-line space-y-2 border-t px-3.5 py-3">
        <div className="flex items-center justify-between">
          <ConnectionMark className="text-muted" />
          <div className="flex items-center gap-0.5">
            <PauseButton paused={overview?.paused != null} />
            <ThemeSwitch />
          </div>
        </div>
        <HealthLine />
        <p className="text-faint truncate text-xs">
          {session.name} · {session.role}
        </p>
      </div>
    </aside>
  );
}

export function PauseButton({ paused }: { paused: boolean }) {
  return (
    <IconButton
      label={paused ? 'Resume work …' : 'Pause all work …'}
      onClick={() => openDialog({ name: 'pause' })}
    >
      {paused ? <Play size={15} aria-hidden /> : <Pause size={15} aria-hidden />}
    </IconButton>
  );
}

const BAR =
  'text-muted flex h-15 min-w-11 flex-1 flex-col items-center justify-center gap-0.5 text-2xs font-medium relative';

export function BottomBar({ overview }: { overview: Overview | undefined }) {
  const alerts = overview?.openAlerts ?? 0;
  return (
    <nav
      aria-label="Main"
      className="border-line bg-sunken flex shrink-0 border-t pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {PLACES.filter((p) => p.to === '/' || p.to === '/board').map((place) => (
        <NavLink key={place.to} to={place.to} activeClassName="text-accent!" className={BAR}>
          <place.icon size={20} aria-hidden />
          {place.label}
        </NavLink>
      ))}
      <button
        type="button"
        className={BAR}
        onClick={() => openDialog({ name: 'new-ticket' })}
        aria-label="New ticket"
      >
        <span className="bg-accent-fill text-on-accent grid size-9 place-items-center rounded-full">
          <Plus size={20} aria-hidden />
        </span>
      </button>
      {PLACES.filter((p) => p.to === '/inbox').map((place) => {
        const count = overview && place.count ? place.count(overview) : 0;
        return (
          <NavLink key={place.to} to={place.to} activeClassName="text-accent!" className={BAR}>
            <place.icon size={20} aria-hidden />
            {place.label}
            {count > 0 && (
              <span className="num bg-accent-fill text-on-accent absolute top-1.5 left-1/2 ml-2 min-w-4 rounded-full px-1 text-center text-2xs font-semibold">
                {count > 99 ? '99+' : count}
                <span className="sr-only"> {place.counts}</span>
              </span>
            )}
          </NavLink>
        );
      })}
      <button
        type="button"
        className={BAR}
        aria-haspopup="dialog"
        onClick={() => openDialog({ name: 'more' })}
      >
        <Ellipsis size={20} aria-hidden />
        More
        {alerts > 0 && (
          <span className="bg-amber absolute top-2.5 left-1/2 ml-3 size-2 rounded-full">
            <span className="sr-only">{alerts} open alerts</span>
          </span>
        )}
      </button>
    </nav>
  );
}
