/** A moment: how long ago, with the exact time in the person's zone on hover. Counted on the shared clock. */
import { useNow } from '../api/hooks.ts';
import { duration, exactTime, relativeTime, shortAge } from '../format/time.ts';

export function Ago({ at, className }: { at: string | number; className?: string }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)} className={className}>
      {relativeTime(at, now)}
    </time>
  );
}

/** The short form for dense rows: `5d`. */
export function Age({ since, className }: { since: string; className?: string }) {
  const now = useNow();
  return (
    <time dateTime={since} title={`Since ${exactTime(since)}`} className={className}>
      {shortAge(Math.max(0, (now - new Date(since).getTime()) / 1_000))}
    </time>
  );
}

export function Elapsed({ since, until }: { since: string; until?: string | null }) {
  const now = useNow(until ? 3_600_000 : 1_000);
  const end = until ? new Date(until).getTime() : now;
  return <span className="num whitespace-nowrap">{duration(end - new Date(since).getTime())}</span>;
}
