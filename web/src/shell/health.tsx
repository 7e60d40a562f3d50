/** How Mission Control is, in one line; and how this page hears of it. */
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CloudOff, LoaderCircle, Radio } from 'lucide-react';
import { useConnection } from '../api/hooks.ts';
import { overviewQuery } from '../api/queries.ts';
import type { ConnectionState } from '../api/connection.ts';
import type { Overview } from '../api/types.ts';
import { cx } from '../ui/cx.ts';

const BROKEN = 'text-red font-medium';
const WRONG = 'text-amber font-medium';

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** The dispatcher ticks every few seconds also when there is nothing to do, or as rarely as an installation wants it. */
const STANDSTILL_MS = 300_000;

/** The worst thing first, and how it looks; where something cannot be known, that is what it says. */
export function health(overview: Overview): [text: string, look?: string] {
  const { workers, runners, dispatcher, paused, openAlerts } = overview;
  const slots = `${workers.active ?? '?'}/${workers.max} workers`;
  const tick = dispatcher.lastTick?.at;
  if (workers.active === null) return ['Worker count unknown: nothing starts', BROKEN];
  if (dispatcher.state === 'unknown') return ['No dispatcher: nothing starts', BROKEN];
  if (tick && Date.parse(overview.at) - Date.parse(tick) > STANDSTILL_MS)
    return ['Dispatcher stands still: nothing starts', BROKEN];
  if (runners.ready === 0)
    return runners.silent > 0
      ? [runners.silent === 1 ? 'The runner is silent' : `All ${runners.silent} runners silent`, BROKEN]
      : ['No runner yet', WRONG];
  if (runners.silent > 0) return [`${count(runners.silent, 'runner')} silent · ${slots}`, WRONG];
  if (paused) return [`Paused · ${slots}`, WRONG];
  if (openAlerts > 0) return [`${count(openAlerts, 'open alert')} · ${slots}`, WRONG];
  return [`${slots} · ${count(runners.ready, 'runner')}`];
}

const WORDS: Record<ConnectionState, string> = {
  live: 'Live',
  connecting: 'Connecting',
  offline: 'Offline',
  signed_out: 'Signed out',
};

export function ConnectionMark({ className }: { className?: string }) {
  const { state } = useConnection();
  const Icon =
    state === 'live' ? Radio : state === 'offline' || state === 'signed_out' ? CloudOff : LoaderCircle;
  return (
    <span
      className={cx('inline-flex items-center gap-1.5 text-xs', className)}
      title={state === 'live' ? 'Changes appear here as they happen' : undefined}
    >
      <Icon
        size={13}
        aria-hidden
        className={cx(
          state === 'live' && 'text-green',
          state === 'connecting' && 'animate-turn',
          state === 'offline' && 'text-amber',
        )}
      />
      {WORDS[state]}
    </span>
  );
}

export function HealthLine() {
  const { data, isError } = useQuery(overviewQuery);
  if (!data) return null;
  // What was well a while ago says nothing of now.
  const [text, look] = isError ? ['Health unknown', WRONG] : health(data);
  return (
    <span data-health className={cx('num inline-flex items-center gap-1.5 text-xs', look ?? 'text-muted')}>
      {look && <CircleAlert size={13} aria-hidden />}
      {text}
    </span>
  );
}
