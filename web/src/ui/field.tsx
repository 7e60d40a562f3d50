/** A labelled control, with its hint and its error tied to it. */
import { useId, type ReactNode } from 'react';
import { cx } from './cx.ts';

export interface FieldControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export function Field({
  label,
  hint,
  error,
  optional,
  className,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  optional?: boolean;
  className?: string;
  children: (control: FieldControl) => ReactNode;
}) {
  const id = useId();
  const describes = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={cx('min-w-0', className)}>
      <label htmlFor={id} className="text-muted mb-1 flex items-baseline gap-1.5 text-xs font-medium">
        {label}
        {optional && <span className="text-faint font-normal">optional</span>}
      </label>
      {children({ id, 'aria-describedby': describes || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-faint mt-1 text-xs">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-red mt-1 text-xs">
          {error}
        </p>
      )}
    </div>
  );
}
