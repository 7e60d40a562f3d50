/**
 * Buttons. One that cannot be used says why: `blocked` keeps it focusable, so that the reason can be read with a
 * keyboard too, where `disabled` would take it away from everybody.
 */
import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx.ts';
import { toast } from './toast.ts';

type Tone = 'plain' | 'primary' | 'danger' | 'ghost';

const TONES: Record<Tone, string> = {
  plain: 'border-line-strong bg-surface text-text hover:bg-hover shadow-card border',
  primary: 'bg-accent-fill text-on-accent hover:brightness-110 border border-transparent shadow-card',
  danger: 'border-line-strong bg-surface text-red hover:bg-red-soft border',
  ghost: 'text-muted hover:bg-hover hover:text-text border border-transparent',
};

export interface ButtonProps extends ComponentProps<'button'> {
  tone?: Tone;
  size?: 'small' | 'normal';
  /** Why it cannot be used now. */
  blocked?: string | null | false;
  busy?: boolean;
  icon?: ReactNode;
}

export const buttonClass = (tone: Tone = 'plain', size: 'small' | 'normal' = 'normal'): string =>
  cx(
    'tap inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-[background-color,filter] duration-100',
    size === 'small' ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
    TONES[tone],
  );

export function Button({
  tone,
  size,
  blocked,
  busy,
  icon,
  children,
  className,
  onClick,
  ...rest
}: ButtonProps) {
  const off = Boolean(blocked) || busy === true;
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={off || undefined}
      aria-busy={busy === true || undefined}
      title={blocked || rest.title}
      onClick={(event) => {
        if (!off) return onClick?.(event);
        event.preventDefault();
        // A finger cannot hover: the reason is said where it is asked for.
        if (blocked) toast(blocked, { id: 'blocked' });
      }}
      className={cx(
        buttonClass(tone, size),
        off && 'cursor-not-allowed opacity-55',
        'disabled:opacity-55',
        className,
      )}
    >
      {icon}
      {children}
    </button>
  );
}

export function IconButton({
  label,
  children,
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'aria-label'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        'tap text-muted hover:bg-hover hover:text-text inline-flex size-8 shrink-0 items-center justify-center rounded-md',
        className,
      )}
    >
      {children}
    </button>
  );
}
