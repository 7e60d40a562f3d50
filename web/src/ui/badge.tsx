/** A short fact in a pill. Its words say what it is; the colour only repeats it. */
import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export type BadgeTone = 'neutral' | 'accent' | 'amber' | 'green' | 'violet' | 'red';

const TONES: Record<BadgeTone, string> = {
  neutral: 'bg-hover text-muted',
  accent: 'bg-accent-soft text-accent',
  amber: 'bg-amber-soft text-amber',
  green: 'bg-green-soft text-green',
  violet: 'bg-violet-soft text-violet',
  red: 'bg-red-soft text-red',
};

export function Badge({
  tone = 'neutral',
  icon,
  title,
  children,
  className,
}: {
  tone?: BadgeTone;
  icon?: ReactNode;
  title?: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    <span
      title={title}
      className={cx(
        'inline-flex min-h-5 max-w-full items-center gap-1 rounded px-1.5 text-2xs font-medium',
        TONES[tone],
        className,
      )}
    >
      {icon}
      <span className="truncate">{children}</span>
    </span>
  );
}
