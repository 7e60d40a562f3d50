/** How Mission Control is, in one line; and how this page hears of it. */
import { CircleAlert, CloudOff, LoaderCircle, Radio } from 'lucide-react';
import { useConnection } from '../api/hooks.ts';
import type { ConnectionState } from '../api/connection.ts';
import type { Overview } from '../api/types.ts';
import { cx } from '../ui/cx.ts';

export interface Health {
  ok: boolean;
  text: string;
}

/** The worst thing first; where something cannot be known, that is what it says. */
export function health(overview: Overview): Health {
  const { workers, runners, dispatcher } = overview;
  const slots = `${workers.active ?? '?'}/${workers.max} workers`;
  if (workers.active === null) return { ok: false, text: 'Worker count unknown: nothing starts' };
  if (dispatcher.state === 'unknown') return { ok: false, text: `No dispatcher · ${slots}` };
  if (runners.ready === 0)
    return { ok: false, text: runners.silent > 0 ? `All ${runners.silent} runners silent` : 'No runner yet' };
  if (runners.silent > 0) return { ok: false, text: `${runners.silent} runner silent · ${slots}` };
  if (overview.paused) return { ok: true, text: `Paused · ${slots}` };
  return { ok: true, text: `${slots} · ${runners.ready} runner${runners.ready === 1 ? '' : 's'}` };
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

export function HealthLine({ overview }: { overview: Overview }) {
  const { ok, text } = health(overview);
  return (
    <span
      className={cx(
        'num inline-flex items-center gap-1.5 text-xs',
        ok ? 'text-muted' : 'text-amber font-medium',
      )}
    >
      {!ok && <CircleAlert size={13} aria-hidden />}
      {text}
    </span>
  );
}
