/** A labelled line or block of text: what most of every form consists of. */
import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx.ts';
import { Field } from './field.tsx';

type Shared = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'className' | 'id'> & { rows?: number };

export function TextField({
  label,
  hint,
  error,
  optional,
  area,
  look,
  value,
  onChange,
  rows,
  ...rest
}: Shared & {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  optional?: boolean;
  /** Several lines. */
  area?: boolean;
  /** Of the text: `num`, `font-mono`. */
  look?: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(control) =>
        area ? (
          <textarea
            {...(rest as ComponentProps<'textarea'>)}
            {...control}
            rows={rows}
            className={cx('control', look)}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <input
            {...rest}
            {...control}
            className={cx('control', look)}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}
