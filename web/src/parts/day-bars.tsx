/** One bar a day: small, honest (from zero, the highest named), and readable without seeing it. */
import { cx } from '../ui/cx.ts';

export interface DayBar {
  day: string;
  value: number;
  /** What it says on hover, and to who cannot see it. */
  text: string;
  /** The part of it that is not of the main kind. */
  second?: number;
}

const short = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' });
export const dayName = (day: string): string => short.format(new Date(`${day}T00:00:00Z`));

export function DayBars({
  label,
  bars,
  limit,
  limitText,
  tone = 'bg-accent',
}: {
  label: string;
  bars: DayBar[];
  /** A line across: a budget. */
  limit?: number;
  limitText?: string;
  tone?: string;
}) {
  const highest = Math.max(0, ...bars.map((bar) => bar.value + (bar.second ?? 0)));
  // A budget far above all of it would press the bars flat: it is drawn only where it says something.
  const isNear = limit !== undefined && limit > 0 && limit <= highest * 4;
  const top = Math.max(highest, isNear ? limit : 0) || 1;
  const [first] = bars;
  const last = bars.at(-1);
  return (
    <figure className="min-w-0">
      <div
        role="img"
        aria-label={`${label}. ${bars
          .filter((bar) => bar.value + (bar.second ?? 0) > 0)
          .map((bar) => `${dayName(bar.day)}: ${bar.text}`)
          .join('; ')}`}
        className="border-line relative flex h-16 items-end gap-0.5 border-b"
      >
        {bars.map((bar) => (
          <span
            key={bar.day}
            title={`${dayName(bar.day)}: ${bar.text}`}
            className="hover:bg-hover flex h-full min-w-0 flex-1 flex-col justify-end"
          >
            {(bar.second ?? 0) > 0 && (
              <span
                className="bg-faint/60 rounded-t-xs"
                style={{ height: `${((bar.second ?? 0) / top) * 100}%` }}
              />
            )}
            {bar.value > 0 && (
              <span
                className={cx('min-h-0.5', tone, (bar.second ?? 0) === 0 && 'rounded-t-xs')}
                style={{ height: `${(bar.value / top) * 100}%` }}
              />
            )}
          </span>
        ))}
        {isNear && (
          <span
            className="border-amber absolute inset-x-0 border-t border-dashed"
            style={{ bottom: `${(limit / top) * 100}%` }}
            title={limitText}
          />
        )}
      </div>
      <figcaption className="text-faint num mt-1 flex justify-between text-2xs" aria-hidden>
        <span>{first && dayName(first.day)}</span>
        <span>{last && dayName(last.day)}</span>
      </figcaption>
    </figure>
  );
}
