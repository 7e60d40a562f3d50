/** Attempts as bars over time, and the axis above them. A bar's pattern says how it ended; its words say it again. */
import type { Attempt, Evidence } from '../../../src/contract/shapes.ts';
import { duration } from '../format/time.ts';
import { OUTCOME_WORDS } from '../format/words.ts';
import { cx } from '../ui/cx.ts';
import { isRefuted } from './is-refuted.ts';
import { type Scale, ticksOf } from './time-ticks.ts';
import { attemptPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';

/** Percent from the left; outside of the picture it is at its edge. */
export const place = (at: number, { from, to }: Scale): number =>
  Math.min(100, Math.max(0, ((at - from) / Math.max(1, to - from)) * 100));

const STRIPES =
  'bg-[repeating-linear-gradient(135deg,transparent_0_3px,color-mix(in_oklch,var(--surface)_55%,transparent)_3px_6px)]';

function look(attempt: Attempt, evidence: readonly Evidence[]): { word: string; className: string } {
  switch (attempt.state) {
    case 'offered':
      return { word: 'starting', className: 'bg-accent/50' };
    case 'running':
      return { word: 'running', className: 'bg-accent' };
    case 'stopping':
      return { word: 'stopping', className: 'bg-amber' };
    case 'parked':
      return { word: 'parked', className: 'border-amber border-2 bg-amber-soft' };
    case 'ended': {
      const outcome = attempt.outcome ?? 'stopped';
      if (isRefuted(attempt, evidence))
        return { word: 'submitted, but refuted', className: `bg-red ${STRIPES}` };
      if (outcome === 'submitted') return { word: 'submitted', className: 'bg-green' };
      if (outcome === 'failed' || outcome === 'lost' || outcome === 'timed_out')
        return { word: OUTCOME_WORDS[outcome].toLowerCase(), className: `bg-red ${STRIPES}` };
      return { word: OUTCOME_WORDS[outcome].toLowerCase(), className: `bg-faint ${STRIPES}` };
    }
  }
}

export function AttemptBar({
  attempt,
  evidence,
  scale,
  now,
}: {
  attempt: Attempt;
  /** The ticket's. */
  evidence: readonly Evidence[];
  scale: Scale;
  now: number;
}) {
  const begin = Date.parse(attempt.startedAt ?? attempt.offeredAt);
  const end = attempt.endedAt ? Date.parse(attempt.endedAt) : now;
  if (end < scale.from || begin > scale.to) return null;
  const { word, className } = look(attempt, evidence);
  const left = place(begin, scale);
  const who = attempt.profile ?? 'a person';
  const text = `Attempt ${attempt.number} by ${who}: ${word}, ${duration(end - begin)}`;
  return (
    <Link
      to={attemptPath(attempt.id)}
      title={text}
      aria-label={`${attempt.ticket}, ${text}`}
      className={cx('absolute inset-y-1.5 z-1 min-w-1.5 rounded-sm hover:brightness-110', className)}
      style={{ left: `min(${left}%, 100% - 6px)`, width: `${place(end, scale) - left}%` }}
    />
  );
}

/** A label stands under its line, but within the picture. */
const aside = (left: number): string =>
  left < 10 ? '' : left > 90 ? '-translate-x-full' : '-translate-x-1/2';

export function TimeAxis({ scale, most = 8 }: { scale: Scale; most?: number }) {
  return (
    <div className="text-faint num relative h-5 text-2xs" aria-hidden>
      {ticksOf(scale, most).map(({ at, label }) => {
        const left = place(at, scale);
        return (
          <span
            key={at}
            className={cx('absolute whitespace-nowrap', aside(left))}
            style={{ left: `${left}%` }}
          >
            {label}
          </span>
        );
      })}
    </div>
  );
}

export function Legend() {
  return (
    <ul className="text-muted flex flex-wrap gap-x-3 gap-y-1 text-xs" aria-label="What the bars mean">
      {[
        ['bg-accent', 'running'],
        ['border-amber border-2 bg-amber-soft', 'parked'],
        ['bg-green', 'submitted'],
        [`bg-red ${STRIPES}`, 'failed or refuted'],
        [`bg-faint ${STRIPES}`, 'withdrawn'],
      ].map(([className, word]) => (
        <li key={word} className="flex items-center gap-1.5">
          <span aria-hidden className={cx('h-2.5 w-4 rounded-sm', className)} />
          {word}
        </li>
      ))}
    </ul>
  );
}
