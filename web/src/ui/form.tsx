/** A form that `Ctrl/⌘ Enter` sends from any of its fields. */
import type { ComponentProps } from 'react';
import { cx } from './cx.ts';

export function Form({
  onSend,
  className,
  ...rest
}: Omit<ComponentProps<'form'>, 'onSubmit' | 'onKeyDown'> & { onSend: () => void }) {
  return (
    <form
      {...rest}
      className={cx('space-y-4', className)}
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
      }}
    />
  );
}
